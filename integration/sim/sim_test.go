package sim

import (
	"flag"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

var (
	first = flag.Uint64("sim.first", 1, "first seed")
	seeds = flag.Int("sim.seeds", 30, "how many seeds")
	loud  = flag.Bool("sim.v", false, "print what happens")
)

func runScene(t *testing.T, sc *scene, out io.Writer) (res *result) {
	t.Helper()
	seedRuntime(sc.seed)
	synctest.Test(t, func(t *testing.T) { res = play(sc, out) })
	runtime.GC()
	return res
}

func TestSeeds(t *testing.T) {
	if seedRuntime == nil {
		t.Skip("needs the runtime of integration/sim/overlay: make sim")
	}
	runtime.GOMAXPROCS(1)
	runtime.MemProfileRate = 0
	debug.SetGCPercent(-1)
	var out io.Writer
	if *loud {
		out = os.Stdout
	}
	for seed := *first; seed < *first+uint64(*seeds); seed++ {
		sc := sceneOf(seed)
		begin := time.Now()
		res := runScene(t, sc, out)
		t.Logf("seed %d: %v, %+v, course %x, failures %d, fake %v, real %v", seed, len(res.broken), res.stats, res.course, res.failures, res.took, time.Since(begin))
		if len(res.broken) > 0 {
			t.Errorf("%v", sc)
			for _, b := range res.broken {
				t.Errorf("   %s", b)
			}
		}
	}
}
