package remoting

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"gorocket/remoting/wire"
)

// freeAddr returns a loopback address that nobody listens on right now.
func freeAddr(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// serving starts a server that can be looked into.
func serving(t testing.TB, opts Options, entries ...Entry) (*Server, string) {
	t.Helper()
	table, err := NewTable(entries...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(table, opts, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return s, s.Addrs()[0]
}

// startServer starts a server that ends with the test and returns its address.
func startServer(t testing.TB, opts Options, entries ...Entry) string {
	t.Helper()
	_, addr := serving(t, opts, entries...)
	return addr
}

func startClient(t testing.TB, entries ...Entry) *Client {
	table, err := NewTable(entries...)
	if err != nil {
		t.Fatal(err)
	}
	cl, err := NewClient(table, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := cl.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cl.Stop() })
	return cl
}

// echo answers with the topic and the body of the request.
func echo(ctx *Context) {
	var h wire.TopicHeader
	_ = wire.TopicRequest.Decode(ctx.Req, ctx.In, &h)
	Respond(&ctx.Replier, wire.Success, "", wire.TopicRequest, &h, Body{Bytes: ctx.Req.Body})
}

func dialRaw(t testing.TB, addr string) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// requestFrame is a request of code with n bytes of body.
func requestFrame(code int32, n int) []byte {
	w := wire.BeginHeader(nil, wire.SerializeBinary, wire.Head{Code: code, Opaque: 7})
	return append(w.Finish(n), make([]byte, n)...)
}

// answered sends a small request and waits for its answer.
func answered(t testing.TB, c net.Conn, code int32) {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write(requestFrame(code, 10)); err != nil {
		t.Fatal(err)
	}
	readFrame(t, c)
}

// readFrame reads one whole frame.
func readFrame(t testing.TB, r io.Reader) []byte {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	frame := append(head, make([]byte, binary.BigEndian.Uint32(head))...)
	if _, err := io.ReadFull(r, frame[4:]); err != nil {
		t.Fatal(err)
	}
	return frame
}
