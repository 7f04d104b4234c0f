package trans

import (
	"testing"
)

// TestHalfTableIsBounded: whatever names a half message far ahead, the table stays small.
func TestHalfTableIsBounded(t *testing.T) {
	h := newHalfTable()
	h.reset(10)
	h.settle(1 << 60)
	if _, c := h.Claim(1 << 40); c != ClaimTooFar || len(h.words) != 0 {
		t.Errorf("claim %d, %d words", c, len(h.words))
	}
	h.settle(10 + MaxHalfSpan - 1)
	if len(h.words) > MaxHalfSpan/64+1 {
		t.Errorf("%d words", len(h.words))
	}
}
