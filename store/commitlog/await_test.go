package commitlog

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"gorocket/compat/testutil"
)

// TestAwait: who keeps answers is told that the log has moved behind them, and at once when it has already.
func TestAwait(t *testing.T) {
	moved := make(chan struct{}, 100)
	l, _, _ := started(t, Events{Settle: func() { moved <- struct{}{} }})
	if _, err := put(l, 200, true, false); err != nil {
		t.Fatal(err)
	}
	if l.Await(3, 200, 0) || l.Durable.pending() != 3 {
		t.Fatalf("over before the disk has it; %d wait", l.Durable.pending())
	}
	if err := l.Flush(); err != nil || len(moved) != 1 || l.Durable.Load() != 200 || l.Durable.pending() != 0 {
		t.Fatalf("%v; told %d times, durable up to %d, %d wait", err, len(moved), l.Durable.Load(), l.Durable.pending())
	}
	if !l.Await(1, 200, 0) || l.Durable.pending() != 0 {
		t.Error("it is on disk, and nobody looks")
	}
	if err := l.Flush(); err != nil || len(moved) != 1 {
		t.Errorf("%v; told although nobody waits", err)
	}
	if l.Await(1, 201, 0) || l.Await(0, 0, 200) {
		t.Error("over without the byte, or without replicas")
	}
	if l.Confirm(200); len(moved) != 2 || !l.Await(0, 0, 200) || l.Await(0, 0, 201) {
		t.Errorf("replicas have 200 bytes; told %d times", len(moved))
	}
	l.EndWaits(ErrClosed)
	if len(moved) != 3 || l.Ended() != ErrClosed || !l.Await(1, 1000, 0) || !l.Await(0, 0, 1000) {
		t.Errorf("the end: told %d times, %v", len(moved), l.Ended())
	}
}

// TestAwaitWakesTheFlusher: answers that others keep count as those who wait: as many as are worth a flush begin one.
func TestAwaitWakesTheFlusher(t *testing.T) {
	l, _, _ := started(t, Events{})
	l.Durable.expect(4)
	if l.Await(3, 100, 0); len(l.kick) != 0 {
		t.Error("three of four begin a flush")
	}
	if l.Await(1, 100, 0); len(l.kick) != 1 {
		t.Error("four of four begin none")
	}
}

// TestAwaitOfAFailedFlush: who keeps answers hears of it, and why.
func TestAwaitOfAFailedFlush(t *testing.T) {
	moved := make(chan struct{}, 100)
	l, mem, _ := started(t, Events{Settle: func() { moved <- struct{}{} }})
	if _, err := put(l, 200, true, false); err != nil {
		t.Fatal(err)
	}
	l.Await(1, 200, 0)
	mem.Inject(func(op, _ string) error {
		if op == "sync" {
			return syscall.EIO
		}
		return nil
	})
	if err := l.Flush(); err == nil || len(moved) != 1 || !errors.Is(l.Ended(), syscall.EIO) || l.Durable.Load() != 0 {
		t.Errorf("%v; told %d times, %v, durable up to %d", err, len(moved), l.Ended(), l.Durable.Load())
	}
	if over := l.Await(1, 300, 0); !over || l.Durable.pending() != 0 || l.Durable.expect(0) {
		t.Errorf("%d are waited for, for whom the flusher would not sleep any more", l.Durable.pending())
	}
}

// TestMovedNowAndThen: who keeps answers looks for late ones although nothing moves.
func TestMovedNowAndThen(t *testing.T) {
	moved := make(chan struct{}, 100)
	l, _, _ := started(t, Events{Settle: func() { moved <- struct{}{} }})
	ctx := t.Context()
	go l.runTimeouts(ctx)
	begin := time.Now()
	testutil.WaitFor(t, "two looks", func() bool { return len(moved) >= 2 })
	if took := time.Since(begin); took < 150*time.Millisecond {
		t.Errorf("two looks in %v", took)
	}
}

// TestKeptBelow: what a flush answers are the answers that it has made true; the others wait on and count.
func TestKeptBelow(t *testing.T) {
	var p Position
	for _, a := range []awaited{{100, 3}, {300, 2}, {200, 4}} {
		if passed, _ := p.await(a.n, a.offset); passed {
			t.Fatal("passed before anything is durable")
		}
	}
	for _, c := range []struct {
		offset   int64
		n, still int
	}{{99, 0, 9}, {200, 7, 2}, {200, 0, 2}, {300, 2, 0}} {
		if n := p.keptBelow(c.offset); n != c.n || p.pending() != c.still {
			t.Errorf("below %d: %d, %d wait, want %d and %d", c.offset, n, p.pending(), c.n, c.still)
		}
	}
}
