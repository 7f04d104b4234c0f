package store

import (
	"strings"
	"testing"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// expireAll deletes what the hour of deleteWhen would, of an old log.
func expireAll(t *testing.T, s *Store) {
	t.Helper()
	cfg := *s.cfg.Load()
	s.deleteSegments(t.Context(), &cfg, time.Now().Add(1000*time.Hour), false)
	s.queues.Expire(t.Context(), 0, true)
}

func fillLong(t *testing.T, s *Store, n int) {
	t.Helper()
	for range n {
		mustAppend(t, s, msg("T", 0, strings.Repeat("x", 500)))
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
}

// TestExpiryThenKill: queue files that expired after the ends of the queues were noted are not missed after a kill: the
// queue begins where it began, the first pull finds a message, nothing is reported, and its files go on to expire, also
// after a clean stop.
func TestExpiryThenKill(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.FlushIntervalConsumeQueue, cfg.CleanResourceInterval = 3_600_000, 3_600_000
	cfg.DeleteCommitLogFilesInterval, cfg.DeleteConsumeQueueFilesInterval = 1, 1
	s := mustStart(t, cfg, mem)
	fillLong(t, s, 600)
	if err := s.queues.NoteEnds(t.Context()); err != nil {
		t.Fatal(err)
	}
	expireAll(t, s)
	low := s.MinOffset("T", 0)
	killed := mem.Clone()
	t.Cleanup(killed.Free)
	for _, kill := range []bool{true, false} {
		k := mustStart(t, cfg, killed)
		if r := k.Report(); !r.QueuesKnown || r.Clean == kill || k.MinOffset("T", 0) != low || low == 0 {
			t.Errorf("kill %v: the queue begins at %d, want %d; %+v", kill, k.MinOffset("T", 0), low, r)
		}
		var res GetResult
		if k.Get(&GetQuery{Topic: "T", Offset: low, MaxCount: 32}, &res); res.Status != Found {
			t.Errorf("kill %v: pull at %d: %v, next %d", kill, low, res.Status, res.NextBeginOffset)
		}
		res.Release()
		first := k.queues.Get("T", 0).First()
		fillLong(t, k, 300)
		if expireAll(t, k); k.queues.Get("T", 0).First() <= first {
			t.Errorf("kill %v: nothing expires any more: the first file begins at %d", kill, first)
		}
		low = k.MinOffset("T", 0)
		mustStop(t, k)
		if r := mustVerify(t, cfg, killed); len(r.Findings) != 0 {
			t.Errorf("kill %v: %+v", kill, r.Findings)
		}
	}
}

// TestQueueFileRemovedByHand: a running store whose first queue file is gone goes on to expire the next ones.
func TestQueueFileRemovedByHand(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.CleanResourceInterval, cfg.DeleteCommitLogFilesInterval, cfg.DeleteConsumeQueueFilesInterval = 3_600_000, 1, 1
	s := mustOpen(t, cfg, mem, EventListener{BackgroundError: func(string, string, error) {}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer mustStop(t, s)
	fillLong(t, s, 600)
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	q := s.queues.Get("T", 0)
	q.CloseFiles()
	if err := mem.Remove("/s/consumequeue/T/0/" + datafile.Name(0)); err != nil {
		t.Fatal(err)
	}
	if expireAll(t, s); q.First() < 2*q.PerFile() {
		t.Errorf("the first file begins at entry %d", q.First())
	}
}
