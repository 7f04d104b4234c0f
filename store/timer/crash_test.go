package timer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"

	"gorocket/store/vfs"
)

// crashRounds can be raised: TIMER_CRASH_ROUNDS=5000 go test -run Crash.
func crashRounds(t *testing.T) (first, n int) {
	n = 60
	if testing.Short() {
		n = 15
	}
	if v, err := strconv.Atoi(os.Getenv("TIMER_CRASH_ROUNDS")); err == nil {
		n = v
	}
	first, _ = strconv.Atoi(os.Getenv("TIMER_CRASH_SEED"))
	t.Logf("seeds %d..%d; TIMER_CRASH_SEED and TIMER_CRASH_ROUNDS choose others", first, first+n-1)
	return first, n
}

// TestCrashClones cuts the power, or kills the process, at random moments, also between the steps of a flush, and lets
// the timers go on: every message that was on disk is delivered, none before its time, none that was deleted, and those
// that were delivered and flushed long before do not come again.
func TestCrashClones(t *testing.T) {
	first, n := crashRounds(t)
	for seed := first; seed < first+n; seed++ {
		crashOnce(t, uint64(seed))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// history is what was done before the crash.
type history struct {
	due     map[string]int64 // of the messages that were on disk
	all     map[string]int64
	deleted map[string]bool
	settled map[string]bool // delivered before the last flush of the timers that ended
}

func crashOnce(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 5))
	mem := vfs.NewMem()
	defer mem.Free()
	cfg := smallConfig()
	cfg.TimerRollWindowSlot = 8
	h := history{due: map[string]int64{}, all: map[string]int64{}, deleted: map[string]bool{}, settled: map[string]bool{}}
	r := newRig(t, cfg, mem, begin)
	clone := r.live(rnd, &h)
	if clone == nil {
		clone = crashNow(rnd, mem)
	}
	defer clone.Free()
	now := r.clock.ms
	r.halt()
	for range rnd.IntN(3) { // crash again soon after
		r = newRig(t, cfg, clone, now)
		for range rnd.IntN(20) {
			now += rnd.Int64N(120)
			r.turn(now)
		}
		if rnd.IntN(2) == 0 {
			_ = r.tm.flush(true)
		}
		next := crashNow(rnd, clone)
		defer next.Free()
		r.halt()
		clone = next
	}
	r = newRig(t, cfg, clone, now)
	for end := now + 5000; now < end; now += 50 {
		r.turn(now)
	}
	r.check(&h)
	r.halt()
}

func crashNow(rnd *rand.Rand, mem *vfs.Mem) *vfs.Mem { return drawCrash(rnd)(mem) }

// drawCrash decides how it crashes, for a moment at which rnd may be in use elsewhere.
func drawCrash(rnd *rand.Rand) func(mem *vfs.Mem) *vfs.Mem {
	if rnd.IntN(3) == 0 {
		return (*vfs.Mem).Clone
	}
	seed, share := rnd.Uint64(), []float64{0, 0.3, 0.5, 0.9}[rnd.IntN(4)]
	return func(mem *vfs.Mem) *vfs.Mem { return mem.CrashClone(seed, share) }
}

// live puts, turns and flushes; it returns a clone when the crash came in the middle of a flush.
func (r *rig) live(rnd *rand.Rand, h *history) (clone *vfs.Mem) {
	mem := r.fs.(*vfs.Mem)
	var mu sync.Mutex // guards clone: the store's goroutines are asked too
	steps := 10 + rnd.IntN(150)
	for i := range steps {
		switch rnd.IntN(10) {
		default:
			key := fmt.Sprint(i)
			at := (r.clock.ms + 100 + rnd.Int64N(2500)) / 100 * 100
			r.put(at, key, "")
			h.all[key] = at
			if rnd.IntN(8) == 0 {
				r.put(at, "mark", "TIMER_DEL_UNIQKEY\x01"+key+"\x02")
				h.deleted[key] = true
			}
		case 6, 7:
			r.turn(r.clock.ms + rnd.Int64N(150))
		case 8:
			if r.s.Flush() == nil {
				for k, at := range h.all {
					h.due[k] = at
				}
			}
		case 9:
			last := i > steps/2 && rnd.IntN(3) == 0
			if last {
				left, crash := rnd.IntN(8), drawCrash(rnd)
				mem.Inject(func(string, string) error {
					mu.Lock()
					defer mu.Unlock()
					if left--; left == 0 && clone == nil {
						clone = crash(mem)
					}
					return nil
				})
			}
			delivered, _ := r.got()
			if r.tm.flush(rnd.IntN(2) == 0) != nil {
				r.t.Error("flush")
			}
			mem.Inject(nil)
			mu.Lock()
			c := clone
			mu.Unlock()
			if c != nil {
				return c
			}
			if r.tm.saved.readTime == r.tm.readTime && r.tm.saved.queueOffset == r.tm.queueOffset {
				for _, k := range delivered {
					h.settled[k] = true
				}
			}
		}
	}
	return nil
}

func (r *rig) check(h *history) {
	r.t.Helper()
	count := map[string]int{}
	bodies, views := r.got()
	for i, k := range bodies {
		count[k]++
		at, known := h.all[k]
		if left, _ := strconv.ParseInt(prop(&views[i], "TIMER_DEQUEUE_MS"), 10, 64); !known || left < at+100 {
			r.t.Errorf("%q known %v, delivered %d ms after its slot began", k, known, left-at)
		}
		late := prop(&views[i], propEnqueueMs) == fmt.Sprint(int64(math.MaxInt64)) // and so was the mark, as in Java
		if h.deleted[k] && h.due[k] != 0 && !late {
			r.t.Errorf("%q was deleted and is delivered", k)
		}
	}
	for k := range h.due {
		if count[k] == 0 && !h.deleted[k] {
			r.t.Errorf("%q is lost; recovered %+v, skipped %v", k, r.tm.Report(), r.bad)
		}
	}
	for k, n := range count {
		if n > 1 {
			r.t.Errorf("%q came %d times", k, n)
			for i, b := range bodies {
				if b == k {
					r.t.Logf("at %d stored %d: %q", views[i].PhysicalOffset, views[i].StoreTimestamp, views[i].Properties)
				}
			}
		}
	}
}
