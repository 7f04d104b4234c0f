// Package hold lets pulls wait that find nothing (long polling).
//
// A held pull waits in the list of its queue. The appender of a message looks at that list only, and only when
// anything is held at all; a pull whose filter does not match goes on waiting. It also stands in a wheel of slots by
// the time at which it has to be looked at: when it times out, or after RecheckEvery, because its queue may have
// grown by messages that did not match and the client wants the new offset. Idle pulls cost nothing in between. Java:
// PullRequestHoldService.
package hold
