package commitlog

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"gorocket/store/vfs"
)

// tally is a Committer that counts.
type tally struct{ commits, aborts, notes int }

func (c *tally) Commit(*Segment) { c.commits++ }
func (c *tally) Abort()          { c.aborts++ }
func (c *tally) Notify()         { c.notes++ }

// started returns a log of files of 64 KiB that takes records; nothing runs beside it.
func started(t *testing.T, ev Events) (*Log, *vfs.Mem, *tally) {
	t.Helper()
	mem, c := vfs.NewMem(), new(tally)
	t.Cleanup(mem.Free)
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	opt := Options{FS: mem, Paths: []string{"/log"}, SegmentSize: 64 << 10}
	l := New(opt, Settings{AppendTimeout: time.Minute, SyncTimeout: time.Minute}, c, ev)
	if err := l.OpenTail(); err != nil {
		t.Fatal(err)
	}
	l.Start()
	t.Cleanup(l.Close)
	return l, mem, c
}

// put appends n bytes.
func put(l *Log, n int, noWait, stay bool) (offset int64, err error) {
	offset, _, err = l.Begin(Want{Size: n, NoWait: noWait, Buffer: stay})
	if err != nil {
		return 0, err
	}
	b := l.Put(n, false)
	for i := range b {
		b[i] = 'x'
	}
	return offset, l.Finish(stay, stay)
}

// TestPositions: what is in the write buffer has its place and cannot be read; Publish makes it readable, Flush
// durable.
func TestPositions(t *testing.T) {
	l, _, c := started(t, Events{})
	for i := range int64(3) {
		if at, err := put(l, 100, true, true); err != nil || at != i*100 {
			t.Fatalf("at %d, %v", at, err)
		}
	}
	if l.End() != 0 || c.commits != 0 {
		t.Fatalf("readable up to %d, %d commits", l.End(), c.commits)
	}
	if err := l.Publish(200); err != nil || l.End() != 300 || c.commits != 1 || c.notes != 1 || l.Durable.Load() != 0 {
		t.Fatalf("%v, readable up to %d, durable up to %d, %+v", err, l.End(), l.Durable.Load(), c)
	}
	if b := l.Slice(l.Find(0), 200, 100); string(b) != strings.Repeat("x", 100) {
		t.Errorf("read %q", b)
	}
	told := make(chan error, 1)
	l.WaitDurable(300, waitFunc(func(err error) { told <- err }))
	if err := l.Flush(); err != nil || <-told != nil || l.Durable.Load() != 300 {
		t.Errorf("%v, durable up to %d", err, l.Durable.Load())
	}
}

type waitFunc func(error)

func (f waitFunc) Durable(err error) { f(err) }

// TestFailedWriteCloses: after one failed write nothing is written any more, and the records are gone.
func TestFailedWriteCloses(t *testing.T) {
	failed := 0
	l, mem, c := started(t, Events{Failed: func(string, error) { failed++ }})
	mem.Inject(func(op, _ string) error {
		if op == "write" {
			return syscall.EIO
		}
		return nil
	})
	if _, err := put(l, 100, true, false); !errors.Is(err, ErrSyncFailed) || !errors.Is(err, syscall.EIO) {
		t.Errorf("append: %v", err)
	}
	mem.Inject(nil)
	if _, err := put(l, 100, true, false); !errors.Is(err, ErrNotWritable) {
		t.Errorf("append behind it: %v", err)
	}
	if err := l.Flush(); !errors.Is(err, syscall.EIO) || failed != 1 || c.commits != 0 || c.aborts != 1 ||
		l.End() != 0 {
		t.Errorf("%v, told %d times, %+v, end %d", err, failed, c, l.End())
	}
}

// TestTruncate: what stood behind the end reads as zeros, later files are gone, and the next record goes there.
func TestTruncate(t *testing.T) {
	l, mem, _ := started(t, Events{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { l.alloc.run(ctx); close(done) }()
	for range 5 {
		if _, err := put(l, 30_000, false, false); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	<-done
	dirty, err := l.Truncate(30_000, false)
	if err != nil || dirty != 64<<10-30_000 && dirty != 30_008 {
		t.Fatalf("%d bytes stood there, %v", dirty, err)
	}
	if list, _ := mem.ReadDir("/log"); len(list) != 1 || l.End() != 30_000 || l.Durable.Load() != 30_000 {
		t.Errorf("%d files, end %d", len(list), l.End())
	}
	b, _ := vfs.ReadFile(mem, l.Segments()[0].Name)
	if i := strings.LastIndexByte(string(b), 'x'); i != 29_999 {
		t.Errorf("the last byte is at %d", i)
	}
}

// TestZerosAheadOfAppends: where the allocator writes zeros (SYNC_FLUSH), no append comes, and where appends are, no
// zeros.
func TestZerosAheadOfAppends(t *testing.T) {
	l, _, _ := started(t, Events{})
	if _, err := put(l, 100, true, false); err != nil {
		t.Fatal(err)
	}
	tail := l.app.tail
	if l.claim(tail, 10) {
		t.Fatal("claimed what is written already")
	}
	if !l.claim(tail, 4096) {
		t.Fatal("not claimed")
	}
	if _, err := put(l, 5000, true, false); err != ErrWouldWait {
		t.Fatalf("append into the claim: %v", err)
	}
	if at, err := put(l, 100, true, false); err != nil || at != 100 {
		t.Fatalf("append in front of it: %d, %v", at, err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := put(l, 5000, false, false)
		done <- err
	}()
	time.Sleep(5 * time.Millisecond)
	l.unclaim()
	l.alloc.setErr(nil)
	if err := <-done; err != nil || l.End() != 5200 {
		t.Fatalf("%v, end %d", err, l.End())
	}
	if l.claim(&Segment{}, 4096) {
		t.Error("claimed a file that is not the tail")
	}
}

// TestLevelGoneWhileBroken: room on the disk is no reason to say that appends are accepted while the log is closed for
// another one.
func TestLevelGoneWhileBroken(t *testing.T) {
	var told []error
	l, _, _ := started(t, Events{Writable: func(why error) { told = append(told, why) }})
	l.SetPause(PauseLevel, ErrDiskFull)
	_ = l.closeFailed(flushFailed, "/s/commitlog/x", syscall.EIO)
	l.SetPause(PauseLevel, nil)
	if len(told) != 1 || told[0] != ErrDiskFull {
		t.Errorf("told %v", told)
	}
}

// TestNextLook: without zeros to write ahead the allocator is woken once in a file, where it wants the next one,
// whatever the size.
func TestNextLook(t *testing.T) {
	for _, size := range []int64{4096, 4097} {
		l := New(Options{SegmentSize: size}, Settings{}, nil, Events{})
		a := l.alloc
		at := a.nextLook(1)
		for end, want := range map[int64]bool{size + at - 1: false, size + at: true} {
			if l.Readable.Store(end); a.wanted(2*size) != want {
				t.Errorf("files of %d bytes, log end %d: wanted %v", size, end, !want)
			}
		}
		if again := a.nextLook(at); again <= size {
			t.Errorf("files of %d bytes: woken at %d and again at %d", size, at, again)
		}
	}
}

// TestZeroAhead: the window ahead of the tail is written with zeros once, and no lease stays.
func TestZeroAhead(t *testing.T) {
	mem, writes := vfs.NewMem(), int64(0)
	t.Cleanup(mem.Free)
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	opt := Options{FS: mem, Paths: []string{"/log"}, SegmentSize: 64 << 10, TouchAhead: 16 << 10}
	l := New(opt, Settings{AppendTimeout: time.Minute}, new(tally), Events{})
	var z zeroed
	l.alloc.zeroAhead(&z) // there is no file yet
	if err := l.OpenTail(); err != nil {
		t.Fatal(err)
	}
	l.Start()
	t.Cleanup(l.Close)
	if _, err := put(l, 100, true, false); err != nil {
		t.Fatal(err)
	}
	mem.Inject(func(op, _ string) error {
		if op == "write" {
			writes++
		}
		return nil
	})
	for range 3 {
		l.alloc.zeroAhead(&z)
	}
	seg := l.Segments()[0]
	if writes != 1 || z.seg != seg || z.upTo != 8<<10+16<<10 || seg.refs.Load() != 1 || seg.Data[99] != 'x' {
		t.Errorf("%d writes, zeros up to %d, %d references", writes, z.upTo, seg.refs.Load())
	}
	if at, err := put(l, 30_000, true, false); err != nil || at != 100 {
		t.Errorf("an append behind the zeros: at %d, %v", at, err)
	}
}
