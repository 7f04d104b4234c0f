// Command crash kills the real broker with SIGKILL under load, at random moments, and compares what is there after the
// restart with a ledger of what was acknowledged: nothing lost, nothing there that was never sent, no gap, nothing
// twice; consumer offsets no further behind than their write interval. Single messages, batches, inner batches,
// messages in light queues and delayed messages, all sizes, ASYNC_FLUSH and SYNC_FLUSH in turns.
//
//	GOROCKET_BIN=../bin go run ./crash -time 60s
//	CRASH_SEED=17 go run ./crash -time 60s      # the same configurations, messages and moments again
//
// A kill does not lose the page cache: both modes must keep every acknowledged message. Power cuts are store's
// TestCrashClones.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

var (
	duration = flag.Duration("time", envDuration("CRASH_TIME", time.Minute), "how long to go on (CRASH_TIME)")
	seed     = flag.Uint64("seed", envNumber("CRASH_SEED", uint64(time.Now().UnixNano())),
		"seed of everything random (CRASH_SEED)")
	maxKills = flag.Uint64("kills", envNumber("CRASH_KILLS", 0), "end after so many kills, 0 = no such end (CRASH_KILLS)")
	longest  = flag.Duration("load", 1800*time.Millisecond, "longest load before a kill")
	perStore = flag.Int("store-rounds", 20, "rounds on one store directory; then everything is read once more and it is "+
		"removed")
	keep = flag.Bool("keep", false, "keep the directory of a failure")
)

func main() {
	flag.Parse()
	fmt.Printf("crash: seed %d, %v (again with CRASH_SEED=%d)\n", *seed, *duration, *seed)
	t := &totals{began: time.Now()}
	err := run(t)
	t.print()
	if err != nil {
		fmt.Fprintf(os.Stderr, "crash: FAILED with seed %d: %v\n", *seed, err)
		os.Exit(1)
	}
}

// run works through store directories until the time is over.
func run(t *totals) error {
	names, err := startNames()
	if err != nil {
		return err
	}
	defer names.close()
	for n := uint64(0); !t.over(); n++ {
		r := rand.New(rand.NewPCG(*seed, n))
		if err := runStore(t, names.addr(), r); err != nil {
			return fmt.Errorf("store %d: %w", n, err)
		}
	}
	return nil
}

func envNumber(key string, def uint64) uint64 {
	if v, err := strconv.ParseUint(os.Getenv(key), 10, 64); err == nil {
		return v
	}
	return def
}

func envDuration(key string, def time.Duration) time.Duration {
	if v, err := time.ParseDuration(os.Getenv(key)); err == nil {
		return v
	}
	return def
}

// totals are the figures of a run.
type totals struct {
	began                 time.Time
	stores, kills, early  int // early: killed while it started
	clean, verified       int
	operations, acked     int
	messages, redelivered int
	slowest               time.Duration // start after a kill until it answers
	refused               map[string]int
	verifyMissing         bool
}

func (t *totals) over() bool {
	return time.Since(t.began) > *duration || *maxKills > 0 && uint64(t.kills+t.early) >= *maxKills
}

func (t *totals) add(l *ledger) {
	t.stores++
	for _, e := range l.entries {
		t.operations++
		if e.acked {
			t.acked++
			t.messages += int(e.count)
		}
		if e.came > 1 {
			t.redelivered += int(e.came) - 1
		}
	}
	if t.refused == nil {
		t.refused = map[string]int{}
	}
	for k, n := range l.refused {
		t.refused[k] += n
	}
}

func (t *totals) print() {
	fmt.Printf("crash: %d kills under load, %d while starting, %d clean stops on %d stores in %v\n", t.kills, t.early,
		t.clean, t.stores, time.Since(t.began).Round(time.Second))
	fmt.Printf("crash: %d operations, %d acknowledged with %d messages; slowest start after a kill %v; delayed messages "+
		"delivered again %d\n",
		t.operations, t.acked, t.messages, t.slowest.Round(time.Millisecond), t.redelivered)
	if t.verifyMissing {
		fmt.Println("crash: gorocket verify was not run: this binary has no such command")
	} else {
		fmt.Printf("crash: gorocket verify found %d killed stores healthy\n", t.verified)
	}
	for k, n := range t.refused {
		fmt.Printf("crash: %d sends answered %s\n", n, k)
	}
}
