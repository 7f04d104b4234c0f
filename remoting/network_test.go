package remoting

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"gorocket/remoting/wire"
)

// plain is a Network of the kernel's connections, without what the engine knows of them.
type plain struct{ dialled atomic.Int64 }

// wrapped hides what a connection is.
type wrapped struct{ net.Conn }

type wrapping struct{ net.Listener }

func (l wrapping) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrapped{c}, nil
}

func (p *plain) Listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	return wrapping{l}, err
}

func (p *plain) Dial(ctx context.Context, addr string) (net.Conn, error) {
	p.dialled.Add(1)
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return wrapped{c}, nil
}

// TestNetwork: server and client work over another network than the kernel's, with frames of any size in both
// directions, requests that wait for workers, peers that close, and one that is not there; nothing of it is left.
func TestNetwork(t *testing.T) {
	n := &plain{}
	echo := func(ctx *Context) { ctx.OK(bytes.Clone(ctx.Req.Body)) }
	table, err := NewTable(Entry{Code: 1, Mode: Inline, Handle: echo}, Entry{Code: 2, Mode: Pooled, Handle: echo},
		Entry{Code: 3, Mode: Inline, Handle: func(ctx *Context) { ctx.Conn().Close() }})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(table, Options{Network: n, EventLoops: 2}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	none, _ := NewTable()
	c, err := NewClient(none, Options{Network: n})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	addr := s.Addrs()[0]
	for _, size := range []int{0, 10, 5000, 300_000, 3 << 20} {
		for _, code := range []int32{1, 2} {
			body := bytes.Repeat([]byte{byte(size), 7}, size/2)
			resp, err := Call(ctx, c, addr, code, wire.None, new(wire.NoHeader), body)
			if err != nil || !bytes.Equal(resp.Body, body) {
				t.Fatalf("code %d with %d bytes: %v", code, size, err)
			}
		}
	}
	if got := n.dialled.Load(); got != 1 {
		t.Errorf("dialled %d times", got)
	}
	if _, err := Call(ctx, c, addr, 3, wire.None, new(wire.NoHeader), nil); !errors.Is(err, ErrConnClosed) {
		t.Errorf("of a server that closes: %v", err)
	}
	if _, err := Call(ctx, c, addr, 1, wire.None, new(wire.NoHeader), []byte("again")); err != nil {
		t.Errorf("on the next connection: %v", err)
	}
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
	if _, err := Call(ctx, c, addr, 1, wire.None, new(wire.NoHeader), nil); err == nil {
		t.Error("an answer of a server that has stopped")
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
}
