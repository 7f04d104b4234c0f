//go:build !portable

package ha

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// direct has the output write to the kernel's socket itself, blocks by sendfile.
func (o *output) direct(c syscall.Conn) (err error) {
	o.write = o.try
	o.raw, err = c.SyscallConn()
	return err
}

// try writes what the socket takes; false when the rest has to wait.
func (o *output) try(fd uintptr) (done bool) {
	for len(o.rest)+len(o.mem) > 0 {
		flags := unix.MSG_NOSIGNAL
		if o.left > 0 {
			flags |= unix.MSG_MORE
		}
		n, err := unix.SendmsgBuffers(int(fd), [][]byte{o.rest, o.mem}, nil, nil, flags)
		if done, again := o.failed(err); !again {
			return done
		}
		head := min(max(n, 0), len(o.rest))
		o.rest, o.mem = o.rest[head:], o.mem[max(n, 0)-head:]
	}
	for o.left > 0 {
		n, err := unix.Sendfile(int(fd), o.file, &o.at, o.left)
		if err == nil && n == 0 {
			err = unix.EIO // the file is shorter than the log
		}
		if done, again := o.failed(err); !again {
			return done
		}
		o.left -= max(n, 0)
	}
	return true
}

// failed looks at the error of a system call; again tells to go on.
func (o *output) failed(err error) (done, again bool) {
	switch err {
	case nil, unix.EINTR:
		return false, true
	case unix.EAGAIN:
		return false, false
	}
	o.err = err
	return true, false
}

// more tells that more bytes have come and wait in the socket.
func (f *follower) more() bool {
	sock, ok := f.raw.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sock.SyscallConn()
	if err != nil {
		return false
	}
	waiting := 0
	if raw.Control(func(fd uintptr) { waiting, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }) != nil || err != nil {
		return false
	}
	return waiting > 0
}
