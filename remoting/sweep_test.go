package remoting

import (
	"sync/atomic"
	"testing"
	"time"

	"gorocket/remoting/transport"
)

// TestSweepUnderLoad: who waits is looked at every sweepEvery although others come all the while.
func TestSweepUnderLoad(t *testing.T) {
	var looked atomic.Int64
	block := make(chan struct{})
	p := newWorkerPool(&Options{Workers: 1, QueueCapacity: 1 << 30}, new(transport.Budget), func(*Context) { <-block },
		waitLimits{overdue: func(int32, time.Duration) string { looked.Add(1); return "" },
			refuse: func(*Context, string, time.Duration, int) {}})
	defer p.stop()
	defer close(block)
	for begin := time.Now(); looked.Load() == 0; {
		if time.Since(begin) > 200*sweepEvery {
			t.Fatalf("%d wait, and nobody has looked", p.waiting.len())
		}
		if !p.push(new(Context)) {
			t.Fatal("refused")
		}
	}
}
