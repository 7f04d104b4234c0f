package transport

import "time"

// Options are the limits of an Engine. All have to be given but for those that say what 0 means.
type Options struct {
	Loops          int           // event loops
	ReadBuffer     int           // bytes that a loop reads at once; 0: gnet's own
	MaxFrame       int           // bytes, without the length word
	MaxOutbound    int           // bytes that may wait for one peer to read them; beyond, its connection is closed
	MaxWaiting     int64         // bytes that may wait on all connections together, see Budget
	MaxConnections int           // open ones; more are closed at once. Dialled ones do not count against it
	IdleTimeout    time.Duration // a connection without traffic for so long is closed
	FrameTimeout   time.Duration // a frame has to be whole in this time and a second more for each 64 KiB

	// Barrier makes what answers say true up to the highest number that Conn.Barrier was called with. It runs on the
	// event loop before the answers of a turn leave; after an error they are dropped and their connections closed.
	Barrier func(n int64) error
	// Acks knows when answers may leave that wait for more than that, see Conn.EndAck; nil when there are none.
	Acks    Acks
	TLS     *TLS    // nil: plain connections only
	Network Network // nil: the kernel's
	// New makes a connection and who takes what comes in on it. On an event loop.
	New    func() (*Conn, Receiver)
	Events Events
}

// Events are optional callbacks that belong to no connection. They must not block.
type Events struct {
	// TooMany: a connection was closed because there are open ones already. Any goroutine.
	TooMany func(peer string, open int)
	// AcceptFailed: accept failed, as it does without descriptors; it is tried again after a pause. Any goroutine.
	AcceptFailed func(err error)
	// Failed: an event loop has ended, which nobody asked for; its connections are gone, new ones may hang. Once; any
	// goroutine.
	Failed func(err error)
}
