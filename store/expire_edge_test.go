package store

import (
	"fmt"
	"testing"

	"gorocket/store/vfs"
)

// TestQueueFileAtTheBeginningOfTheLog: a queue file goes when its last message is below the log, and stays when that
// message is the first one of the log, which can be read still, and when it is the last file of its queue.
func TestQueueFileAtTheBeginningOfTheLog(t *testing.T) {
	for size, want := range map[int]string{
		660: "[0 0 4 350] [65536 99 4 251] [131072 198 3 152]",  // 99 in a log file: number 99 begins the second one
		655: "[0 0 4 350] [65536 100 3 250] [131072 200 2 150]", // 100: number 99 ends the first one
	} {
		mem, cfg := vfs.NewMem(), smallConfig("/s") // log files of 64 KiB, queue files of 100 entries
		t.Cleanup(mem.Free)
		s, r := mustStart(t, cfg, mem), msg("T", 0, "")
		r.Body = make([]byte, size-mustRecordSize(t, cfg, r))
		for range 350 {
			mustAppend(t, s, r)
		}
		if err := s.queues.FlushAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		got := ""
		for range 3 {
			s.queues.Expire(t.Context(), 0, true)
			list, err := mem.ReadDir("/s/consumequeue/T/0")
			if err != nil {
				t.Fatal(err)
			}
			got += fmt.Sprint(" ", []int64{s.log.Min(), s.MinOffset("T", 0), int64(len(list)),
				int64(len(bodies(t, s, "T", 0)))})
			if old := s.log.Oldest(); old != nil {
				if err := s.log.DropOldest(old); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got[1:] != want {
			t.Errorf("records of %d bytes: [log from, queue from, queue files, messages] are\n%s, want\n%s", size,
				got[1:], want)
		}
	}
}

// TestLastQueueFileStays: the only file of a queue stays when all its messages are gone: the queue goes on behind them.
func TestLastQueueFileStays(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	s := mustStart(t, cfg, mem)
	for range 100 { // fills the file
		mustAppend(t, s, msg("T", 0, "x"))
	}
	fill(t, s, "Other", 1, 1000)
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.log.DropOldest(s.log.Oldest()); err != nil {
		t.Fatal(err)
	}
	s.queues.Expire(t.Context(), 0, true)
	if list, err := mem.ReadDir("/s/consumequeue/T/0"); err != nil || len(list) != 1 {
		t.Errorf("%d files, %v", len(list), err)
	}
	if a := mustAppend(t, s, msg("T", 0, "x")); a.QueueOffset != 100 || s.MinOffset("T", 0) != 100 {
		t.Errorf("the next message has offset %d, the first one %d", a.QueueOffset, s.MinOffset("T", 0))
	}
}

// mustRecordSize is how many bytes a record takes in the log.
func mustRecordSize(t *testing.T, cfg Config, r *Record) int {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	return int(mustAppend(t, mustStart(t, cfg, mem), r).Size)
}
