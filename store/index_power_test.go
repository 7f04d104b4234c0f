package store

import (
	"fmt"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/store/index"
	"gorocket/store/vfs"
)

// TestIndexAheadOfTheLog: a full index file is synced when the next one begins, its records perhaps not: a power cut
// takes them, and the file must not stay, or keys would lead to what is stored in their place.
func TestIndexAheadOfTheLog(t *testing.T) {
	for _, newer := range []bool{false, true} { // whether the next file, begun and empty, has survived
		t.Run(fmt.Sprint("newer ", newer), func(t *testing.T) { indexAheadOfTheLog(t, newer) })
	}
}

func indexAheadOfTheLog(t *testing.T, newer bool) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.MaxHashSlotNum, cfg.MaxIndexNum = 50, 100
	cfg.FlushIntervalCommitLog, cfg.FlushConsumeQueueThoroughInterval = 3_600_000, 3_600_000
	s := mustStart(t, cfg, mem)
	put := func(s *Store, from, to int) {
		for i := from; i < to; i++ {
			r := msg("T", 0, fmt.Sprint(i))
			r.Properties = fmt.Appendf(nil, "KEYS\x01k%d\x02", i)
			mustAppend(t, s, r)
		}
		testutil.WaitFor(t, "indexed", func() bool { return s.index.Position() == s.MaxPhyOffset() })
	}
	put(s, 0, 60)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	put(s, 60, 150) // the first file is full; the messages from 60 on are not synced
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := mem.SyncDir("/s"); err != nil {
		t.Fatal(err)
	}
	cut := mem.CrashClone(1, 0)
	t.Cleanup(cut.Free)
	if newer {
		f, err := cut.Create("/s/index/99991231235959999") // begun: only its size and its count are there
		if err == nil {
			err = f.Truncate(index.FileSize(cfg.MaxHashSlotNum, cfg.MaxIndexNum))
		}
		if err == nil {
			_, err = f.WriteAt([]byte{0, 0, 0, 1}, 36)
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	again := mustStart(t, cfg, cut)
	if again.Report().IndexDropped == 0 || again.MaxOffset("T", 0) != 60 {
		t.Errorf("the test shows nothing: %+v, %d messages", again.Report(), again.MaxOffset("T", 0))
	}
	put(again, 200, 260)
	for key, want := range map[string]int{"k0": 1, "k59": 1, "k60": 0, "k90": 0, "k149": 0, "k200": 1, "k259": 1} {
		res, err := again.QueryByKey("T", key, 10, 0, 1<<60)
		if err != nil || len(res.Records) != want {
			t.Errorf("%s: %d records, want %d; %v", key, len(res.Records), want, err)
		}
	}
	mustStop(t, again)
	if r := mustVerify(t, cfg, cut); len(r.Findings) != 0 {
		t.Errorf("%+v", r.Findings)
	}
}
