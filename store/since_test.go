package store

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestRecordsSince: over several files, from any record that is older, what was stored since comes in its order, and
// nothing that is older.
func TestRecordsSince(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s := mustStart(t, smallConfig("/s"), mem)
	const base = 2_000_000_000_000
	var at []int64
	for i := range 300 {
		r := msg("T", 0, strconv.Itoa(i)+"/"+string(make([]byte, 900)))
		r.Now = base + int64(i)
		at = append(at, mustAppend(t, s, r).Offset)
	}
	if n := len(s.log.Segments()); n < 4 {
		t.Fatalf("only %d files", n)
	}
	for _, c := range []struct{ first, from int }{{0, -1}, {1, 0}, {100, -1}, {100, 99}, {100, 3}, {299, 298}, {300, -1}} {
		from := int64(0)
		if c.from >= 0 {
			from = at[c.from]
		}
		var got, want []string
		for i := c.first; i < 300; i++ {
			want = append(want, strconv.Itoa(i))
		}
		err := s.RecordsSince(base+int64(c.first), from, func(m *record.View) {
			got = append(got, string(m.Body[:slices.Index(m.Body, '/')]))
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v: %v, %d records, not %d: %.60s", c, err, len(got), len(want), fmt.Sprint(got))
		}
	}
}
