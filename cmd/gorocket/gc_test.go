package main

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// TestGarbagePercent: a small heap has garbageRoom beside it, a large one doubles as ever.
func TestGarbagePercent(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{{0, 800}, {smallHeap, 800}, {8 << 20, 400}, {garbageRoom, 100}, {1 << 30, 100}} {
		if got := garbagePercent(c.live, garbageRoom); got != c.want {
			t.Errorf("%d bytes in use: %d, want %d", c.live, got, c.want)
		}
	}
}

// TestPace: collections that come often get more room, until they are rare.
func TestPace(t *testing.T) {
	var p pace
	now := time.Now()
	for i, c := range []struct {
		gap  time.Duration
		want uint64
	}{{0, garbageRoom}, {oftenGap, garbageRoom}, {oftenGap - 1, mostRoom}, {rareGap - 1, mostRoom}, {oftenGap, mostRoom},
		{rareGap, garbageRoom}, {rareGap - 1, garbageRoom}, {0, mostRoom}} {
		now = now.Add(c.gap)
		if got := p.collected(now); got != c.want {
			t.Errorf("%d, %v after the one before: room for %d, want %d", i, c.gap, got, c.want)
		}
	}
}

// TestHeapLimit: the limit is half of the container while little is in use, and never so near to what is in use that
// the collector runs all the time.
func TestHeapLimit(t *testing.T) {
	const container = 1 << 30
	if got := heapLimit(container, 50<<20); got != container/2 {
		t.Errorf("a small heap: %d", got)
	}
	for live := uint64(0); live < 2*container; live += 10 << 20 {
		got := heapLimit(container, live)
		if room := got - int64(live); room < int64(live)/4 {
			t.Errorf("%d in use, limit %d: no room", live, got)
		}
		if live < container/3 && got < 2*int64(live) {
			t.Errorf("%d in use, limit %d: collections come sooner than without", live, got)
		}
		if live < container*6/10 && got > container/10*9 {
			t.Errorf("%d in use, limit %d of %d", live, got, container)
		}
	}
}

// TestLimitGarbage runs in a process of its own: what it sets is the process's. GOGC follows what is in use; a GOGC of
// the environment is left alone.
func TestLimitGarbage(t *testing.T) {
	if want := os.Getenv("GOROCKET_TEST_GOGC"); want != "" {
		limitGarbageHere(t, want == "ours")
		return
	}
	for _, c := range []struct{ env, want string }{{"GOGC=", "ours"}, {"GOGC=123", "theirs"}} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLimitGarbage$")
		cmd.Env = append(os.Environ(), c.env, "GOROCKET_TEST_GOGC="+c.want)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", c.env, err, out)
		}
	}
}

func percentNow() int { return int(runtimeMetric("/gc/gogc:percent")) }

func limitGarbageHere(t *testing.T, ours bool) {
	limitGarbage()
	if !ours {
		if p := percentNow(); p != 123 {
			t.Errorf("GOGC=123 became %d", p)
		}
		return
	}
	if p := percentNow(); p != garbagePercent(0, garbageRoom) {
		t.Errorf("%d at the start", p)
	}
	held := make([]byte, 2*garbageRoom)
	for i := range held {
		held[i] = 1
	}
	wait := func(what string, want int) {
		for end := time.Now().Add(10 * time.Second); percentNow() != want; time.Sleep(10 * time.Millisecond) {
			if runtime.GC(); time.Now().After(end) {
				t.Fatalf("%s: %d, want %d", what, percentNow(), want)
			}
		}
	}
	wait("a large heap", 100)
	runtime.KeepAlive(held)
	held = nil
	wait("a small heap again, collected all the time", garbagePercent(0, mostRoom))
}
