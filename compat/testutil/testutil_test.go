package testutil

import (
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

// TestLeftGoroutines: one that is left is found with its stack, and none when it has ended.
func TestLeftGoroutines(t *testing.T) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); <-end }()
	found := left(otherStacks())
	if !strings.Contains(found, "TestLeftGoroutines.func1") {
		t.Errorf("left:\n%s", found)
	}
	close(end)
	<-ended
	WaitFor(t, "its end", func() bool { return !strings.Contains(left(otherStacks()), "TestLeftGoroutines.func1") })
	if strings.Contains(left("goroutine 7 [select]:\nnet/http.(*persistConn).readLoop()"), "http") {
		t.Error("goroutines of others are ours")
	}
}

// TestWithin: what holds is seen at once, what does not hold after its time.
func TestWithin(t *testing.T) {
	looks := 0
	if !within(time.Hour, func() bool { looks++; return looks == 3 }) || looks != 3 {
		t.Errorf("%d looks", looks)
	}
	if within(time.Millisecond, func() bool { return false }) {
		t.Error("it does not hold")
	}
}

// TestStalls: what the machine loses is measured, also while it does, and looks that end in time count for nothing.
func TestStalls(t *testing.T) {
	s, now := new(Stalls), time.Now()
	s.since[0].Store(now.Add(-time.Minute).UnixNano())
	s.since[1].Store(now.UnixNano())
	s.lost.Store(int64(time.Hour))
	if lost := s.Lost(); lost < time.Hour+time.Minute-stallFree || lost > time.Hour+time.Minute+2*time.Since(now) {
		t.Errorf("%v are lost", lost)
	}
	begin, watched := time.Now(), WatchStalls(t)
	time.Sleep(30 * time.Millisecond)
	if lost, took := watched.Lost(), time.Since(begin); lost < 0 || lost > 2*took {
		t.Errorf("%v are lost in %v", lost, took)
	}
}

// TestLog: the newest line with all parts, how often a text was logged, and what came since it was taken.
func TestLog(t *testing.T) {
	var l Log
	for _, line := range []string{"a one\n", "b one\n", "a two\n"} {
		if n, err := l.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	if got := l.Line("one"); got != "b one\n" {
		t.Errorf("newest: %q", got)
	}
	if l.Line("a", "one") != "a one\n" || l.Line("b", "two") != "" || l.Count("one") != 2 || l.Count("three") != 0 {
		t.Errorf("%q", l.String())
	}
	if first, then := l.Take(), l.Take(); first != "a one\nb one\na two\n" || then != "" {
		t.Errorf("taken: %q, %q", first, then)
	}
}
