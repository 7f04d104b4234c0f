// Package overlay writes what `go test -overlay` needs to build the simulation: the Go runtime with a few lines more,
// and, for a planted fault, one file of the product with another line. Nothing of either is in any other build.
//
// With the runtime as it is no run could be repeated, and some would hang: see patches.
package overlay

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// patch replaces a text, which has to be there once, in a file below GOROOT/src.
type patch struct{ file, old, new string }

var patches = []patch{
	// A goroutine that waits for a lock counts as one that waits: who holds the lock may sleep in fake time, in a call to
	// a disk that is slow. The standard library does not count it, since the holder may be outside of the bubble.
	{"runtime/runtime2.go", "	waitReasonSynctestSelect:        true,\n",
		"	waitReasonSynctestSelect:        true,\n	waitReasonSyncMutexLock: true,\n" +
			"	waitReasonSyncRWMutexRLock: true,\n	waitReasonSyncRWMutexLock: true,\n"},
	// Goroutines of a bubble get their random numbers (select, maps, math/rand) from one state, which a run seeds.
	{"runtime/rand.go", "func rand() uint64 {\n", "func rand() uint64 {\n	if x, ok := simRand(); ok {\n		return x\n	}\n"},
	{"runtime/select.go", "j := cheaprandn(uint32(norder + 1))", "j := simRandn(uint32(norder + 1))"},
	{"runtime/time.go", "			// unlikely to have the same when.\n			t.rand = cheaprand()\n",
		"			// unlikely to have the same when.\n			t.rand = simTimer()\n"},
	{"runtime/rand.go", "// bootstrapRand returns", `//go:linkname simState
var simState uint64

//go:nosplit
func simRand() (uint64, bool) {
	if simState == 0 {
		return 0, false
	}
	gp := getg() // its own stack: what the runtime does meanwhile draws from elsewhere
	if gp.bubble == nil {
		return 0, false
	}
	return simNext(), true
}

// simTimer is for timers of a bubble, whoever sets them: a sleep does when its goroutine has left the stack.
func simTimer() uint32 {
	if simState == 0 {
		return cheaprand()
	}
	return uint32(simNext())
}

//go:nosplit
func simNext() uint64 {
	simState += 0x9e3779b97f4a7c15
	x := simState
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

//go:nosplit
func simRandn(n uint32) uint32 {
	if x, ok := simRand(); ok {
		return uint32((uint64(uint32(x)) * uint64(n)) >> 32)
	}
	return cheaprandn(n)
}

// bootstrapRand returns`},
	// The hash of a map's keys is the same in each process.
	{"runtime/rand.go", "	globalRand.state.Init(*seed)\n", "	clear(seed[:])\n	globalRand.state.Init(*seed)\n"},
	// Nobody is preempted, nor loses its turn in a system call: that depends on how fast this machine is.
	{"runtime/proc.go", "func retake(now int64) uint32 {\n", "func retake(now int64) uint32 {\n	if simState != 0 {\n		return 0\n	}\n"},
	// Nor does who gets a lock.
	{"internal/sync/mutex.go", "	starvationThresholdNs = 1e6\n", "	starvationThresholdNs = 1 << 62\n"},
}

// Plants are faults that the simulation has to find, each in one place of the product, by what is wrong then.
var plants = map[string]patch{
	"an acknowledgement before the set confirmed": {"broker/replication/switch.go",
		"	if all {\n		st.Confirm(offset)\n	}\n}", "	st.Confirm(st.MaxPhyOffset())\n}"},
	"a step-down that is skipped": {"broker/switching.go",
		"	b := r.b\n	err := b.store.BecomeSlave()\n",
		"	b := r.b\n	if !b.cfg().IsSlave() {\n		return nil\n	}\n	err := b.store.BecomeSlave()\n"},
	"truncation by offset instead of epoch": {"store/ha/agree.go",
		"	common, ok := epoch.Common(ours, have, theirs, end)\n", "	common, ok := min(have, end), true\n"},
	"an epoch file written after the first byte": {"broker/switching.go",
		"	if err := b.beginEpoch(m.Epoch); err != nil {\n		return err\n	}\n",
		"	time.AfterFunc(100*time.Millisecond, func() { _ = b.beginEpoch(m.Epoch) })\n"},
}

// Plants are the faults that can be planted.
func Plants() []string { return slices.Sorted(maps.Keys(plants)) }

// Write writes the files into dir and returns the path of overlay.json. root is the product's module, plant one of
// Plants, "": none. An error: this Go, or the product, has not the lines that are to be replaced.
func Write(dir, root, plant string) (string, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	src := filepath.Join(strings.TrimSpace(string(goroot)), "src")
	files := map[string]string{} // path -> text
	for _, p := range patches {
		if err := p.apply(files, filepath.Join(src, p.file)); err != nil {
			return "", err
		}
	}
	if plant != "" {
		p, ok := plants[plant]
		if !ok {
			return "", fmt.Errorf("no such fault: %s", plant)
		}
		path, err := filepath.Abs(filepath.Join(root, p.file))
		if err != nil {
			return "", err
		}
		if err := p.apply(files, path); err != nil {
			return "", err
		}
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	replace := map[string]string{}
	for path, text := range files {
		to := filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
			return "", err
		}
		replace[path] = to
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o644)
}

func (p *patch) apply(files map[string]string, path string) error {
	text, ok := files[path]
	if !ok {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text = string(b)
	}
	if n := strings.Count(text, p.old); n != 1 {
		return fmt.Errorf("%s has %d times what is to be replaced: %q", path, n, p.old)
	}
	files[path] = strings.Replace(text, p.old, p.new, 1)
	return nil
}
