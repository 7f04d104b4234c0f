package remoting

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gorocket/compat/testutil"
)

// TestAcceptWithoutDescriptors: when the process may open no more files, the open connections go on, and accepting
// does once it may again.
func TestAcceptWithoutDescriptors(t *testing.T) {
	var failed atomic.Pointer[error]
	s, addr := serving(t, Options{Events: Events{AcceptFailed: func(err error) { failed.Store(&err) }}},
		Entry{Code: 1, Handle: echo})
	old := dialRaw(t, addr)
	answered(t, old, 1)
	fillers := fillDescriptors(t)
	_ = fillers[0].Close() // for the client; the server has none left
	waits := dialRaw(t, addr)
	testutil.WaitFor(t, "accept fails", func() bool { return failed.Load() != nil })
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
	s, addr := serving(t, Options{MaxConnections: 3,
		Events: Events{TooMany: func(_ string, n int) { refused.Store(int32(n)) }}}, Entry{Code: 1, Handle: echo})
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
	testutil.WaitFor(t, "a place", func() bool { return s.Connections() == 2 })
	answered(t, dialRaw(t, addr), 1)
}

func TestDefaultConnections(t *testing.T) {
	for _, c := range []struct{ descriptors, reserve, want int }{{1024, 0, 768}, {1024, 300, 724}, {1024, 5000, 512},
		{65536, 4224, 49152}, {8, 0, 6}, {1, 0, 1}} {
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
