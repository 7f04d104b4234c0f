package commitlog

import (
	"testing"
	"time"
)

// TestGroupCommitWaitsForSendersThatComeBack: once all have come together, the flusher goes on waiting for all of them.
func TestGroupCommitWaitsForSendersThatComeBack(t *testing.T) {
	g := newGroupCommit()
	defer g.timer.Stop()
	if want := g.flushed(3, 4); want != 0 {
		t.Errorf("7 senders: waits for %d", want)
	}
	for round := range 100 {
		want := g.flushed(64, 0)
		if want != 64 {
			t.Fatalf("round %d: waits for %d", round, want)
		}
		g.begin(want, time.Millisecond)
		g.ended(true)
	}
}

// TestGroupCommitGrows: a first look that misses some senders is no reason to give up.
func TestGroupCommitGrows(t *testing.T) {
	g := newGroupCommit()
	defer g.timer.Stop()
	for _, c := range []struct{ answered, others, want int }{{20, 20, 40}, {40, 24, 64}, {64, 0, 64}} {
		if want := g.flushed(c.answered, c.others); want != c.want {
			t.Fatalf("%+v: waits for %d", c, want)
		}
		g.begin(c.want, time.Millisecond)
		g.ended(true)
	}
}

// TestGroupCommitGivesUp: moments in vain become rare, whether nobody comes or those who come are others.
func TestGroupCommitGivesUp(t *testing.T) {
	for name, inTime := range map[string]bool{"nobody comes": false, "others come": true} {
		g := newGroupCommit()
		moments := 0
		for range 3000 {
			want := g.flushed(10, 10)
			if want > 0 {
				moments++
			}
			g.begin(want, time.Microsecond)
			g.ended(inTime)
		}
		if moments == 0 || moments > 50 {
			t.Errorf("%s: %d moments in 3000 flushes", name, moments)
		}
		g.timer.Stop()
	}
}
