// Package remoting carries the protocol of package wire: an event-loop server and client, the dispatch table, workers,
// answers. gnet's types never leave it.
//
// # Who may call what
//
// A handler declared Inline runs on the event loop of its connection and must not block; everything it reads from the
// Request (byte slices, the body) lies in the socket's buffer and dies when it returns. A Pooled handler runs on a
// worker with a copy of the frame. Replier values may be kept and used from any goroutine, once.
package remoting
