package remoting

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
)

// gathered writes to a connection only when send is called.
type gathered struct {
	net.Conn
	held []byte
	hold bool
}

func (c *gathered) Write(p []byte) (int, error) {
	if !c.hold {
		return c.Conn.Write(p)
	}
	c.held = append(c.held, p...)
	return len(p), nil
}

// SetWriteDeadline lets the library end its side without the test's losing its own.
func (c *gathered) SetWriteDeadline(time.Time) error { return nil }

// TestTLSFramesBeforeTheEnd: what a peer said before it said that it ends is handled, as on a plain connection: one-way
// requests in the same packet as close_notify, and in front of a record that is none.
func TestTLSFramesBeforeTheEnd(t *testing.T) {
	var handled atomic.Int32
	count := Entry{Code: 1, Handle: func(*Context) { handled.Add(1) }}
	s, addr := serving(t, Options{TLS: testTLS(t, transport.TLSPermissive)}, count)
	want := int32(0)
	for name, end := range map[string]func(*tls.Conn, *gathered){
		"close_notify": func(c *tls.Conn, _ *gathered) { _ = c.CloseWrite() },
		"garbage":      func(_ *tls.Conn, g *gathered) { g.held = append(g.held, "\x17\x03\x03\x00\x04oops"...) },
	} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		g := &gathered{Conn: nc}
		c := tls.Client(g, &tls.Config{InsecureSkipVerify: true})
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		testutil.WaitFor(t, "the connection", func() bool { return s.Connections() == 1 })
		g.hold = true
		for range 3 {
			want++
			if _, err := c.Write(requestFrame(1, 7)); err != nil {
				t.Fatal(err)
			}
		}
		end(c, g)
		if _, err := nc.Write(g.held); err != nil {
			t.Fatal(err)
		}
		testutil.WaitFor(t, "the end", func() bool { return s.Connections() == 0 })
		if got := handled.Load(); got != want {
			t.Errorf("%s: %d of %d requests were handled", name, got, want)
		}
		nc.Close()
	}
}

// TestBadFrameText: who has no encryption, or another one, has not sent a bad frame.
func TestBadFrameText(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{{&wire.FrameError{Reason: "x"}, LogBadFrame}, {io.ErrUnexpectedEOF, LogBadFrame}, {transport.ErrNoTLS, LogBadTLS},
		{transport.ErrTLSRequired, LogBadTLS}, {&transport.TLSError{What: "handshake", Err: io.ErrUnexpectedEOF}, LogBadTLS}} {
		if got := BadFrameText(c.err); got != c.want {
			t.Errorf("%v: %s", c.err, got)
		}
	}
}
