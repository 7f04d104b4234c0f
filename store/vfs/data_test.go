package vfs

import (
	"testing"
)

// TestReservedRoomIsNotRead: room that was reserved and never written holds no data, and a look for data makes no more
// of it: the kernel's reading ahead would, and each start would read the file to its end.
func TestReservedRoomIsNotRead(t *testing.T) {
	const size = 256 << 20
	fsys := OS{}
	f, err := fsys.Create(t.TempDir() + "/f")
	if err == nil {
		err = f.Allocate(0, size)
	}
	if err == nil {
		_, err = f.WriteAt([]byte("head"), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data := func() (n int64) {
		for _, r := range DataRanges(f, 0, size) {
			n += r.To - r.From
		}
		return n
	}
	before := data()
	for range 3 {
		if at, err := FirstData(f, 4096, size); at != -1 || err != nil {
			t.Fatalf("data at %d, %v", at, err)
		}
		if at, err := FirstData(f, 0, size); at != 0 || err != nil {
			t.Fatalf("data at %d, %v", at, err)
		}
	}
	if after := data(); after > before+4<<20 {
		t.Errorf("%d bytes count as data, %d before anybody looked", after, before)
	}
}

// holes is a File with data in some places.
type holes struct {
	File
	data []Range
}

func (h *holes) dataRange(off int64) Range {
	for _, r := range h.data {
		if off < r.To {
			return Range{max(off, r.From), r.To}
		}
	}
	return Range{-1, -1}
}

func TestDataRanges(t *testing.T) {
	f := &holes{data: []Range{{10, 20}, {30, 31}, {50, 100}}}
	for _, c := range []struct {
		from, to int64
		want     []Range
	}{
		{0, 200, []Range{{10, 20}, {30, 31}, {50, 100}}}, {15, 60, []Range{{15, 20}, {30, 31}, {50, 60}}},
		{20, 30, nil}, {100, 200, nil}, {60, 60, nil}, {19, 31, []Range{{19, 20}, {30, 31}}},
	} {
		got := DataRanges(f, c.from, c.to)
		if len(got) != len(c.want) {
			t.Errorf("[%d,%d): %v, want %v", c.from, c.to, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("[%d,%d): %v, want %v", c.from, c.to, got, c.want)
			}
		}
	}
	var plain struct{ File }
	if got := DataRanges(plain, 5, 9); len(got) != 1 || got[0] != (Range{5, 9}) {
		t.Errorf("a file that does not know its holes: %v", got)
	}
}
