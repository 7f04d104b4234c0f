package bench

import (
	"net"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
)

// serve starts a server that handles every request with h, inline, and returns its address.
func serve(t testing.TB, h remoting.Handler) string {
	t.Helper()
	table, err := remoting.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	table.Fallback = h
	return remotingtest.ServeTable(t, table, remoting.Options{EventLoops: 1})
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// freePort returns a port such that it and the next three are free.
func freePort(t testing.TB) int { return testutil.FreePort(t, 1, 2, 3) }

// sendLoad is a load of plain messages to addr.
func sendLoad(t testing.TB, addr string, loop loopFlags, m messageFlags, quota int64) *load {
	t.Helper()
	if m.batch == 0 {
		m.batch = 1
	}
	m.codec, m.uniqueKey = "json", true
	e := &env{common: &common{threads: 1, timeout: 5 * time.Second}}
	l, err := m.load(e, []target{{name: addr, addr: addr, queues: []queueRange{{id: 0}, {id: 1}}}}, "T", &loop, quota)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func ok(ctx *remoting.Context) { ctx.OK(nil) }
