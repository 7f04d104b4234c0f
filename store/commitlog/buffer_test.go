package commitlog

import (
	"bytes"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestWhatIsBufferedIsWrittenFirst: an append that is not to stay in the write buffer, or does not fit there any more,
// finds it written: when it fails, only itself is lost. One that fits, to the byte, leaves it alone.
func TestWhatIsBufferedIsWrittenFirst(t *testing.T) {
	for _, c := range []struct {
		have, size int
		stay, want bool // want: what is there is written
	}{{100, 100, true, false}, {100, 100, false, true}, {bufferMax - 100, 100, true, false},
		{bufferMax - 100, 101, true, true}, {bufferMax - 100, 1, false, true}, {bufferMax - 1, 2, true, true}} {
		mem, tells := vfs.NewMem(), new(tally)
		t.Cleanup(mem.Free)
		if err := mem.MkdirAll("/log"); err != nil {
			t.Fatal(err)
		}
		l := New(Options{FS: mem, Paths: []string{"/log"}, SegmentSize: 1 << 20}, Settings{}, tells, Events{})
		if err := l.OpenTail(); err != nil {
			t.Fatal(err)
		}
		l.Start()
		if _, err := put(l, c.have, true, true); err != nil || l.End() != 0 {
			t.Fatalf("%v, readable up to %d", err, l.End())
		}
		at, _, err := l.Begin(Want{Size: c.size, Buffer: c.stay})
		if err != nil || at != int64(c.have) || (l.End() == int64(c.have)) != c.want || (tells.commits == 1) != c.want {
			t.Errorf("%+v: at %d, readable up to %d, %d commits, %v", c, at, l.End(), tells.commits, err)
		}
		l.Cancel()
		l.Close()
	}
}

// TestClaimedPlace: nothing is appended to where zeros are being written, to the byte; a blank must fit in front of it.
func TestClaimedPlace(t *testing.T) {
	const pos = 1000
	for _, c := range []struct {
		size    int
		claimed int64
		wait    bool
	}{{100, 0, false}, {100, pos + 100, false}, {100, pos + 99, true}, {100, 1, true}, {1, pos + record.BlankSize, false},
		{1, pos + record.BlankSize - 1, true}} {
		l, _, _ := started(t, Events{})
		if _, err := put(l, pos, true, false); err != nil {
			t.Fatal(err)
		}
		l.app.claimed = c.claimed
		_, _, err := l.Begin(Want{Size: c.size, NoWait: true})
		if (err == ErrWouldWait) != c.wait || err != nil && err != ErrWouldWait {
			t.Errorf("%+v: %v", c, err)
		}
		if err == nil {
			l.Cancel()
		}
	}
}

// TestOneSenderAfterMany: who waits for the disk alone, behind a group of senders that was worth waiting for, is served
// at once, though nothing else wakes the flusher.
func TestOneSenderAfterMany(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	l := New(Options{FS: mem, Paths: []string{"/log"}, SegmentSize: 1 << 20}, Settings{FlushInterval: time.Hour,
		ThoroughInterval: time.Hour, LeastPages: 1 << 20, SyncTimeout: time.Minute}, new(lockedTally), Events{})
	if err := l.OpenTail(); err != nil {
		t.Fatal(err)
	}
	l.Start()
	ended := make(chan struct{})
	ctx := t.Context()
	go func() { l.Run(ctx); close(ended) }()
	t.Cleanup(func() { <-ended; l.Close() })
	send := func() {
		if t.Failed() {
			return
		}
		at, err := put(l, 100, false, false)
		if err != nil {
			t.Error(err)
			return
		}
		told := make(chan error, 1)
		l.WaitDurable(at+100, waitFunc(func(err error) { told <- err }))
		select {
		case err = <-told:
		case <-time.After(20 * time.Second):
			err = errors.New("nobody flushes")
		}
		if err != nil {
			t.Error(err)
		}
	}
	for range 5 {
		var wg sync.WaitGroup
		for range 4 * commitLeast {
			wg.Go(func() {
				for range 5 {
					send()
					runtime.Gosched()
				}
			})
		}
		wg.Wait()
		for range 3 { // the moment for the others is over in the end
			if send(); t.Failed() {
				return
			}
			time.Sleep(2 * delayLimit)
		}
	}
}

// lockedTally is a Committer for several goroutines, which need not know.
type lockedTally struct{}

func (*lockedTally) Commit(*Segment) {}
func (*lockedTally) Abort()          {}
func (*lockedTally) Notify()         {}

// rawLog is an empty log that takes another one's bytes.
func rawLog(t *testing.T) *Log {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	l := New(Options{FS: mem, Paths: []string{"/log"}, SegmentSize: rawSize, Raw: true},
		Settings{AppendTimeout: time.Minute}, new(lockedTally), Events{})
	if err := l.OpenTail(); err != nil {
		t.Fatal(err)
	}
	l.Start()
	done := make(chan struct{})
	ctx := t.Context()
	go func() { l.alloc.run(ctx); close(done) }()
	t.Cleanup(func() { <-done; l.Close() })
	return l
}

const rawSize = 64 << 10

// TestRawPlaces: where a raw log begins and goes on, to the byte, and what is refused and changes nothing.
func TestRawPlaces(t *testing.T) {
	take := func(*record.View) error { return nil }
	l := rawLog(t)
	for _, at := range []int64{-rawSize, -1, 1, rawSize - 1, rawSize + 1, 3*rawSize - 1} {
		var place *PlaceError
		if err := l.AppendRaw(at, []byte("x"), take); !errors.As(err, &place) || place.Want != -1 || place.Got != at ||
			place.Size != rawSize || len(l.Segments()) != 0 || l.RawEnd() != -1 {
			t.Errorf("an empty log at %d: %v, %d files, goes on at %d", at, err, len(l.Segments()), l.RawEnd())
		}
	}
	var block *BlockError
	if err := l.AppendRaw(3*rawSize, make([]byte, rawSize+1), take); !errors.As(err, &block) || len(l.Segments()) != 0 {
		t.Errorf("more than a file: %v", err)
	}
	if err := l.AppendRaw(3*rawSize, nil, take); err != nil || len(l.Segments()) != 0 || l.RawEnd() != -1 {
		t.Errorf("nothing: %v, %d files", err, len(l.Segments()))
	}
	blank := make([]byte, rawSize)
	record.PutBlank(blank, rawSize)
	for file := range int64(3) { // of one blank, in two pieces
		at := (3 + file) * rawSize
		if err := l.AppendRaw(at, blank[:100], take); err != nil || l.RawEnd() != at+100 || l.Min() != 3*rawSize ||
			len(l.Segments()) != int(file)+1 {
			t.Fatalf("file %d: %v, goes on at %d", file, err, l.RawEnd())
		}
		for _, wrong := range []int64{at, at + 99, at + 101, at + rawSize, 0} {
			var place *PlaceError
			if err := l.AppendRaw(wrong, blank[:1], take); !errors.As(err, &place) || place.Want != at+100 ||
				place.Got != wrong || l.RawEnd() != at+100 {
				t.Errorf("at %d instead of %d: %v, goes on at %d", wrong, at+100, err, l.RawEnd())
			}
		}
		if err := l.AppendRaw(at+100, make([]byte, rawSize-99), take); !errors.As(err, &block) || block.At != at+100 ||
			block.Len != rawSize-99 {
			t.Errorf("over the end of file %d: %v", file, err)
		}
		if err := l.AppendRaw(at+100, blank[100:], take); err != nil || l.RawEnd() != at+rawSize || l.End() != at+rawSize ||
			!bytes.Equal(l.Find(at).Data, blank) {
			t.Fatalf("file %d: %v, goes on at %d, readable up to %d", file, err, l.RawEnd(), l.End())
		}
	}
	if _, err := put(l, 100, true, false); !errors.Is(err, ErrRaw) {
		t.Errorf("a record of its own: %v", err)
	}
	own, _, _ := started(t, Events{})
	if err := own.AppendRaw(0, []byte("x"), take); !errors.Is(err, ErrNotRaw) || own.End() != 0 {
		t.Errorf("bytes for a log of records: %v", err)
	}
}
