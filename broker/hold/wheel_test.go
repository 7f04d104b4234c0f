package hold

import (
	"math/rand/v2"
	"testing"
)

// TestHoldWheel compares the wheel with a plain list over random adds, removals and steps of the clock, also large
// ones.
func TestHoldWheel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var w holdWheel
	waiting := map[*Pull]int64{} // when to look at it, ms
	now := int64(0)
	for range 20_000 {
		switch rnd.IntN(3) {
		case 0:
			p := &Pull{deadline: now + rnd.Int64N(20_000)}
			w.add(p, now)
			waiting[p] = min(p.deadline, now+RecheckEvery.Milliseconds())
		case 1:
			for p := range waiting {
				w.remove(p)
				w.add(p, now) // an answered pull stays out
				delete(waiting, p)
				break
			}
		case 2:
			now += rnd.Int64N(300)
			if rnd.IntN(100) == 0 {
				now += 60_000
			}
			for _, p := range w.advance(now) {
				if when, ok := waiting[p]; !ok || when > now {
					t.Fatalf("at %d: a pull for %d, waiting %v", now, when, ok)
				}
				delete(waiting, p)
			}
			for _, when := range waiting {
				if when < now-3*wheelTick.Milliseconds() {
					t.Fatalf("at %d: a pull for %d is still there", now, when)
				}
			}
		}
	}
}
