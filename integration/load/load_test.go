package load

import (
	"fmt"
	"maps"
	"net"
	"sync"
	"testing"
	"time"

	"gorocket/integration/wire"
)

// answerAll is a server that answers each request with code 0 and counts them by topic.
func answerAll(t *testing.T) (addr string, counts func() map[string]int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var mu sync.Mutex
	seen := map[string]int{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for {
					raw, err := wire.ReadRaw(c)
					if err != nil {
						return
					}
					q, err := wire.Decode(raw)
					if err != nil {
						return
					}
					mu.Lock()
					seen[q.Ext["b"]]++
					mu.Unlock()
					if _, err := c.Write(wire.Frame(fmt.Appendf(nil, `{"code":0,"flag":1,"opaque":%d}`, q.Opaque), nil)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String(), func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(seen)
	}
}

// TestEachSendsAll: every request reaches the server, whatever the window.
func TestEachSendsAll(t *testing.T) {
	for _, window := range []int{1, 7, 64} {
		addr, counts := answerAll(t)
		l := Load{Addr: addr, Conns: 3, InFlight: window}
		for i := range 100 {
			l.Requests = append(l.Requests, SendRequest(fmt.Sprintf("t%d", i), 0, 10))
		}
		if err := l.Each(10 * time.Second); err != nil {
			t.Fatal(err)
		}
		if n := len(counts()); n != 100 {
			t.Errorf("window %d: %d of 100 topics", window, n)
		}
	}
}

// TestRunCountsAnswers: as many answers as the server gave.
func TestRunCountsAnswers(t *testing.T) {
	addr, counts := answerAll(t)
	l := Load{Addr: addr, Conns: 2, InFlight: 16, Requests: []wire.Request{SendRequest("a", 0, 100),
		SendRequest("b", 0, 100), SendRequest("c", 0, 100)}}
	n, took, err := l.Run(100 * time.Millisecond)
	if err != nil || took < 90*time.Millisecond {
		t.Fatalf("%v after %v", err, took)
	}
	time.Sleep(100 * time.Millisecond) // the server may still read what was on its way
	got := 0
	for _, v := range counts() {
		got += v
	}
	// two probes, and windows that were on their way at the end
	if extra := int64(got) - n; extra < 2 || extra > 2+2*16 {
		t.Errorf("%d answers counted, the server gave %d", n, got)
	}
}
