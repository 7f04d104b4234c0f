package store

import (
	"testing"
	"time"

	"gorocket/store/vfs"
)

// TestKillThenPowerCut: the entries that a killed process had written but not synced belong to the queue after the next start; its checkpoint must not
// say that they are durable before they are. Else a power cut takes them, and recovery does not look so far back any more.
func TestKillThenPowerCut(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	cfg.FlushConsumeQueueThoroughInterval = 3_600_000
	t.Cleanup(mem.Free)
	s := mustStart(t, cfg, mem)
	fill(t, s, "Base", 2, 100)
	if err := s.flushQueuesThoroughly(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := fill(t, s, "Early", 2, 100)
	fill(t, s, "Later", 2, 1000)
	if err := s.noteEnds(t.Context()); err != nil {
		t.Fatal(err)
	}
	killed := mem.Clone()
	t.Cleanup(killed.Free)
	k := mustStart(t, cfg, killed)
	fill(t, k, "Later", 2, 1000)
	if err := k.flushQueuesThoroughly(t.Context()); err != nil {
		t.Fatal(err)
	}
	fill(t, k, "Later", 2, 200)
	if err := k.Flush(); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(5 * time.Second).UnixMilli() // recovery goes three seconds further back, more than this test takes
	k.check.update(func(c *checkpoint) { c.physicTime, c.logicsTime, c.indexTime = later, later, later })
	if err := k.check.save(); err != nil {
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
