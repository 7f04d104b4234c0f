package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/checkpoint"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// TestKillThenPowerCut: the entries that a killed process had written but not synced belong to the queue after the next
// start; its checkpoint must not say that they are durable before they are. Else a power cut takes them, and recovery
// does not look so far back any more.
func TestKillThenPowerCut(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	cfg.FlushConsumeQueueThoroughInterval = 3_600_000
	t.Cleanup(mem.Free)
	s := mustStart(t, cfg, mem)
	fill(t, s, "Base", 2, 100)
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := fill(t, s, "Early", 2, 100)
	fill(t, s, "Later", 2, 1000)
	if err := s.queues.NoteEnds(t.Context()); err != nil {
		t.Fatal(err)
	}
	killed := mem.Clone()
	t.Cleanup(killed.Free)
	k := mustStart(t, cfg, killed)
	fill(t, k, "Later", 2, 1000)
	if err := k.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	fill(t, k, "Later", 2, 200)
	if err := k.Flush(); err != nil {
		t.Fatal(err)
	}
	// recovery goes three seconds further back, more than this test takes
	later := time.Now().Add(5 * time.Second).UnixMilli()
	k.check.Update(func(c *checkpoint.Values) { c.PhysicTime, c.LogicsTime, c.IndexTime = later, later, later })
	if err := k.check.Save(); err != nil {
		t.Fatal(err)
	}
	cut := killed.CrashClone(1, 0)
	t.Cleanup(cut.Free)
	again := mustStart(t, cfg, cut)
	if r := again.Report(); r.From == 0 || r.FullRebuild {
		t.Errorf("the test shows nothing when all is rebuilt: %+v", r)
	}
	for q, w := range want {
		wantBodies(t, again, "Early", q, w)
	}
}

// TestKillAtTheStartOfAFile: the queues are known up to the first byte of the newest log file, which holds no record
// yet. Nothing is behind that offset, and everything in front of it stays.
func TestKillAtTheStartOfAFile(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.MappedFileSizeCommitLog = 16 << 10
	s := mustStart(t, cfg, mem)
	testutil.WaitFor(t, "the flusher notes the ends once at its start", func() bool {
		fi, err := mem.Stat(cfg.sub(consumequeue.ManifestFile))
		return err == nil && fi.Size > 0
	})
	var want []string
	for s.log.End() < 2*cfg.MappedFileSizeCommitLog-1300 {
		want = append(want, strings.Repeat("x", 900)+fmt.Sprint(len(want)))
		mustAppend(t, s, msg("T", 0, want[len(want)-1]))
	}
	if err := s.queues.NoteEnds(t.Context()); err != nil {
		t.Fatal(err)
	}
	base := 2 * cfg.MappedFileSizeCommitLog
	for s.log.End() < base {
		body := strings.Repeat("x", 900)
		if a := mustAppend(t, s, msg("T", 0, body)); a.Offset < base {
			t.Fatal("the file was to end in front of this record")
		}
	}
	// as between the file's first byte and its first record
	if err := s.queues.SaveManifest(base, mem.BootID()); err != nil {
		t.Fatal(err)
	}
	killed := mem.Clone()
	t.Cleanup(killed.Free)
	f, err := killed.OpenFile("/s/commitlog/" + datafile.Name(base))
	if err == nil {
		err = f.Zero(0, cfg.MappedFileSizeCommitLog)
	}
	if err != nil {
		t.Fatal(err)
	}
	again := mustStart(t, cfg, killed)
	if r := again.Report(); r.From != base || r.To != base {
		t.Errorf("%+v", r)
	}
	wantBodies(t, again, "T", 0, want)
}

// TestKillBehindACutQueue: a power cut takes the log of a queue whose files were synced; the start cuts the queue to
// nothing, and notes that. What is stored next is found again after a kill.
func TestKillBehindACutQueue(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.FlushIntervalCommitLog = 3_600_000
	s := mustStart(t, cfg, mem)
	fill(t, s, "T", 1, 20)
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	cut := mem.CrashClone(1, 0)
	t.Cleanup(cut.Free)
	again := mustStart(t, cfg, cut)
	if n := again.MaxOffset("T", 0); n != 0 {
		t.Fatalf("the test shows nothing: %d messages survived", n)
	}
	testutil.WaitFor(t, "the ends of the queues are not noted", func() bool {
		_, err := cut.Stat("/s/" + consumequeue.ManifestFile)
		return err == nil
	})
	mustAppend(t, again, msg("T", 0, "after"))
	killed := cut.Clone()
	t.Cleanup(killed.Free)
	wantBodies(t, mustStart(t, cfg, killed), "T", 0, []string{"after"})
}

// TestStoreTimeAcrossStarts: no message gets an earlier store time than one before it, also when the clock went back
// while the broker was down.
func TestStoreTimeAcrossStarts(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	s := mustStart(t, cfg, mem)
	r := msg("T", 0, "of the clock that ran ahead")
	r.Now = time.Now().Add(time.Hour).UnixMilli()
	first := mustAppend(t, s, r)
	mustStop(t, s)
	if a := mustAppend(t, mustStart(t, cfg, mem), msg("T", 0, "later")); a.StoreTimestamp < first.StoreTimestamp {
		t.Errorf("stored at %d, behind a message of %d", a.StoreTimestamp, first.StoreTimestamp)
	}
}
