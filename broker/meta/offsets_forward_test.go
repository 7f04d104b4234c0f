package meta

import (
	"fmt"
	"sync"
	"testing"
)

// TestAdvance: offsets go forward only, not beyond their queue's end, and of what is known.
func TestAdvance(t *testing.T) {
	o := NewOffsets()
	_ = o.Commit("g", "T", 0, 5)
	_ = o.Commit("g", "T", 1, 5)
	_ = o.Commit("g", "T", 2, 5)
	o.Committed = func(k OffsetKey, queue int32, offset int64) { // no client has said so
		t.Errorf("told of a commit: %v %d %d", k, queue, offset)
	}
	moved := o.Advance(map[string]map[int]int64{"T@g": {0: 9, 1: 4, 2: 1000, 3: 7, -1: 3, 1 << 40: 3}, "T@other": {0: 1},
		"nonsense": {0: 1}}, func(k OffsetKey) bool { return k.Group == "g" }, func(string, int32) int64 { return 20 })
	got := fmt.Sprint(o.CommittedOf("g", "T"), o.CommittedOf("other", "T"))
	if want := "map[0:9 1:5 2:20 3:7] map[]"; got != want || moved != 3 {
		t.Errorf("%s, %d moved", got, moved)
	}
	o.Limit = func() int { return 4 }
	o.Advance(map[string]map[int]int64{"T@g": {0: 10, 9: 1}}, func(OffsetKey) bool { return true },
		func(string, int32) int64 { return 20 })
	if got := fmt.Sprint(o.CommittedOf("g", "T")); got != "map[0:10 1:5 2:20 3:7]" {
		t.Errorf("a full table: %s", got)
	}
}

// TestForward: what a client has committed meanwhile is not set back, of whoever calls when; who hears of commits hears
// of what has moved only.
func TestForward(t *testing.T) {
	o, heard := NewOffsets(), ""
	o.Committed = func(k OffsetKey, queue int32, offset int64) {
		heard += fmt.Sprint(k.Group, k.Topic, queue, offset, ";")
	}
	for _, c := range []struct {
		offset int64
		moved  bool
	}{{5, true}, {5, false}, {4, false}, {6, true}} {
		if moved, err := o.Forward("g", "T", 0, c.offset); moved != c.moved || err != nil {
			t.Errorf("%+v: %v, %v", c, moved, err)
		}
	}
	if at := o.Query("g", "T", 0); at != 6 || heard != "gT0 5;gT0 6;" || o.Len() != 1 {
		t.Errorf("at %d, heard %q, %d offsets", at, heard, o.Len())
	}
	o.Limit = func() int { return 1 }
	if moved, err := o.Forward("g", "T", 1, 1); moved || err == nil || o.Len() != 1 {
		t.Errorf("a full table: %v, %v", moved, err)
	}
	o = NewOffsets()
	var wg sync.WaitGroup
	for i := range int64(8) { // each commits what it knows to be the furthest, as its client does
		wg.Go(func() {
			for n := range int64(500) {
				_, _ = o.Forward("g", "T", 0, n*8+i)
				o.Advance(map[string]map[int]int64{"T@g": {0: n*8 + i - 1}}, func(OffsetKey) bool { return true },
					func(string, int32) int64 { return 1 << 40 })
			}
		})
	}
	wg.Wait()
	if at := o.Query("g", "T", 0); at != 499*8+7 {
		t.Errorf("the furthest was %d, and it is %d", 499*8+7, at)
	}
}

// TestBound: what is behind the end of its queue is set back to it, and nothing else.
func TestBound(t *testing.T) {
	o, told := NewOffsets(), ""
	for queue, off := range []int64{3, 4, 5, 9} {
		_ = o.Commit("g", "T", int32(queue), off)
	}
	o.Bound(func(_ string, queue int32) int64 { return []int64{4, 4, 4, -1}[queue] },
		func(k OffsetKey, queue int32, off, end int64) { told += fmt.Sprint(k.Group, k.Topic, queue, off, end) })
	if got := fmt.Sprint(o.CommittedOf("g", "T")); got != "map[0:3 1:4 2:4 3:9]" || told != fmt.Sprint("g", "T", 2, 5, 4) {
		t.Errorf("%s, told %q", got, told)
	}
}

// TestLoadOffsets: of a file what can be a queue of a topic and a group is read, and nothing else.
func TestLoadOffsets(t *testing.T) {
	o := NewOffsets()
	if err := o.Load([]byte(`{"offsetTable":{"T@g":{0:1,2147483647:2,2147483648:3,-1:4},"T":{0:5}}}`)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(o.CommittedOf("g", "T")); got != "map[0:1 2147483647:2]" || o.size.Load() != 2 {
		t.Errorf("%s, %d counted", got, o.size.Load())
	}
}
