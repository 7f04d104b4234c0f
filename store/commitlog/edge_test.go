package commitlog

import (
	"errors"
	"math"
	"slices"
	"syscall"
	"testing"
	"time"

	"gorocket/store/record"
	"gorocket/store/vfs"
)

// rolling is a started log that makes files as appends need them, until the test ends.
func rolling(t *testing.T) (*Log, *vfs.Mem) {
	t.Helper()
	l, mem, _ := started(t, Events{})
	done := make(chan struct{})
	ctx := t.Context()
	go func() { l.alloc.run(ctx); close(done) }()
	t.Cleanup(func() { <-done })
	return l, mem
}

// fillFiles appends until n files are full and the next one begun.
func fillFiles(t *testing.T, l *Log, n int) {
	t.Helper()
	for len(l.Segments()) <= n {
		if _, err := put(l, 30_000, false, false); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStoreTimeNeverGoesBack: a clock that is set back, and a log that ends with a later time, give the next record the
// newest time that there was.
func TestStoreTimeNeverGoesBack(t *testing.T) {
	l, _, _ := started(t, Events{})
	l.Resume(1500)
	for _, c := range []struct{ now, want int64 }{{1000, 1500}, {2000, 2000}, {1999, 2000}, {2000, 2000}, {2001, 2001}} {
		_, at, err := l.Begin(Want{Size: 100, Now: c.now})
		if err != nil {
			t.Fatal(err)
		}
		l.Put(100, false)
		if err := l.Finish(false, false); err != nil || at != c.want {
			t.Errorf("now %d: stored at %d, want %d (%v)", c.now, at, c.want, err)
		}
	}
	if end, at, err := l.WriteOut(); end != 500 || at != 2001 || err != nil {
		t.Errorf("the log ends at %d, time %d, %v", end, at, err)
	}
}

// TestWaitersWaitForTheirOffset: nobody is told before the disk has what they wait for, and all who are reached are.
func TestWaitersWaitForTheirOffset(t *testing.T) {
	l, mem, _ := started(t, Events{})
	if _, err := put(l, 200, true, false); err != nil {
		t.Fatal(err)
	}
	var told []int64
	wait := func(offset int64) {
		l.WaitDurable(offset, waitFunc(func(err error) {
			if err == nil {
				told = append(told, offset)
			}
		}))
	}
	for _, offset := range []int64{1, 199, 200, 201, 400} {
		wait(offset)
	}
	mem.Inject(func(op, _ string) error {
		if op == "sync" && len(told) > 0 {
			t.Errorf("%v were told before the disk had anything", told)
		}
		return nil
	})
	if err := l.Flush(); err != nil || !slices.Equal(told, []int64{1, 199, 200}) {
		t.Errorf("200 bytes are durable: %v were told, %v", told, err)
	}
	mem.Inject(nil)
	if wait(200); !slices.Equal(told, []int64{1, 199, 200, 200}) || l.Durable.pending() != 2 {
		t.Errorf("what is durable is waited for: told %v, %d wait", told, l.Durable.pending())
	}
	if _, err := put(l, 200, true, false); err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(); err != nil || !slices.Equal(told, []int64{1, 199, 200, 200, 201, 400}) {
		t.Errorf("400 bytes are durable: %v were told, %v", told, err)
	}
}

// TestWaitersOfAFailedFlush: who waits for what the disk did not take is told so, and so is who comes later.
func TestWaitersOfAFailedFlush(t *testing.T) {
	l, mem, _ := started(t, Events{})
	if _, err := put(l, 200, true, false); err != nil {
		t.Fatal(err)
	}
	var got []error
	note := waitFunc(func(err error) { got = append(got, err) })
	l.WaitDurable(200, note)
	mem.Inject(func(op, _ string) error {
		if op == "sync" {
			return syscall.EIO
		}
		return nil
	})
	if err := l.Flush(); !errors.Is(err, syscall.EIO) {
		t.Errorf("flush: %v", err)
	}
	l.WaitDurable(200, note)
	if len(got) != 2 || !errors.Is(got[0], syscall.EIO) || !errors.Is(got[1], ErrNotWritable) || l.Durable.Load() != 0 {
		t.Errorf("told %v; durable up to %d", got, l.Durable.Load())
	}
}

// TestEnough: a waiter wakes the flusher when as many are there as are worth it.
func TestEnough(t *testing.T) {
	var p Position
	w := waiting{offset: 10, w: waitFunc(func(error) {})}
	if p.expect(0) || p.expect(2) {
		t.Error("nobody waits, and it is enough")
	}
	for i, want := range []bool{false, true, true} {
		if enough, err := p.add(w); enough != want || err != nil {
			t.Errorf("waiter %d of 2: enough %v, %v", i+1, enough, err)
		}
	}
	if !p.expect(3) || p.expect(4) || !p.expect(0) {
		t.Error("3 wait, which is enough for 3 and not for 4")
	}
	if got := p.reached(9); len(got) != 0 || p.pending() != 3 {
		t.Errorf("%d were taken at 9", len(got))
	}
	if got := p.reached(10); len(got) != 3 || p.pending() != 0 {
		t.Errorf("%d were taken at 10", len(got))
	}
	p.close(ErrClosed)
	p.close(ErrNotStarted)
	if _, err := p.add(w); err != ErrClosed {
		t.Errorf("closed: %v", err)
	}
}

// TestLeases: who holds a lease reads on when the file is gone; the last one gives the memory back, and nobody gets a
// new one.
func TestLeases(t *testing.T) {
	l, mem := rolling(t)
	fillFiles(t, l, 3)
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	seg := l.Lease(0)
	before := mem.Mapped()
	if seg == nil || seg != l.Oldest() {
		t.Fatalf("leased %v, the oldest is %v", seg, l.Oldest())
	}
	if err := l.DropOldest(seg); err != nil {
		t.Fatal(err)
	}
	if seg.Data[5] != 'x' || mem.Mapped() != before {
		t.Error("the memory of a leased file is gone")
	}
	if l.Lease(0) != nil || l.Min() != 64<<10 {
		t.Errorf("a file that is gone is leased; the log begins at %d", l.Min())
	}
	if !seg.Acquire() {
		t.Error("who has a lease gets no other one")
	}
	seg.Release()
	seg.Release()
	if mem.Mapped() != before-1 || seg.Acquire() {
		t.Errorf("%d mappings, %d before", mem.Mapped(), before)
	}
	if _, ok := l.RecordAt(64 << 10); ok {
		t.Error("x is no record")
	}
	for _, s := range l.Segments() {
		if n := s.refs.Load(); n != 1 {
			t.Errorf("%s has %d references", s.Name, n)
		}
	}
}

// TestOldest: neither of the last two files goes, nor one that is not durable.
func TestOldest(t *testing.T) {
	l, _ := rolling(t)
	fillFiles(t, l, 1)
	_ = l.Flush()
	if l.Oldest() != nil {
		t.Error("one of two files may go")
	}
	fillFiles(t, l, 2)
	l.Durable.Store(64<<10 - 1)
	if l.Oldest() != nil {
		t.Error("a file that is not durable may go")
	}
	if l.Durable.Store(64 << 10); l.Oldest() != l.Segments()[0] {
		t.Error("the first of three durable files may not go")
	}
}

// TestFind: an offset is in the file that begins at or below it.
func TestFind(t *testing.T) {
	l, _ := rolling(t)
	fillFiles(t, l, 3)
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := l.DropOldest(l.Oldest()); err != nil {
		t.Fatal(err)
	}
	segs := l.Segments()
	const size = 64 << 10
	for offset, want := range map[int64]*Segment{0: nil, size - 1: nil, size: segs[0], 2*size - 1: segs[0],
		2 * size: segs[1], 4*size - 1: segs[2], 4 * size: nil} {
		if got := l.Find(offset); got != want {
			t.Errorf("%d is in %+v", offset, got)
		}
	}
	if l.NextFile(size) != 2*size || l.NextFile(2*size-1) != 2*size || l.LastEnd() != 4*size {
		t.Errorf("next files %d and %d; the last one ends at %d", l.NextFile(size), l.NextFile(2*size-1), l.LastEnd())
	}
	end := l.End()
	last := l.Find(end)
	for _, c := range []struct {
		at   int64
		size int
		ok   bool
	}{{end - 10, 10, true}, {end - 10, 11, false}, {end - 10, 0, false}, {end - 10, -1, false}, {end, 1, false}} {
		if b := l.Slice(last, c.at, c.size); (b != nil) != c.ok || c.ok && (len(b) != c.size || cap(b) != c.size) {
			t.Errorf("%+v: %d bytes", c, len(b))
		}
	}
	if l.Slice(segs[0], 2*size-10, 10) == nil || l.Slice(segs[0], 2*size-10, 11) != nil {
		t.Error("what crosses the end of a file is read, or what ends there is not")
	}
}

// TestRoomOfAFile: a record that leaves room for a blank fits, to the byte; the next file begins with the record that
// did not.
func TestRoomOfAFile(t *testing.T) {
	const size = 64 << 10
	for _, n := range []int{size - record.BlankSize, size - record.BlankSize - 1} {
		l, _ := rolling(t)
		if at, err := put(l, n, false, false); err != nil || at != 0 {
			t.Errorf("%d bytes: at %d, %v", n, at, err)
		}
		if at, err := put(l, 100, false, false); err != nil || at != size {
			t.Errorf("behind %d bytes: at %d, %v", n, at, err)
		}
		if got, magic := record.Head(l.Segments()[0].Data[n:]); int(got) != size-n || magic != record.MagicBlank {
			t.Errorf("the rest is %d bytes, %x", got, magic)
		}
	}
	l, _ := rolling(t)
	if _, err := put(l, size-record.BlankSize+1, false, false); !errors.Is(err, ErrExceedsFile) {
		t.Errorf("a record that fits into no file: %v", err)
	}
	half := (size - record.BlankSize) / 2
	for i := range int64(2) {
		if at, err := put(l, half, false, false); err != nil || at != i*int64(half) {
			t.Errorf("half a file: at %d, %v", at, err)
		}
	}
}

// TestPublish: the write buffer is written for who asks for something that may be in it, and only then; what fails
// behind their records is no matter of theirs.
func TestPublish(t *testing.T) {
	l, mem, c := started(t, Events{})
	for range 2 {
		if _, err := put(l, 100, true, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Publish(100); err != nil || l.End() != 200 || l.buffered.Load() {
		t.Fatalf("%v, readable up to %d", err, l.End())
	}
	notes := c.notes
	if err := l.Publish(200); err != nil || c.notes != notes {
		t.Errorf("nothing was buffered: %v, notified %d times", err, c.notes-notes)
	}
	if _, err := put(l, 100, true, true); err != nil || !l.buffered.Load() {
		t.Fatal(err)
	}
	if err := l.Publish(200); err != nil || l.End() != 300 { // who appended may ask with another's end
		t.Errorf("%v, what is buffered is readable up to %d", err, l.End())
	}
	if _, err := put(l, 100, true, true); err != nil {
		t.Fatal(err)
	}
	mem.Inject(func(op, _ string) error {
		if op == "write" {
			return syscall.EIO
		}
		return nil
	})
	if err := l.Publish(300); err != nil {
		t.Errorf("what failed is behind: %v", err)
	}
	if err := l.Publish(301); !errors.Is(err, ErrNotWritable) {
		t.Errorf("it failed: %v", err)
	}
}

// TestBatchIsWrittenWithoutItsSize: the size of a batch's first record is written last, so that a kill leaves the whole
// batch or none of it.
func TestBatchIsWrittenWithoutItsSize(t *testing.T) {
	l, mem, _ := started(t, Events{})
	var seen []byte
	mem.Inject(func(op, name string) error {
		if op == "write" {
			seen = append(seen, l.Segments()[0].Data[3]) // before this write
		}
		return nil
	})
	for _, batch := range []bool{true, false} {
		if _, _, err := l.Begin(Want{Size: 8}); err != nil {
			t.Fatal(err)
		}
		copy(l.Put(8, batch), "\x00\x00\x00\x08rest")
		if err := l.Finish(false, false); err != nil {
			t.Fatal(err)
		}
	}
	if want := []byte{0, 0, 8}; !slices.Equal(seen, want) {
		t.Errorf("the size's last byte before each write: %v, want %v", seen, want)
	}
	if b := l.Segments()[0].Data[:16]; string(b) != "\x00\x00\x00\x08rest\x00\x00\x00\x08rest" {
		t.Errorf("the log holds %q", b)
	}
}

// TestPausesAreApart: the log takes records when no reason is left, and the listener hears of the first and the last.
func TestPausesAreApart(t *testing.T) {
	var told []error
	l, _, _ := started(t, Events{Writable: func(why error) { told = append(told, why) }})
	full := allocationError(syscall.ENOSPC)
	l.SetPause(PauseLevel, ErrDiskFull)
	l.SetPause(pauseNext, full)
	if l.SetPause(PauseLevel, nil); l.Writable() == nil || !l.WantsRoom() {
		t.Errorf("a reason is left: %v", l.Writable())
	}
	if l.SetPause(pauseNext, nil); l.Writable() != nil || l.WantsRoom() {
		t.Errorf("no reason is left: %v", l.Writable())
	}
	if len(told) != 2 || told[0] != ErrDiskFull || told[1] != nil {
		t.Errorf("told %v", told)
	}
}

// TestResidencyIsBelievedForAMoment: the kernel is asked once for a place that many come past, and again later.
func TestResidencyIsBelievedForAMoment(t *testing.T) {
	l, mem, _ := started(t, Events{})
	asked, missing := 0, true
	mem.Inject(func(op, _ string) error {
		if op == "resident" {
			if asked++; missing {
				return syscall.EIO
			}
		}
		return nil
	})
	seg := l.Segments()[0]
	if seg.Resident(0, 100) {
		t.Error("in memory, though the kernel said no")
	}
	missing = false
	before := asked
	if !seg.Resident(0, 100) || asked != before+1 { // the piece alone; the chunk is believed missing
		t.Errorf("asked %d times more", asked-before)
	}
	seg.asked[0].Store(time.Now().UnixMilli() - residentFor)
	before = asked
	begin := time.Now()
	for range 3 {
		if !seg.Resident(0, 100) {
			t.Error("not in memory")
		}
	}
	if asked < before+1 || asked > before+1 && time.Since(begin) < residentFor*time.Millisecond {
		t.Errorf("asked %d times for one place in a moment", asked-before)
	}
	seg.asked[0].Store(math.MaxInt64) // a clock that went back
	if before = asked; !seg.Resident(0, 100) || asked != before+1 {
		t.Errorf("asked %d times after the clock went back", asked-before)
	}
}

// TestTruncateDropsFiles: files that begin at or behind the end go, the one that the end is in stays.
func TestTruncateDropsFiles(t *testing.T) {
	const size = 64 << 10
	for _, c := range []struct {
		end   int64
		files int
	}{{3*size + 1, 4}, {3 * size, 3}, {3*size - 1, 3}, {size, 1}, {1, 1}, {0, 1}} {
		l, mem := rolling(t)
		fillFiles(t, l, 3)
		if _, err := l.Truncate(c.end, false); err != nil {
			t.Fatal(err)
		}
		list, _ := mem.ReadDir("/log")
		list = slices.DeleteFunc(list, func(fi vfs.FileInfo) bool { return fi.Name >= "00000000000000262144" }) // made ahead
		if len(l.Segments()) != c.files || len(list) != c.files || l.End() != c.end || l.Durable.Load() != c.end {
			t.Errorf("end %d: %d files, %d on disk, ends at %d", c.end, len(l.Segments()), len(list), l.End())
		}
	}
}

// TestPositionsMoveOnce: a position that is where it is to go has not moved; who asks behind it need not wait.
func TestPositionsMoveOnce(t *testing.T) {
	var p Position
	for i, c := range []struct {
		to   int64
		want bool
	}{{10, true}, {10, false}, {9, false}, {11, true}, {0, false}} {
		if got := p.raise(c.to); got != c.want {
			t.Errorf("%d: to %d: moved %v", i, c.to, got)
		}
	}
	p.want = 1
	if passed, enough := p.await(1, 11); !passed || enough {
		t.Errorf("passed %v, enough %v", passed, enough)
	}
	if passed, enough := p.await(1, 12); passed || !enough {
		t.Errorf("one waits: passed %v, enough %v", passed, enough)
	}
	if passed, err := p.addUnless(waiting{offset: 11}); !passed || err != nil || len(p.waiters) != 0 {
		t.Errorf("passed %v, %v, %d wait", passed, err, len(p.waiters))
	}
	if passed, err := p.addUnless(waiting{offset: 12}); passed || err != nil || len(p.waiters) != 1 {
		t.Errorf("passed %v, %v, %d wait", passed, err, len(p.waiters))
	}
}

// TestFailedAppendGivesTheLockBack: others find the log as it was before, with the reason, and what is buffered counts
// as
// its end until it is written.
func TestFailedAppendGivesTheLockBack(t *testing.T) {
	var told []string
	l, mem, c := started(t, Events{Error: func(what, file string, err error) { told = append(told, what) }})
	if _, err := put(l, 100, true, true); err != nil || l.tailEnd() != 100 || l.End() != 0 {
		t.Fatal(err, l.tailEnd(), l.End())
	}
	if end, _, err := l.WriteOut(); err != nil || end != 100 || l.tailEnd() != 100 {
		t.Fatal(err, end, l.tailEnd())
	}
	l.reportErr("nothing", "f", nil)
	l.reportErr("something", "f", errors.New("x"))
	if !slices.Equal(told, []string{"something"}) {
		t.Errorf("told %q", told)
	}
	mem.Inject(func(op, _ string) error {
		if op == "write" {
			return syscall.EIO
		}
		return nil
	})
	if _, err := put(l, 100, true, false); !errors.Is(err, ErrNotWritable) || c.aborts != 1 {
		t.Errorf("%v, %d aborted", err, c.aborts)
	}
	free := make(chan struct{})
	go func() { l.Quiesce(); close(free) }()
	select {
	case <-free:
	case <-time.After(10 * time.Second):
		t.Fatal("the lock is held")
	}
	if _, err := put(l, 100, true, false); !errors.Is(err, ErrNotWritable) || l.End() != 100 || l.tailEnd() != 100 {
		t.Errorf("%v, ends at %d and %d", err, l.End(), l.tailEnd())
	}
	ran := false
	if err := l.Barrier(func() { ran = true }); err != nil || !ran {
		t.Errorf("nothing is buffered: %v, ran %v", err, ran)
	}
}
