// Package service is what a broker does with messages, without the wire: Sender stores them (also a consumer's failed
// one, a reply, the mark that takes a timer message back), Puller reads them, Ender ends transactions, Query finds
// single ones. Whoever serves a protocol decodes its request into the input fields of a Send, Pull or End, calls, and
// says the outcome in its own words: the numbered handlers of broker in Java's codes and remarks.
//
// An outcome is nil, ErrWouldWait (the caller must not block and the call has to: the same again where waiting is
// allowed), or a *Refusal: a reason for programs and words for people. Nothing here knows connections, frames or
// headers. Callers keep the states that they pass, and use them again: a call allocates nothing that depends on
// messages.
package service
