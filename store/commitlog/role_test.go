package commitlog

import (
	"bytes"
	"errors"
	"sync"
	"syscall"
	"testing"
	"time"

	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestBecomeRaw: a log that becomes a copy writes what was in its buffer, takes no records, and tells all who wait for
// replicas, whichever way they do.
func TestBecomeRaw(t *testing.T) {
	settled := make(chan struct{}, 100)
	l, _, c := started(t, Events{Settle: func() { settled <- struct{}{} }})
	if _, err := put(l, 100, true, true); err != nil {
		t.Fatal(err)
	}
	waits := make(answer, 1)
	l.WaitReplicated(100, waits)
	if l.Await(0, 0, 100) || l.Ended() != nil {
		t.Fatal("over before anything happened")
	}
	if err := l.BecomeRaw(); err != nil || !l.IsRaw() || l.End() != 100 || c.commits != 1 {
		t.Fatalf("%v, end %d, %d commits", err, l.End(), c.commits)
	}
	if err := waits.told(t); !errors.Is(err, ErrRaw) || len(settled) == 0 {
		t.Errorf("who waits is told %v, and %d times to look", err, len(settled))
	}
	if l.Ended() != nil || l.Await(0, 0, 100) {
		t.Errorf("who keeps answers may get them from those who follow: %v", l.Ended())
	}
	n := len(settled)
	if l.GiveUp(); !l.Await(0, 0, 100) || !l.Await(1, 1000, 0) || l.Ended() != ErrRaw || len(settled) != n+1 {
		t.Errorf("who keeps answers goes on waiting: %v", l.Ended())
	}
	if _, err := put(l, 100, true, false); !errors.Is(err, ErrRaw) || !errors.Is(err, ErrNotWritable) {
		t.Errorf("a record of its own: %v", err)
	}
	if err := l.BecomeRaw(); err != nil {
		t.Errorf("once more: %v", err)
	}
	if err := l.BecomeWritable(); err != nil || l.IsRaw() || l.Ended() != nil {
		t.Errorf("%v, %v", err, l.Ended())
	}
	if at, err := put(l, 100, true, false); err != nil || at != 100 {
		t.Errorf("at %d, %v", at, err)
	}
	if err := l.AppendRaw(200, []byte{1}, nil); err != ErrNotRaw {
		t.Errorf("bytes of another log: %v", err)
	}
}

// TestBecomeRawDuringAppends: none of the appends that succeed is behind the change, and none is lost.
func TestBecomeRawDuringAppends(t *testing.T) {
	l, _, _ := started(t, Events{})
	l.committer = deaf{}
	for range 10 {
		var wg sync.WaitGroup
		var mu sync.Mutex
		ends := []int64{l.End()}
		for range 4 {
			wg.Go(func() {
				for range 20 {
					at, err := put(l, 50, true, false)
					if err != nil {
						if !errors.Is(err, ErrRaw) {
							t.Error(err)
						}
						return
					}
					mu.Lock()
					ends = append(ends, at+50)
					mu.Unlock()
				}
			})
		}
		time.Sleep(100 * time.Microsecond)
		if err := l.BecomeRaw(); err != nil {
			t.Fatal(err)
		}
		end := l.End()
		wg.Wait()
		for _, e := range ends {
			if e > end {
				t.Fatalf("a record ends at %d, the log ended at %d when it became a copy", e, end)
			}
		}
		if want := ends[0] + 50*int64(len(ends)-1); end != want || l.End() != want {
			t.Fatalf("the log ends at %d, want %d", end, want)
		}
		if err := l.BecomeWritable(); err != nil {
			t.Fatal(err)
		}
	}
}

// deaf is a Committer that does not listen.
type deaf struct{}

func (deaf) Commit(*Segment) {}
func (deaf) Abort()          {}
func (deaf) Notify()         {}

// TestBecomeRawWaitsForZeros: where the allocator writes zeros nobody else writes, so the change waits for it.
func TestBecomeRawWaitsForZeros(t *testing.T) {
	l, _, _ := started(t, Events{})
	if _, err := put(l, 100, true, false); err != nil {
		t.Fatal(err)
	}
	tail := l.app.tail
	if !l.claim(tail, 4096) {
		t.Fatal("not claimed")
	}
	done := make(chan error, 1)
	go func() { done <- l.BecomeRaw() }()
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(5 * claimWait):
	}
	l.unclaim()
	if err := <-done; err != nil || !l.IsRaw() {
		t.Errorf("%v", err)
	}
}

// TestBecomeRawOnABrokenDisk: a log whose last write fails is a copy all the same, and says why.
func TestBecomeRawOnABrokenDisk(t *testing.T) {
	l, mem, _ := started(t, Events{})
	if _, err := put(l, 100, true, true); err != nil {
		t.Fatal(err)
	}
	waits := make(answer, 1)
	l.WaitReplicated(100, waits)
	mem.Inject(func(op, _ string) error {
		if op == "write" {
			return syscall.EIO
		}
		return nil
	})
	if err := l.BecomeRaw(); !errors.Is(err, syscall.EIO) || !l.IsRaw() || l.End() != 0 {
		t.Errorf("%v, end %d", err, l.End())
	}
	if err := waits.told(t); err == nil {
		t.Error("what is not in the log has replicas")
	}
	mem.Inject(nil)
	if _, err := put(l, 100, true, false); err == nil {
		t.Error("a record behind it")
	}
}

// TestBecomeWritableForgetsAPiece: what came in of a record that is not whole is no part of the log of who becomes
// master: its first record stands there.
func TestBecomeWritableForgetsAPiece(t *testing.T) {
	l, _, _ := started(t, Events{})
	if err := l.BecomeRaw(); err != nil {
		t.Fatal(err)
	}
	if err := l.AppendRaw(0, bytes.Repeat([]byte{0}, 3), func(*record.View) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if at := l.RawEnd(); at != 3 {
		t.Fatalf("%d bytes came in", at)
	}
	if err := l.BecomeWritable(); err != nil {
		t.Fatal(err)
	}
	if at, err := put(l, 100, true, false); err != nil || at != 0 {
		t.Errorf("the first record is at %d, %v", at, err)
	}
	if err := l.BecomeRaw(); err != nil {
		t.Fatal(err)
	}
	if at := l.RawEnd(); at != 100 {
		t.Errorf("it goes on at %d", at)
	}
}

// TestBecomeWritableWithoutRoom: a copy that is empty, and gets no file, stays one; the next try works.
func TestBecomeWritableWithoutRoom(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	l := New(Options{FS: mem, Paths: []string{"/log"}, SegmentSize: 64 << 10, Raw: true},
		Settings{AppendTimeout: time.Minute, SyncTimeout: time.Minute}, new(tally), Events{})
	if err := l.OpenTail(); err != nil {
		t.Fatal(err)
	}
	l.Start()
	t.Cleanup(l.Close)
	mem.Inject(func(op, _ string) error { return syscall.ENOSPC })
	if err := l.BecomeWritable(); err == nil || !l.IsRaw() {
		t.Errorf("it takes records without a file: %v", err)
	}
	mem.Inject(nil)
	if err := l.BecomeWritable(); err != nil {
		t.Fatal(err)
	}
	if at, err := put(l, 100, true, false); err != nil || at != 0 {
		t.Errorf("the first record is at %d, %v", at, err)
	}
}
