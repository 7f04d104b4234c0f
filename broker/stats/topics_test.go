package stats

import (
	"fmt"
	"testing"
)

// TestDeadLettersHaveALimit: pairs beyond it are not counted, and a deleted group makes room.
func TestDeadLettersHaveALimit(t *testing.T) {
	var d DeadLetters
	for i := range maxDeadLetterPairs + 10 {
		d.Count("g", fmt.Sprint(i))
	}
	if n := len(d.Snapshot()); n != maxDeadLetterPairs {
		t.Errorf("%d pairs", n)
	}
	if d.Forget("g"); len(d.Snapshot()) != 0 {
		t.Error("a deleted group has dead letters")
	}
}
