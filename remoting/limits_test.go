package remoting

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gneterrors "github.com/panjf2000/gnet/v2/pkg/errors"
	"golang.org/x/sys/unix"

	"gorocket/remoting/wire"
)

// serving starts a server that can be looked into.
func serving(t testing.TB, opts Options, entries ...Entry) (*Server, string) {
	t.Helper()
	table, err := NewTable(entries...)
	if err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	s, err := NewServer(table, opts, addr)
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
	return s, addr
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

// until polls for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("still not: " + what)
		}
	}
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

// TestAcceptWithoutDescriptors: when the process may open no more files, the open connections go on, and accepting
// does once it may again.
func TestAcceptWithoutDescriptors(t *testing.T) {
	var failed atomic.Pointer[error]
	s, addr := serving(t, Options{Events: Events{AcceptFailed: func(err error) { failed.Store(&err) }}}, Entry{Code: 1, Handle: echo})
	old := dialRaw(t, addr)
	answered(t, old, 1)
	fillers := fillDescriptors(t)
	_ = fillers[0].Close() // for the client; the server has none left
	waits := dialRaw(t, addr)
	until(t, "accept fails", func() bool { return failed.Load() != nil })
	if err := *failed.Load(); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("accept: %v", err)
	}
	answered(t, old, 1)
	if err := s.Health(); err != nil {
		t.Errorf("health: %v", err)
	}
	for _, f := range fillers[1:] {
		_ = f.Close()
	}
	_ = waits.Close() // or it was closed: a connection takes two descriptors for a moment
	answered(t, dialRaw(t, addr), 1)
	if n := s.Figures().AcceptErrors; n == 0 {
		t.Error("errors of accept are not counted")
	}
}

// fillDescriptors lowers the limit of this process until the test ends, and opens as many files as it allows.
func fillDescriptors(t *testing.T) (files []*os.File) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
	few := unix.Rlimit{Cur: 200, Max: l.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &l)
		for _, f := range files {
			_ = f.Close()
		}
	})
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			if !errors.Is(err, syscall.EMFILE) || len(files) == 0 {
				t.Fatal(err)
			}
			return files
		}
		files = append(files, f)
	}
}

func TestConnectionLimit(t *testing.T) {
	var refused atomic.Int32
	s, addr := serving(t, Options{MaxConnections: 3, Events: Events{TooMany: func(_ string, n int) { refused.Store(int32(n)) }}}, Entry{Code: 1, Handle: echo})
	var conns []net.Conn
	for range 3 {
		c := dialRaw(t, addr)
		answered(t, c, 1)
		conns = append(conns, c)
	}
	c := dialRaw(t, addr)
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if n, err := c.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection beyond the limit: %d %v", n, err)
	}
	if f := s.Figures(); refused.Load() != 3 || f.Refused != 1 || f.Connections != 3 || f.MaxConnections != 3 {
		t.Errorf("told %d, %+v", refused.Load(), f)
	}
	_ = conns[0].Close()
	until(t, "a place", func() bool { return s.Connections() == 2 })
	answered(t, dialRaw(t, addr), 1)
}

func TestDefaultConnections(t *testing.T) {
	for _, c := range []struct{ descriptors, reserve, want int }{{1024, 0, 768}, {1024, 300, 724}, {1024, 5000, 512}, {65536, 4224, 49152}, {8, 0, 6}, {1, 0, 1}} {
		if got := defaultConnections(c.descriptors, c.reserve); got != c.want {
			t.Errorf("%d descriptors, %d for others: %d, want %d", c.descriptors, c.reserve, got, c.want)
		}
	}
}

func TestDescriptorLimitIsRaised(t *testing.T) {
	var l, after unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &l) }()
	few := unix.Rlimit{Cur: l.Max - 1, Max: l.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	n := DescriptorLimit()
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &after); err != nil || after.Cur != l.Max || uint64(n) != l.Max {
		t.Errorf("limit %+v, told %d, %v", after, n, err)
	}
}

// TestDeadLoopIsNoticed: a loop of gnet that ends by itself makes the server unhealthy and is reported.
func TestDeadLoopIsNoticed(t *testing.T) {
	failed := make(chan error, 2)
	s, addr := serving(t, Options{EventLoops: 1, Events: Events{Failed: func(err error) { failed <- err }}}, Entry{Code: 1, Handle: echo})
	answered(t, dialRaw(t, addr), 1)
	endLoops(s.engine)
	select {
	case err := <-failed:
		if s.Health() == nil {
			t.Errorf("healthy after %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody noticed")
	}
}

func endLoops(e *engine) {
	e.loops.Range(func(_, v any) bool {
		_ = v.(*loopState).el.Execute(context.Background(), runFunc(func() error { return gneterrors.ErrEngineShutdown }))
		return true
	})
}

type runFunc func() error

func (f runFunc) Run(context.Context) error { return f() }

func TestMemoryLimits(t *testing.T) {
	for _, c := range []struct {
		machine   uint64
		container int64
		want      int64
	}{{8 << 30, 0, 8 << 30}, {8 << 30, 1 << 30, 1 << 30}, {8 << 30, 16 << 30, 8 << 30}, {0, 1 << 30, 1 << 30}} {
		if got := smallest(c.machine, c.container); got != c.want {
			t.Errorf("machine %d, container %d: %d", c.machine, c.container, got)
		}
	}
	for memory, want := range map[int64]int64{128 << 20: 48 << 20, 512 << 20: 64 << 20, 8 << 30: 128 << 20} {
		if got := defaultWaiting(memory); got != want {
			t.Errorf("memory %d: budget %d", memory, got)
		}
	}
	if MemoryLimit() <= 0 {
		t.Error("no memory at all")
	}
}
