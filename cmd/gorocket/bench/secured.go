package bench

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// secured is the encryption of one connection: crypto/tls over a socket that blocks at first and, once it is detached,
// never. The worker's goroutine only, then.
type secured struct {
	net.Conn // until it is detached
	tls      *tls.Conn
	fd       int    // -1: not detached
	out      []byte // encrypted, and not given to the socket
}

// encrypt does the handshake; nil without cfg.
func encrypt(nc net.Conn, cfg *tls.Config, limit time.Duration) (*secured, error) {
	if cfg == nil {
		return nil, nil
	}
	s := &secured{Conn: nc, fd: -1}
	s.tls = tls.Client(s, cfg)
	if err := nc.SetDeadline(time.Now().Add(limit)); err != nil {
		return nil, err
	}
	if err := s.tls.Handshake(); err != nil {
		return nil, err
	}
	return s, nc.SetDeadline(time.Time{})
}

// again is that the socket has no more now; crypto/tls goes on with the next call.
type again struct{}

func (again) Error() string   { return "no more now" }
func (again) Timeout() bool   { return true }
func (again) Temporary() bool { return true }

// Read reads what is encrypted.
func (s *secured) Read(p []byte) (int, error) {
	if s.fd < 0 {
		return s.Conn.Read(p)
	}
	n, err := unix.Read(s.fd, p)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, again{}
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write takes what is encrypted: see out.
func (s *secured) Write(p []byte) (int, error) {
	if s.fd < 0 {
		return s.Conn.Write(p)
	}
	s.out = append(s.out, p...)
	return len(p), nil
}

// read is unix.Read of what comes, in clear.
func (s *secured) read(p []byte) (int, error) {
	n, err := s.tls.Read(p)
	switch err {
	case nil:
		return n, nil
	case again{}:
		return 0, unix.EAGAIN
	case io.EOF:
		return 0, nil
	}
	return 0, err
}

// receiveSecured reads until there is no more: what crypto/tls has taken from the socket wakes no poller.
func (c *conn) receiveSecured() error {
	for {
		n, err := c.secured.read(c.in[c.have:])
		switch {
		case err == unix.EAGAIN:
			return c.flushSecured() // answers to key updates
		case err != nil:
			return &lostError{c.addr, err}
		case n == 0:
			return &lostError{c.addr, nil}
		}
		c.have += n
		if err := c.consume(c.w.clock.now()); err != nil || c.ended {
			return err
		}
	}
}

// sendSecured encrypts b and sends it, after what waits.
func (c *conn) sendSecured(b []byte) error {
	if _, err := c.secured.tls.Write(b); err != nil {
		return &lostError{c.addr, err}
	}
	return c.flushSecured()
}

func (c *conn) flushSecured() error {
	s := c.secured
	if len(s.out) == 0 {
		return nil
	}
	defer func() { s.out = s.out[:0] }()
	if len(c.out) > 0 {
		c.out = append(c.out, s.out...)
		return nil
	}
	n, err := c.write(s.out)
	if err != nil || n == len(s.out) {
		return err
	}
	c.out = slices.Clone(s.out[n:])
	return c.w.poll.wantWrite(c.fd, c.tag, true)
}
