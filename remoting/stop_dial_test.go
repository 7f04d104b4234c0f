package remoting

import (
	"context"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"gorocket/compat/testutil"
)

// TestStopWhileDialling: a client that is stopped while it connects leaves nothing behind.
func TestStopWhileDialling(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	none, err := NewTable()
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		c, err := NewClient(none, Options{})
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		var dials sync.WaitGroup
		for range 4 {
			dials.Go(func() { _, _ = c.engine.net.Dial(ctx, l.Addr().String()) })
		}
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
		dials.Wait()
		cancel()
	}
	stack := make([]byte, 1<<20)
	testutil.WaitFor(t, "nobody waits for a loop that has ended", func() bool {
		return !strings.Contains(string(stack[:runtime.Stack(stack, true)]), "EnrollContext")
	})
}
