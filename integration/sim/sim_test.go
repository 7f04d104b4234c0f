package sim

import (
	"slices"
	"testing"
)

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
