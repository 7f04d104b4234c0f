package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"gorocket/remoting"
)

// A collection takes a millisecond of a processor or more, however small the heap is, and on a machine with few of them
// messages wait meanwhile. Go begins one whenever the heap has doubled, with a small heap after each 4 MB. So there is
// room for garbage beside a small heap; a large one has that much anyway.
const (
	garbageRoom = 32 << 20 // bytes
	mostRoom    = 64 << 20 // bytes: while there is much garbage
	smallHeap   = 4 << 20  // bytes: Go counts a smaller heap as this much
)

// pace widens the room while collections come so often that a client's p99 sees them, as under a flood of TLS
// handshakes, and narrows it once they are rare. The zero value has garbageRoom.
type pace struct {
	wide bool
	last time.Time
}

// Between collections.
const (
	oftenGap = 1500 * time.Millisecond
	rareGap  = 10 * time.Second
)

// collected notes a collection and returns the room from then on, bytes.
func (p *pace) collected(now time.Time) uint64 {
	gap := now.Sub(p.last)
	p.wide = gap < oftenGap || p.wide && gap < rareGap
	if p.last = now; p.wide {
		return mostRoom
	}
	return garbageRoom
}

// limitGarbage makes collections rare, and keeps the heap away from the container's limit. GOGC and GOMEMLIMIT in the
// environment are obeyed as they are.
func limitGarbage() {
	var percent, limit *setting
	room := uint64(garbageRoom)
	if os.Getenv("GOGC") == "" {
		percent = &setting{want: func(live uint64) int64 { return int64(garbagePercent(live, room)) },
			set: func(n int64) { debug.SetGCPercent(int(n)) }}
	}
	if container := remoting.ContainerLimit(); os.Getenv("GOMEMLIMIT") == "" && container > 0 {
		limit = &setting{want: func(live uint64) int64 { return heapLimit(container, live) },
			set: func(n int64) { debug.SetMemoryLimit(n) }}
	}
	percent.adapt(0)
	limit.adapt(0)
	if percent != nil || limit != nil {
		var p pace
		afterCollection(func(live uint64) {
			room = p.collected(time.Now())
			percent.adapt(live)
			limit.adapt(live)
		})
	}
}

// setting is one of the collector's, which follows the heap.
type setting struct {
	want func(live uint64) int64
	set  func(int64)
	last int64
}

// adapt sets what a heap with so many bytes in use wants, if that differs much: setting it stops the world for a
// moment. A nil setting is left alone.
func (s *setting) adapt(live uint64) {
	if s == nil {
		return
	}
	if n := s.want(live); math.Abs(float64(n-s.last)) > float64(s.last)/8 {
		s.set(n)
		s.last = n
	}
}

// garbagePercent is GOGC for a heap with so many bytes in use and so much room for garbage.
func garbagePercent(live, room uint64) int {
	return max(100, int(100*room/max(live, smallHeap)))
}

// heapLimit is GOMEMLIMIT in a container of so many bytes: half of it, the rest is page cache. A limit near what is
// in use would have the collector run all the time, so a heap that grows has room to double as long as the container
// has it, and a quarter more than it uses in any case.
func heapLimit(container int64, live uint64) int64 {
	used := int64(min(live, math.MaxInt64/4)) + garbageRoom
	return max(container/2, min(2*used, container/10*9), used/4*5)
}

// afterCollection tells do after each collection what it left in use, bytes: an object that nobody holds is collected
// by every one.
func afterCollection(do func(live uint64)) {
	var again func(*sentinel)
	again = func(s *sentinel) {
		do(runtimeMetric("/gc/heap/live:bytes"))
		runtime.SetFinalizer(s, again)
	}
	runtime.SetFinalizer(new(sentinel), again)
}

// runtimeMetric is a number that Go's runtime keeps.
func runtimeMetric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// sentinel is an object that is there to be collected.
type sentinel struct{ _ *byte }
