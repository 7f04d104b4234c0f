package remoting

import (
	"io"
	"net"
	"testing"
	"time"
)

// TestBacklog: what a peer does not read is seen from outside, and gone when it reads.
func TestBacklog(t *testing.T) {
	conns := make(chan *Conn, 1)
	addr := startServer(t, Options{}, Entry{Code: 1, Handle: func(ctx *Context) {
		ctx.OK(make([]byte, 8<<20)) // more than the sockets of a loopback connection hold
		conns <- ctx.Conn()
	}})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	head := `{"code":1,"flag":0,"language":"JAVA","opaque":1,"serializeTypeCurrentRPC":"JSON","version":513}`
	if _, err := c.Write(append([]byte{0, 0, 0, byte(4 + len(head)), 0, 0, 0, byte(len(head))}, head...)); err != nil {
		t.Fatal(err)
	}
	conn := <-conns
	wait := func(what string, ok func(int) bool) {
		t.Helper()
		for end := time.Now().Add(5 * time.Second); !ok(conn.Backlog()); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %d bytes", what, conn.Backlog())
			}
		}
	}
	wait("nobody reads", func(n int) bool { return n > 1<<20 })
	go func() { _, _ = io.Copy(io.Discard, c) }()
	wait("somebody reads", func(n int) bool { return n == 0 })
}
