// Package transport carries frames over connections: event loops, accepting, dialling, write coalescing, flow control
// and the budget of what may wait. It knows where a frame ends and nothing of what is in it. gnet's types never leave
// it.
//
// # Who may call what
//
// A Receiver is called on the event loop of its connection and must not block; a frame lies in the socket's buffer and
// dies when Receiver.Frame returns. Conn.Begin and Conn.End append a frame to what waits for the peer, from any
// goroutine; the loop writes it. What a method of Conn says nothing about is for any goroutine.
//
// What gnet does not do, and is done here: its listeners end the whole engine at the first error of accept
// (acceptor.go); it cannot stop reading from a connection (gnet.go asks the loop's epoll descriptor), has no sendfile
// (sendfile.go), and bounds no buffer (flow.go, budget.go); nobody is told when a loop ends (guard.go).
package transport
