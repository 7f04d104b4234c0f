package main

import (
	"bytes"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
)

// A collection takes a millisecond of a processor or more, however small the heap is, and on a machine with few of them messages wait meanwhile. Go begins one whenever
// the heap has doubled, with a small heap after each 4 MB. So there is room for garbage beside a small heap; a large one has that much anyway.
const (
	garbageRoom = 32 << 20 // bytes
	smallHeap   = 4 << 20  // bytes: Go counts a smaller heap as this much
)

// limitGarbage makes collections rare, and keeps the heap away from the container's limit. GOGC and GOMEMLIMIT in the environment are obeyed as they are.
func limitGarbage() {
	if os.Getenv("GOMEMLIMIT") == "" {
		if limit := memoryLimit(cgroupFiles[:]...); limit > 0 {
			debug.SetMemoryLimit(limit / 2) // the rest is page cache
		}
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent(0))
		afterCollection()
	}
}

// garbagePercent is GOGC for a heap with so many bytes in use.
func garbagePercent(live uint64) int {
	return max(100, int(100*garbageRoom/max(live, smallHeap)))
}

// afterCollection adapts GOGC after each collection, to what it left: an object that nobody holds is collected by every one.
func afterCollection() {
	last := garbagePercent(0)
	var adapt func(*sentinel)
	adapt = func(s *sentinel) {
		if p := garbagePercent(runtimeMetric("/gc/heap/live:bytes")); math.Abs(float64(p-last)) > float64(last)/8 { // setting it stops the world for a moment
			debug.SetGCPercent(p)
			last = p
		}
		runtime.SetFinalizer(s, adapt)
	}
	runtime.SetFinalizer(new(sentinel), adapt)
}

// runtimeMetric is a number that Go's runtime keeps.
func runtimeMetric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// sentinel is an object that is there to be collected.
type sentinel struct{ _ *byte }

// cgroupFiles say how much memory the container that this process runs in may have, in version 2 and 1. Immutable.
var cgroupFiles = [...]string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// memoryLimit is the limit in the first of these files that can be read and has one, in bytes; 0 when there is none.
func memoryLimit(files ...string) int64 {
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		// "max", and numbers near the largest there is, mean none
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && n < math.MaxInt64/2 {
			return n
		}
	}
	return 0
}
