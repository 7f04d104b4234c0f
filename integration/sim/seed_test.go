//go:build sim

package sim

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The flags are those of integration/sim/run, which runs each seed in a process of its own.
var (
	seed = flag.Uint64("sim.seed", 0, "the seed to run")
	keep = flag.String("sim.keep", "", "run with these of its faults only: 0,3,4; none: -")
	loud = flag.Bool("sim.v", false, "print what happens; the course stays the same")
	logs = flag.Bool("sim.logs", false, "with -sim.v: also what the programs log, which may change the course: to print a "+
		"map takes random numbers")
	anyCut = flag.Bool("sim.power", true, "cut the power also where what was acknowledged is not on the broker's disk")
)

// outcome is what a process says of its seed, in one line behind "SEED ".
type outcome struct {
	Seed   uint64
	Broken []string
	Scene  string
	Faults int
	Stats  stats
	Course string
}

// TestSeed runs one seed. It has to be the first that runs in its process.
func TestSeed(t *testing.T) {
	if *seed == 0 {
		t.Skip("runs by itself for one seed: make sim")
	}
	runtime.GOMAXPROCS(1)
	runtime.MemProfileRate = 0
	debug.SetGCPercent(-1)
	var out io.Writer
	var said book
	if *loud {
		out = &said
	}
	sc := sceneOf(*seed)
	sc.anyCut = *anyCut
	all := len(sc.faults)
	if *keep != "" {
		sc.keepOnly(*keep)
	}
	_ = time.Now().Format(time.RFC3339) // reads the zone from its file, which would give the processor away later
	seedRuntime(*seed)
	synctest.Test(t, func(t *testing.T) {
		res := play(sc, out, *logs)
		line, err := json.Marshal(outcome{*seed, res.broken, sc.String(), all, res.stats,
			fmt.Sprintf("%016x", res.course)})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.Write(said.text)
		fmt.Printf("SEED %s\n", line)
		if len(res.broken) > 0 {
			os.Exit(1)
		}
		os.Exit(0) // raft leaves goroutines behind, which the bubble would wait for
	})
}

// book keeps what is printed until the end: a write to a file gives the processor away, and changes the course.
type book struct {
	mu   sync.Mutex
	text []byte // guarded by mu
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	return len(p), nil
}

// keepOnly leaves the faults of a list of numbers.
func (sc *scene) keepOnly(list string) {
	var some []fault
	for part := range strings.SplitSeq(list, ",") {
		if i, err := strconv.Atoi(part); err == nil && i < len(sc.faults) {
			some = append(some, sc.faults[i])
		}
	}
	sc.faults = some
}

// TestLocksWait: fake time goes on while somebody waits for a lock whose holder sleeps.
func TestLocksWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		mu.Lock()
		begin := time.Now()
		go func() {
			time.Sleep(time.Second)
			mu.Unlock()
		}()
		mu.Lock()
		if d := time.Since(begin); d != time.Second {
			t.Errorf("locked after %v", d)
		}
	})
}
