package transport

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	gneterrors "github.com/panjf2000/gnet/v2/pkg/errors"

	"gorocket/compat/testutil"
)

// echoConn answers each frame with itself.
type echoConn struct {
	Conn
	seen *observed
}

// observed is what the connections of one engine were told.
type observed struct {
	local          atomic.Pointer[netip.AddrPort]
	opened, closed atomic.Int64
	bad, overflow  atomic.Int64
}

func (c *echoConn) Opened(local netip.AddrPort) {
	c.seen.local.Store(&local)
	c.seen.opened.Add(1)
}

func (c *echoConn) Frame(frame []byte) error {
	out := c.Begin()
	if out == nil {
		return nil
	}
	out.B = append(out.B, frame...)
	c.End(true)
	return nil
}

func (c *echoConn) BadFrame(error) { c.seen.bad.Add(1) }
func (c *echoConn) Overflow(int)   { c.seen.overflow.Add(1) }
func (c *echoConn) Closed(error)   { c.seen.closed.Add(1) }

// start starts an engine that echoes on addr and ends with the test.
func start(t testing.TB, events Events, addr string, change ...func(*Options)) (*Engine, *observed) {
	t.Helper()
	seen := new(observed)
	opts := Options{Loops: 1, MaxFrame: 1 << 20, MaxOutbound: 64 << 20, MaxWaiting: 48 << 20,
		MaxConnections: 10, IdleTimeout: time.Minute, FrameTimeout: 15 * time.Second, Events: events,
		New: func() (*Conn, Receiver) {
			c := &echoConn{seen: seen}
			return &c.Conn, c
		}}
	for _, fn := range change {
		fn(&opts)
	}
	e, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(addr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return e, seen
}

// exchange sends a frame and demands it back.
func exchange(t *testing.T, addr string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	frame := []byte("\x00\x00\x00\x08....body")
	if _, err := c.Write(frame); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(frame))
	if _, err := c.Read(got); err != nil || !bytes.Equal(got, frame) {
		t.Fatalf("%q, %v", got, err)
	}
}

// TestAddressFamilies: frames are echoed over IPv4, over IPv6, and over both on a port that listens on all addresses;
// a receiver is told our end without a zone and without IPv4 wrapped in IPv6.
func TestAddressFamilies(t *testing.T) {
	for _, c := range []struct {
		listen string
		dial   []string
	}{{"127.0.0.1:0", []string{"127.0.0.1"}}, {"[::1]:0", []string{"::1"}}, {":0", []string{"127.0.0.1", "::1"}}} {
		e, seen := start(t, Events{}, c.listen)
		_, port, err := net.SplitHostPort(e.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		for i, host := range c.dial {
			exchange(t, net.JoinHostPort(host, port))
			if got := seen.local.Load(); got.Addr().String() != host {
				t.Errorf("%s, %s: our end is %v", c.listen, host, got)
			}
			testutil.WaitFor(t, "closed", func() bool { return seen.closed.Load() == int64(i+1) && e.Connections() == 0 })
		}
	}
}

// TestBadFrameIsToldAndClosed: a length that cannot be ends the connection, and its receiver learns both.
func TestBadFrameIsToldAndClosed(t *testing.T) {
	e, seen := start(t, Events{}, "127.0.0.1:0")
	c, err := net.Dial("tcp", e.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte("\x00\x00\x00\x03abc")); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
	testutil.WaitFor(t, "closed", func() bool { return seen.closed.Load() == 1 })
	if seen.opened.Load() != 1 || seen.bad.Load() != 1 || seen.overflow.Load() != 0 {
		t.Errorf("told: opened %d, bad %d, overflow %d", seen.opened.Load(), seen.bad.Load(), seen.overflow.Load())
	}
}

// TestBeginAfterTheEnd: a connection that has ended takes no frame and holds no lock.
func TestBeginAfterTheEnd(t *testing.T) {
	e, seen := start(t, Events{}, "127.0.0.1:0")
	c, err := e.Dial(context.Background(), e.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	if out := c.Begin(); out == nil {
		t.Fatal("an open connection takes no frame")
	}
	c.End(false)
	c.Close()
	testutil.WaitFor(t, "closed", func() bool { return seen.closed.Load() == 2 }) // both ends are this engine's
	if c.Begin() != nil || c.Begin() != nil || !c.Closed() {
		t.Error("a closed connection takes frames")
	}
}

type runFunc func() error

func (f runFunc) Run(context.Context) error { return f() }

// TestDeadLoopIsNoticed: a loop of gnet that ends by itself makes the engine unhealthy and is reported.
func TestDeadLoopIsNoticed(t *testing.T) {
	failed := make(chan error, 2)
	e, _ := start(t, Events{Failed: func(err error) { failed <- err }}, "127.0.0.1:0")
	exchange(t, e.Addrs()[0])
	e.loops.Range(func(_, v any) bool {
		_ = v.(*Loop).execute(runFunc(func() error { return gneterrors.ErrEngineShutdown }))
		return true
	})
	select {
	case err := <-failed:
		if e.Health() == nil {
			t.Errorf("healthy after %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody noticed")
	}
}
