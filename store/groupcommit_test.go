package store

import (
	"strings"
	"sync"
	"testing"
	"time"

	"gorocket/store/vfs"
)

// TestGroupCommitBounded: a sender that stays when all others have gone waits for a moment and no longer.
func TestGroupCommitBounded(t *testing.T) {
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

// TestGroupCommitNoLostWake: senders that pause for about as long as a moment never wait for the next tick, which is a
// minute away.
func TestGroupCommitNoLostWake(t *testing.T) {
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
