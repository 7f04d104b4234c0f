package store

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"gorocket/store/vfs"
)

// TestManyQueues prints how long stop and clean start take with many queues: STORE_QUEUES=16000 go test -run ManyQueues
// -v.
func TestManyQueues(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("STORE_QUEUES"))
	if n == 0 {
		n = 400
	}
	cfg := DefaultConfig()
	cfg.StorePathRootDir = t.TempDir()
	cfg.MappedFileSizeCommitLog, cfg.MaxHashSlotNum, cfg.MaxIndexNum = 64<<20, 100_000, 400_000
	cfg.DiskSpaceWarningLevelRatio = 100
	cfg.FlushIntervalConsumeQueue = 3_600_000
	s := mustStart(t, cfg, vfs.OS{})
	for round := range 4 {
		for i := range n {
			r := msg(fmt.Sprintf("Many%d", i/8), int32(i%8), fmt.Sprintf("%d-%d", round, i))
			mustAppend(t, s, r)
		}
		begin := time.Now()
		if err := s.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
		stopped := time.Since(begin)
		begin = time.Now()
		s = mustStart(t, cfg, vfs.OS{})
		t.Logf("%d queues: stop %v, start %v (%+v)", n, stopped, time.Since(begin), s.Report())
		for _, i := range []int{0, n / 2, n - 1} {
			if got := bodies(t, s, fmt.Sprintf("Many%d", i/8), int32(i%8)); len(got) != round+1 ||
				got[round] != fmt.Sprintf("%d-%d", round, i) {
				t.Fatalf("queue %d: %q", i, got)
			}
		}
		if !s.Report().Clean || s.Report().Rebuilt != 0 {
			t.Fatalf("report %+v", s.Report())
		}
	}
}
