package worker

import (
	"sync/atomic"
	"testing"
)

// TestGroupRunsAgain: a group that was stopped starts again; a second start or stop does nothing.
func TestGroupRunsAgain(t *testing.T) {
	var g Group
	var running, began atomic.Int64
	loop := func(stop <-chan struct{}) {
		running.Add(1)
		began.Add(1)
		<-stop
		running.Add(-1)
	}
	if g.Stop() {
		t.Error("a group that never ran was stopped")
	}
	for round := int64(1); round <= 3; round++ {
		if !g.Start(loop, loop) || g.Start(loop) {
			t.Fatal("start")
		}
		if !g.Stop() || g.Stop() {
			t.Fatal("stop")
		}
		if running.Load() != 0 || began.Load() != 2*round {
			t.Errorf("round %d: %d run, %d began", round, running.Load(), began.Load())
		}
	}
}

// TestUntil: the context ends with the loop's channel, or by itself, and leaves no goroutine.
func TestUntil(t *testing.T) {
	stop := make(chan struct{})
	ctx, cancel := Until(stop)
	defer cancel()
	if ctx.Err() != nil {
		t.Fatal("ended at once")
	}
	close(stop)
	<-ctx.Done()
	other, end := Until(make(chan struct{}))
	end()
	<-other.Done()
}

// TestStopped: from the moment on at which the channel is closed.
func TestStopped(t *testing.T) {
	stop := make(chan struct{})
	if Stopped(stop) {
		t.Error("before")
	}
	if close(stop); !Stopped(stop) || !Stopped(stop) {
		t.Error("after")
	}
}
