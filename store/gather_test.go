package store

import (
	"strings"
	"sync"
	"testing"
	"time"

	"gorocket/store/vfs"
)

// TestGatherWaitsForSendersThatComeBack: once all have come together, the flusher goes on waiting for all of them.
func TestGatherWaitsForSendersThatComeBack(t *testing.T) {
	g := newGather()
	defer g.timer.Stop()
	if want := g.flushed(3, 4); want != 0 {
		t.Errorf("7 senders: waits for %d", want)
	}
	for round := range 100 {
		want := g.flushed(64, 0)
		if want != 64 {
			t.Fatalf("round %d: waits for %d", round, want)
		}
		g.begin(want, time.Millisecond)
		g.ended(true)
	}
}

// TestGatherGrows: a first look that misses some senders is no reason to give up.
func TestGatherGrows(t *testing.T) {
	g := newGather()
	defer g.timer.Stop()
	for _, c := range []struct{ answered, others, want int }{{20, 20, 40}, {40, 24, 64}, {64, 0, 64}} {
		if want := g.flushed(c.answered, c.others); want != c.want {
			t.Fatalf("%+v: waits for %d", c, want)
		}
		g.begin(c.want, time.Millisecond)
		g.ended(true)
	}
}

// TestGatherGivesUp: moments in vain become rare, whether nobody comes or those who come are others.
func TestGatherGivesUp(t *testing.T) {
	for name, inTime := range map[string]bool{"nobody comes": false, "others come": true} {
		g := newGather()
		moments := 0
		for range 3000 {
			want := g.flushed(10, 10)
			if want > 0 {
				moments++
			}
			g.begin(want, time.Microsecond)
			g.ended(inTime)
		}
		if moments == 0 || moments > 50 {
			t.Errorf("%s: %d moments in 3000 flushes", name, moments)
		}
		g.timer.Stop()
	}
}

// TestGatherBounded: a sender that stays when all others have gone waits for a moment and no longer.
func TestGatherBounded(t *testing.T) {
	cfg := smallConfig(t.TempDir())
	cfg.FlushDiskType, cfg.FlushIntervalCommitLog = SyncFlush, 60_000
	s := mustStart(t, cfg, vfs.OS{})
	durable := func() (took time.Duration) {
		r := msg("T", 0, strings.Repeat("x", 100))
		r.Group = true
		begin := time.Now()
		a, err := s.Append(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		done := make(chan error, 1)
		s.NotifyDurable(a.End(), func(err error) { done <- err })
		if err := <-done; err != nil {
			t.Error(err)
		}
		return time.Since(begin)
	}
	for range 5 {
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				for range 20 {
					durable()
				}
			})
		}
		wg.Wait()
		if took := durable(); took > 5*time.Second { // the next tick is a minute away
			t.Errorf("the last sender waited %v", took)
		}
	}
	mustStop(t, s)
}

// TestGatherNoLostWake: senders that pause for about as long as a moment never wait for the next tick, which is a minute away.
func TestGatherNoLostWake(t *testing.T) {
	cfg := smallConfig(t.TempDir())
	cfg.FlushDiskType, cfg.FlushIntervalCommitLog, cfg.SyncFlushTimeout = SyncFlush, 60_000, 2_000
	s := mustStart(t, cfg, vfs.OS{})
	var wg sync.WaitGroup
	for worker := range 12 {
		wg.Go(func() {
			for i := range 200 {
				r := msg("T", int32(worker), "x")
				r.Group = true
				a, err := s.Append(r)
				if err != nil {
					t.Error(err)
					return
				}
				done := make(chan error, 1)
				s.NotifyDurable(a.End(), func(err error) { done <- err })
				if err := <-done; err != nil {
					t.Errorf("message %d of %d: %v", i, worker, err)
					return
				}
				time.Sleep(time.Duration((worker*200+i)*7919%1500) * time.Microsecond)
			}
		})
	}
	wg.Wait()
	mustStop(t, s)
}
