package store

import (
	"errors"
	"testing"
	"time"

	"gorocket/store/record"
	"gorocket/store/vfs"
)

func longBatchBody(n int) (body []byte) {
	for range n {
		body = record.AppendBatchItem(body, record.BatchItem{})
	}
	return body
}

// A batch of more messages than maxBatchMessages is refused before it costs memory or the append lock.
func TestBatchTooLong(t *testing.T) {
	cfg := smallConfig("/s")
	cfg.MappedFileSizeCommitLog, cfg.MaxMessageSize, cfg.MaxBatchMessages = 16<<20, 4<<20, 2000
	s := mustStart(t, cfg, vfs.NewMem())
	r := msg("T", 0, "")
	if _, _, err := s.AppendBatch(r, longBatchBody(190_000), nil); !errors.Is(err, ErrBatchTooLong) ||
		!errors.Is(err, record.ErrIllegal) {
		t.Errorf("%v", err)
	}
	if _, _, err := s.AppendBatch(r, longBatchBody(2001), nil); !errors.Is(err, ErrBatchTooLong) {
		t.Errorf("one too many: %v", err)
	}
	a, offsets, err := s.AppendBatch(r, longBatchBody(2000), nil)
	if err != nil || a.Count != 2000 || len(offsets) != 2000 || a.QueueOffset != 0 {
		t.Errorf("%+v, %d offsets, %v", a, len(offsets), err)
	}
	if a, _, err := s.AppendBatch(r, longBatchBody(1), nil); err != nil || a.QueueOffset != 2000 {
		t.Errorf("behind it: %+v, %v", a, err)
	}
}

// Who sends one message waits for one long batch at most, however many of them come at once.
func TestLongBatchesWaitForEachOther(t *testing.T) {
	cfg := smallConfig("/s")
	cfg.MappedFileSizeCommitLog, cfg.MaxMessageSize = 16<<20, 4<<20
	s := mustStart(t, cfg, vfs.NewMem())
	s.longBatches.Lock()
	done := make(chan error, 4)
	for range 4 {
		go func() {
			_, _, err := s.AppendBatch(msg("T", 0, ""), longBatchBody(LongBatch+1), nil)
			done <- err
		}()
	}
	for i := range 20 {
		mustAppend(t, s, msg("T", 1, "small"))
		if _, _, err := s.AppendBatch(msg("T", 2, ""), longBatchBody(LongBatch), nil); err != nil {
			t.Fatal(i, err)
		}
	}
	select {
	case err := <-done:
		t.Fatalf("a long batch did not wait: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	s.longBatches.Unlock()
	for range 4 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}
