//go:build !portable

package bench

import (
	"testing"
	"time"
)

// TestPollerKeepsTime: the timer counts in microseconds.
func TestPollerKeepsTime(t *testing.T) {
	p, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	best := time.Hour
	for range 20 { // the machine may be busy, not every time
		k := clock{time.Now()}
		begin := k.now()
		if events, err := p.wait(begin, begin+int64(200*time.Microsecond)); err != nil || len(events) != 0 {
			t.Fatal(events, err)
		}
		took := time.Duration(k.now() - begin)
		if took < 200*time.Microsecond {
			t.Fatalf("woke after %v", took)
		}
		best = min(best, took)
	}
	if best > 800*time.Microsecond {
		t.Errorf("a wait of 200 µs took %v at best", best)
	}
}
