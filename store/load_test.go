package store

import (
	"os"
	"syscall"
	"testing"

	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// TestQueueEndFound: the end of a consume queue is found wherever it is.
func TestQueueEndFound(t *testing.T) {
	cfg := DefaultConfig()
	cfg.StorePathRootDir = "/s"
	const per = 300_000
	for _, n := range []int64{0, 1, 203, 204, 205, 407, 408, 409, 410, 1000, 4096, 65536, 150_000, 299_795, 299_796, 299_797, 299_999, per, per + 1} {
		mem := vfs.NewMem()
		s := &Store{fs: mem, files: newCQFiles(mem, &cfg)}
		s.queues.simple = s.files
		q := &queue{topic: "T", id: 5, files: s.files}
		var entries []byte
		for i := int64(0); i < n; i++ {
			entries = appendEntry(entries, &dispatch.Entry{Offset: i * 100, Size: 100, Tags: i})
		}
		if n == 0 {
			entries = appendEntry(entries, &dispatch.Entry{})
		}
		if err := s.files.write(q, entries, 0); err != nil {
			t.Fatal(err)
		}
		if err := s.loadQueue(s.files, "T", 5); err != nil {
			t.Fatal(err)
		}
		if got := s.queues.get("T", 5); got.max.Load() != n || got.lastPhy != n*100 {
			t.Errorf("%d entries: found %d, log end %d", n, got.max.Load(), got.lastPhy)
		}
		s.files.close()
		mem.Free()
	}
}

// TestTruncatedQueueStaysSparse: cutting entries off must not give a 6 MB file all its blocks; 80,000 queues would fill a disk.
func TestTruncatedQueueStaysSparse(t *testing.T) {
	cfg := smallConfig(t.TempDir())
	cfg.MappedFileSizeConsumeQueue = 6_000_000
	s := mustStart(t, cfg, vfs.OS{})
	fill(t, s, "T", 1, 300)
	mustStop(t, s)
	if err := os.WriteFile(cfg.sub("abort"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s = mustStart(t, cfg, vfs.OS{})
	if s.Report().Rebuilt != 300 {
		t.Fatalf("%+v", s.Report())
	}
	st, err := os.Stat(cfg.sub("consumequeue", "T", "0", datafile.Name(0)))
	if err != nil {
		t.Fatal(err)
	}
	if blocks := st.Sys().(*syscall.Stat_t).Blocks * 512; st.Size() != 6_000_000 || blocks > 100_000 {
		t.Fatalf("%d bytes, %d on disk", st.Size(), blocks)
	}
}
