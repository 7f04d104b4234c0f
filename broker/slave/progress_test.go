package slave

import (
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
