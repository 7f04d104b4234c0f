package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/store/consumequeue"
	"gorocket/store/vfs"
)

// TestNewFoldersSurviveAPowerCut: what the checkpoint says is on disk is there after a power cut, also when it is the
// first that stands in its folder: batch queues, extensions, index files.
func TestNewFoldersSurviveAPowerCut(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := smallConfig("/s")
	cfg.EnableConsumeQueueExt, cfg.MappedFileSizeConsumeQueueExt = true, 4096
	cfg.MapperFileSizeBatchConsumeQueue = 20 * consumequeue.BatchUnit
	s := mustOpen(t, cfg, mem, EventListener{IsBatchTopic: batchB})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	want := fillBatches(t, s, "B", 30)
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 600 { // into later files of the log, and two minutes
		r := msg("T", 0, strings.Repeat("x", 300))
		r.Now = time.Now().UnixMilli() + int64(i)*200
		r.Properties = fmt.Appendf(nil, "KEYS\x01k%d\x02", i)
		mustAppend(t, s, r)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitIndexed(t, s)
	cut := mem.CrashClone(1, 0)
	t.Cleanup(cut.Free)
	mustStop(t, s)
	for _, dir := range []string{"batchconsumequeue/B/0", "consumequeue/T/0", "consumequeue_ext/T/0", "index"} {
		if list, err := cut.ReadDir("/s/" + dir); err != nil || len(list) == 0 {
			t.Errorf("%s: %d files, %v", dir, len(list), err)
		}
	}
	again := mustOpen(t, cfg, cut, EventListener{IsBatchTopic: batchB})
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	defer mustStop(t, again)
	if got := offsetSpans(t, again, "B", 0); !slices.Equal(got, want) {
		t.Errorf("batches %v, want %v", got, want)
	}
	if got := bodies(t, again, "T", 0); len(got) != 600 {
		t.Errorf("%d messages", len(got))
	}
	if got, err := again.QueryByKey("T", "k0", 32, 0, 1<<60); err != nil || len(got.Records) != 1 {
		t.Errorf("%d messages with the key, %v", len(got.Records), err)
	}
}
