package testutil

import (
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Stalls measures how long the machine stood still, for tests that say how late something may come: what others do to
// its processors and its disk is no fault of what is tested.
type Stalls struct {
	lost  atomic.Int64    // ns, of looks that have ended
	since [2]atomic.Int64 // when the present looks began, ns since 1970
}

const (
	stallRest = 5 * time.Millisecond  // between two looks
	stallFree = 20 * time.Millisecond // of a look that do not count: an idle machine takes less
)

// WatchStalls begins to measure, until the test ends: how late a goroutine wakes up, and how long a few bytes take to
// be on the disk of the test's folder.
func WatchStalls(t testing.TB) *Stalls {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "stalls")
	if err != nil {
		t.Fatal(err)
	}
	s, stop := new(Stalls), make(chan struct{})
	for i := range s.since {
		s.since[i].Store(time.Now().UnixNano())
	}
	var wg sync.WaitGroup
	watch := func(i int, look func()) {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s.since[i].Store(time.Now().UnixNano())
				look()
				s.lost.Add(int64(s.over(i)))
			}
		})
	}
	watch(0, func() { time.Sleep(stallRest) })
	watch(1, func() {
		time.Sleep(stallRest)
		_, _ = f.WriteAt([]byte("x"), 0)
		_ = f.Sync()
	})
	t.Cleanup(func() {
		close(stop)
		wg.Wait()
		_ = f.Close()
	})
	return s
}

// over is how much longer than it should a look takes up to now.
func (s *Stalls) over(i int) time.Duration {
	return max(0, time.Since(time.Unix(0, s.since[i].Load()))-stallFree)
}

// Lost is how long the machine stood still up to now.
func (s *Stalls) Lost() time.Duration {
	return time.Duration(s.lost.Load()) + s.over(0) + s.over(1)
}
