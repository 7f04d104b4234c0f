package store

import (
	"errors"
	"testing"

	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestWithHotRecord: records are found at their offset only; nothing outside of the log is touched.
func TestWithHotRecord(t *testing.T) {
	s := mustStart(t, smallConfig(t.TempDir()), vfs.OS{})
	done, got := mustAppend(t, s, msg("T", 0, "x")), ""
	err := s.WithHotRecord(done.Offset, func(rec []byte) error {
		m, err := record.Decode(rec)
		got = string(m.Body)
		return err
	})
	if err != nil || got != "x" {
		t.Errorf("%q, %v", got, err)
	}
	for _, offset := range []int64{-1, done.Offset + 1, done.End(), 1 << 60} {
		if err := s.WithHotRecord(offset, func([]byte) error { return nil }); !errors.Is(err, ErrNoRecord) {
			t.Errorf("offset %d: %v", offset, err)
		}
	}
}
