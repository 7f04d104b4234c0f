package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gorocket/store/vfs"
)

// TestIndexGoesOnInsideARecord kills a store whose index file became full in the middle of a record's keys, and was
// synced: the next start deletes the file behind it, and the rest of the record's keys with it. Each key is found all
// the same, once.
func TestIndexGoesOnInsideARecord(t *testing.T) {
	for entries := 3; entries < 9; entries++ {
		mem := vfs.NewMem()
		t.Cleanup(mem.Free)
		cfg := smallConfig("/s")
		cfg.MaxIndexNum = entries
		s := mustStart(t, cfg, mem)
		const records, keys = 4, 5
		for i := range records {
			r := msg("T", 0, "body")
			for k := range keys {
				r.Properties = append(r.Properties, fmt.Sprintf(" k%d-%d", i, k)...)
			}
			r.Properties = append([]byte("KEYS\x01"), r.Properties[1:]...)
			time.Sleep(2 * time.Millisecond) // a file's newest record decides whether a start keeps it
			mustAppend(t, s, r)
		}
		s.index.CatchUp()
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := s.queues.FlushAll(context.Background()); err != nil { // and the checkpoint
			t.Fatal(err)
		}
		killed := mem.Clone()
		t.Cleanup(killed.Free)
		again := mustStart(t, cfg, killed)
		for i := range records {
			for k := range keys {
				r, err := again.QueryByKey("T", fmt.Sprintf("k%d-%d", i, k), 9, 0, 1<<62)
				if err != nil || len(r.Records) != 1 {
					t.Errorf("%d keys a file: key %d of record %d is found %d times, %v", entries-1, k, i, len(r.Records), err)
				}
			}
		}
		mustStop(t, again)
		mustStop(t, s)
	}
}
