package broker

import (
	"sync/atomic"
	"testing"
	"time"

	"gorocket/compat/testutil"

	"github.com/google/go-cmp/cmp"
)

// testClock is a wall clock that can be moved; goroutines sleep by the real one.
type testClock struct{ ahead atomic.Int64 }

func (c *testClock) now() time.Time {
	return time.Now().Round(0).Add(time.Duration(c.ahead.Load()))
}

// clockRig starts a broker with a clock of ours and delay levels of an hour.
func clockRig(t *testing.T) (*rig, *testClock) {
	t.Helper()
	cfg := testConfig(t, t.TempDir())
	cfg.MessageDelayLevel = "1h 2h"
	clock := new(testClock)
	r := startOn(t, cfg, Options{Now: clock.now})
	return r, clock
}

// TestClockJumpDelaysNoLevel: a level sleeps for an hour when the clock jumps, or the machine was suspended, an hour
// ahead.
func TestClockJumpDelaysNoLevel(t *testing.T) {
	r, clock := clockRig(t)
	r.send("T", "DELAY\x011\x02", "one hour")
	r.send("T", "DELAY\x012\x02", "two hours")
	time.Sleep(50 * time.Millisecond) // the levels have looked and sleep
	clock.ahead.Store(int64(time.Hour + time.Minute))
	testutil.WaitFor(t, "the first", func() bool { return cmp.Equal(r.bodies("T"), []string{"one hour"}) })
	clock.ahead.Store(int64(2*time.Hour + time.Minute))
	testutil.WaitFor(t, "the second", func() bool { return len(r.bodies("T")) == 2 })
}

// TestClockWatch: only a jump is one, not a slow tick.
func TestClockWatch(t *testing.T) {
	begin := time.Now()
	w := clockWatch{wall: begin, steady: begin}
	for _, c := range []struct{ wall, steady, want time.Duration }{
		{time.Second, time.Second, 0},
		{time.Minute, time.Minute, 0},                                        // the process was stopped: both went on
		{time.Hour, time.Minute + time.Second, 59*time.Minute - time.Second}, // suspended
		{30 * time.Minute, time.Minute + 2*time.Second, -30*time.Minute - time.Second},
	} {
		if got := w.tick(begin.Round(0).Add(c.wall), begin.Add(c.steady)); got != c.want {
			t.Errorf("%v, %v: %v, want %v", c.wall, c.steady, got, c.want)
		}
	}
}
