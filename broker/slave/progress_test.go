package slave

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorocket/broker/meta"
)

// TestProgressIsForgotten: a broker that becomes master forgets what it had to tell one, and its file says so, once.
func TestProgressIsForgotten(t *testing.T) {
	var p Progress
	marked := 0
	p.Changed = func() { marked++ }
	if p.Clear(); marked != 0 {
		t.Error("nothing was there, and the file is marked")
	}
	p.Note(meta.OffsetKey{Group: "g", Topic: "T"}, 1, 5)
	before := marked
	if p.Clear(); marked != before+1 {
		t.Errorf("the file is marked %d times", marked-before)
	}
	if text, err := p.Encode(); err != nil || len(p.mine) != 0 {
		t.Errorf("%s, %v", text, err)
	}
	if p.Clear(); marked != before+1 {
		t.Error("it is marked again")
	}
}

// TestProgressAgainst: what the master has at the same offset or a later one is forgotten, the rest is told it, each once;
// a commit that clients have gone on from stays.
func TestProgressAgainst(t *testing.T) {
	var p Progress
	marked := 0
	k, other := meta.OffsetKey{Group: "g", Topic: "T"}, meta.OffsetKey{Group: "h", Topic: "T"}
	for queue := range int32(4) {
		p.Note(k, queue, 10)
	}
	p.Note(other, 0, 3)
	for theirs, want := range map[int64]bool{9: true, 10: false, 11: false} {
		if got := p.ahead(k, 0, theirs); got != want {
			t.Errorf("ahead of %d: %v", theirs, got)
		}
	}
	if p.ahead(k, 7, -1) || p.ahead(meta.OffsetKey{Group: "i", Topic: "T"}, 0, -1) {
		t.Error("ahead where nobody has committed")
	}
	p.Changed = func() { marked++ }
	ahead := p.against(map[string]map[int]int64{"T@g": {0: 9, 1: 10, 2: 11}, "T@h": {0: 3}, "U@g": {3: 99}})
	slices.SortFunc(ahead, func(a, b commitment) int { return int(a.queue - b.queue) })
	if want := []commitment{{k, 0, 10}, {k, 3, 10}}; !slices.Equal(ahead, want) || marked != 3 {
		t.Errorf("ahead %+v, the file was marked %d times", ahead, marked)
	}
	if _, has := p.mine[other]; has || len(p.mine[k]) != 2 {
		t.Errorf("left %v", p.mine)
	}
	p.Note(k, 0, 12)
	marked = 0
	p.forget(commitment{k, 0, 10})
	if marked != 0 || p.mine[k][0] != 12 {
		t.Errorf("marked %d times, left %v", marked, p.mine)
	}
	p.forget(commitment{k, 0, 12})
	p.forget(commitment{k, 3, 10})
	p.forget(commitment{other, 0, 3})
	if left := p.against(nil); marked != 2 || len(left) != 0 || len(p.mine) != 0 {
		t.Errorf("marked %d times, left %v", marked, p.mine)
	}
}

// TestProgressFile: what is written is read again, and what can be no offset of a queue is left out.
func TestProgressFile(t *testing.T) {
	var p, again Progress
	p.Note(meta.OffsetKey{Group: "g", Topic: "T"}, 0, 5)
	p.Note(meta.OffsetKey{Group: "g", Topic: "T"}, 2147483647, 6)
	p.Note(meta.OffsetKey{Group: "%RETRY%h", Topic: "U"}, 1, 7)
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Load(text); err != nil || fmt.Sprint(again.mine) != fmt.Sprint(p.mine) {
		t.Errorf("%v, want %v, %v", again.mine, p.mine, err)
	}
	var odd Progress
	if err := odd.Load([]byte(`{"offsetTable":{"T":{0:1},"T@g":{-1:1,2147483648:1,3:4}}}`)); err != nil ||
		fmt.Sprint(odd.mine) != "map[{g T}:map[3:4]]" && fmt.Sprint(odd.mine) != "map[{T g}:map[3:4]]" {
		t.Errorf("%v, %v", odd.mine, err)
	}
	if err := odd.Load([]byte("{")); err == nil || !strings.Contains(fmt.Sprint(odd.mine), "3:4") {
		t.Errorf("half a file: %v, %v", odd.mine, err)
	}
}
