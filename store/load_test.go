package store

import (
	"os"
	"syscall"
	"testing"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// TestTruncatedQueueStaysSparse: cutting entries off must not give a 6 MB file all its blocks; 80,000 queues would fill
// a disk.
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
