package transport

import "net/netip"

// socket is what a connection needs of the network. Wake and Close may be called from any goroutine, all others on the
// connection's event loop only.
type socket interface {
	// Write sends p; what the kernel does not take is kept and sent later. After an error the connection is lost.
	Write(p []byte) (int, error)
	// SendFile sends files straight from the page cache and returns how many bytes the kernel took: none while
	// something is buffered. Errors are left to the Write that follows, which meets them again.
	SendFile(files []FileRange) int
	// Buffered is how many bytes Write has kept.
	Buffered() int

	// Unread is how many bytes have come in and were not discarded.
	Unread() int
	// Peek returns the first n bytes of these, all for -1; they live until Discard.
	Peek(n int) ([]byte, error)
	// Discard drops the first n of them, all for 0.
	Discard(n int) (int, error)
	// SetReading tells whether the kernel is asked for more. false: it cannot be stopped.
	SetReading(on bool) bool

	waker
}

// waker is what other goroutines need of a socket.
type waker interface {
	// Wake has the loop look at the connection as if something had come in.
	Wake() error
	// Close ends the connection, soon; what is buffered may be lost.
	Close() error
}

// Receiver takes what comes in on one connection, on its event loop.
type Receiver interface {
	// Opened is called once, first, with our end of the connection.
	Opened(local netip.AddrPort)
	// Frame handles one whole frame. An error closes the connection.
	Frame(frame []byte) error
	// BadFrame says why the connection is being closed: what Frame said, a length that cannot be, or a frame that was
	// not finished in time.
	BadFrame(err error)
	// Overflow says that the connection is being closed because bytes wait that the peer does not read, or a frame
	// that it does not finish, while others need the memory. Any goroutine.
	Overflow(bytes int)
	// Closed is called once, last; err is nil when this process has closed the connection.
	Closed(err error)
}

// FileRange is a run of bytes of an open file.
type FileRange struct {
	Fd     int
	Offset int64 // bytes
	Len    int   // bytes
}
