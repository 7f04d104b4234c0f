package ha

import (
	"net"
	"syscall"

	"gorocket/store/commitlog"
)

// output writes to the socket of a slave. It holds no bytes of the log: what the socket does not take waits in the
// file. The sender's goroutine only.
type output struct {
	raw   syscall.RawConn       // of the kernel's socket, nil: there is none, or it goes by sock
	sock  net.Conn              // else
	both  []byte                // head and block for it, to be written at once
	write func(fd uintptr) bool // output.try, made once; with raw

	rest []byte // of the head
	mem  []byte // of the block, in the mapping of its file; nil when it goes by sendfile
	file int    // descriptor for sendfile
	at   int64  // position in it
	left int    // bytes of the block, not counting mem
	err  error  // of the last try
}

// sendfileLeast is the smallest block that goes by sendfile, in bytes: a small one costs less as a copy, with its head
// in one system call.
const sendfileLeast = 16 << 10

// noFile is what vfs.File.Fd returns for a file without a descriptor.
const noFile = ^uintptr(0)

func (o *output) init(sock net.Conn) error {
	o.sock = sock
	if c, ok := sock.(syscall.Conn); ok {
		return o.direct(c)
	}
	return nil
}

// only sends a head without a block.
func (o *output) only(head []byte) error {
	o.begin(head)
	return o.flush()
}

// block sends [at, at+n) of a leased file behind its head.
func (o *output) block(head []byte, seg *commitlog.Segment, at int64, n int) error {
	o.begin(head)
	p := at - seg.Base
	if fd := seg.File().Fd(); n >= sendfileLeast && fd != noFile && o.raw != nil {
		o.file, o.at, o.left = int(fd), p, n
	} else {
		o.mem = seg.Data[p : p+int64(n)]
	}
	err := o.flush()
	o.mem = nil
	return err
}

func (o *output) begin(head []byte) { o.rest, o.mem, o.left = head, nil, 0 }

// flush writes all of it; it waits as long as the peer does not read.
func (o *output) flush() error {
	if o.raw == nil {
		o.both = append(append(o.both[:0], o.rest...), o.mem...)
		_, err := o.sock.Write(o.both)
		return err
	}
	o.err = nil
	if err := o.raw.Write(o.write); err != nil {
		return err
	}
	return o.err
}
