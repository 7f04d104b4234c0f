package sim

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The flags are those of integration/sim/run, which runs each seed in a process of its own.
var (
	seed   = flag.Uint64("sim.seed", 0, "the seed to run")
	keep   = flag.String("sim.keep", "", "run with these of its faults only: 0,3,4; none: -")
	loud   = flag.Bool("sim.v", false, "print what happens")
	anyCut = flag.Bool("sim.power", false, "cut the power also where what was acknowledged is not on the broker's disk")
)

// outcome is what a process says of its seed, in one line behind "SEED ".
type outcome struct {
	Seed   uint64
	Broken []string
	Scene  string
	Faults int
	Stats  stats
	Course string
	Real   time.Duration
}

// TestSeed runs one seed. It has to be the first that runs in its process.
func TestSeed(t *testing.T) {
	if *seed == 0 {
		t.Skip("runs by itself for one seed: make sim")
	}
	if seedRuntime == nil {
		t.Fatal("needs the runtime of integration/sim/overlay: make sim")
	}
	runtime.GOMAXPROCS(1)
	runtime.MemProfileRate = 0
	debug.SetGCPercent(-1)
	var out io.Writer
	if *loud {
		out = os.Stdout
	}
	sc := sceneOf(*seed)
	sc.anyCut = *anyCut
	all := len(sc.faults)
	if *keep != "" {
		sc.keepOnly(*keep)
	}
	var res *result
	begin := time.Now()
	seedRuntime(*seed)
	synctest.Test(t, func(t *testing.T) { res = play(sc, out) })
	seedRuntime = nil
	line, err := json.Marshal(outcome{*seed, res.broken, sc.String(), all, res.stats, fmt.Sprintf("%016x", res.course),
		time.Since(begin)})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("SEED %s\n", line)
	if len(res.broken) > 0 {
		t.Error("violations")
	}
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

// TestScenes: a seed says always the same, and all kinds of faults come.
func TestScenes(t *testing.T) {
	kinds := map[kind]int{}
	for seed := uint64(1); seed <= 200; seed++ {
		sc := sceneOf(seed)
		if sc.String() != sceneOf(seed).String() {
			t.Fatalf("seed %d says this and that", seed)
		}
		if !slices.IsSortedFunc(sc.faults, func(a, b fault) int { return int(a.at - b.at) }) {
			t.Errorf("seed %d: not in the order of time", seed)
		}
		for _, f := range sc.faults {
			kinds[f.kind]++
			if !sc.sync && (f.kind == power || f.kind == powerAt) {
				t.Errorf("seed %d cuts the power under ASYNC_FLUSH", seed)
			}
		}
	}
	for _, k := range []kind{kill, power, killAt, powerAt, stop, all, cut, drag, slow, full, clock, elect, member} {
		if kinds[k] == 0 {
			t.Errorf("no %s", k)
		}
	}
}
