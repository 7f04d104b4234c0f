package commitlog

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"gorocket/store/vfs"
)

// unopened is a new log of files of 64 KiB on a disk of so many bytes.
func unopened(t *testing.T, disk int64, ev Events) (*Log, *vfs.Mem) {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	mem.Limit(disk)
	return New(Options{FS: mem, Paths: []string{"/log"}, SegmentSize: 64 << 10}, Settings{AppendTimeout: time.Minute},
		new(tally), ev), mem
}

// TestLittleRoom: a new log tells when its disk has room for fewer than littleRoom files, and refuses to start without
// room for one.
func TestLittleRoom(t *testing.T) {
	const size = 64 << 10
	for disk, want := range map[int64]bool{4 * size: false, 4*size - 4096: true, size: true} {
		told := 0
		l, _ := unopened(t, disk, Events{LittleRoom: func(e *RoomError) {
			if told++; e.Need != size || e.Free != disk-size || !e.New {
				t.Errorf("told %+v", e)
			}
		}})
		if err := l.OpenTail(); err != nil || (told == 1) != want {
			t.Errorf("a disk of %d bytes: told %d times, %v", disk, told, err)
		}
		l.Close()
	}
	l, mem := unopened(t, size-4096, Events{})
	var room *RoomError
	if err := l.OpenTail(); !errors.As(err, &room) || !room.New || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("no room for the first file: %v", err)
	}
	if list, _ := mem.ReadDir("/log"); len(list) != 0 {
		t.Errorf("%d files are left", len(list))
	}
}

// TestRoomComesLater: a log with messages and without room for the next one starts, says why it takes none, and does
// once there is room.
func TestRoomComesLater(t *testing.T) {
	const size = 64 << 10
	var told []error
	l, mem := unopened(t, 0, Events{Writable: func(why error) { told = append(told, why) }})
	if err := l.OpenTail(); err != nil {
		t.Fatal(err)
	}
	l.Close()
	l = New(l.opt, *l.settings.Load(), new(tally), l.ev)
	if err := l.Load(); err != nil {
		t.Fatal(err)
	}
	l.Readable.Store(size) // it is full
	mem.Limit(size + 4096)
	if err := l.OpenTail(); err != nil || len(told) != 1 || !errors.Is(told[0], ErrDiskFull) {
		t.Fatalf("%v, told %v", err, told)
	}
	l.Start()
	t.Cleanup(l.Close)
	if err := l.Writable(); !errors.Is(err, ErrNotWritable) || !errors.Is(err, syscall.ENOSPC) || !l.WantsRoom() {
		t.Errorf("without room: %v", err)
	}
	if _, err := put(l, 100, true, false); !errors.Is(err, ErrNotWritable) {
		t.Errorf("an append without room: %v", err)
	}
	if l.RetryTail(); l.Writable() == nil || len(told) != 1 {
		t.Errorf("there still is no room: %v, told %v", l.Writable(), told)
	}
	mem.Limit(0)
	if l.RetryTail(); l.Writable() != nil || l.WantsRoom() || len(told) != 2 || told[1] != nil {
		t.Errorf("there is room: %v, told %v", l.Writable(), told)
	}
	if at, err := put(l, 100, true, false); err != nil || at != size {
		t.Errorf("at %d, %v", at, err)
	}
	if ready, wanted := l.Ahead(); ready || wanted {
		t.Errorf("the next file: there %v, wanted %v", ready, wanted)
	}
}

// TestErrorClasses: what callers ask of the errors that an append gives.
func TestErrorClasses(t *testing.T) {
	for _, err := range []error{allocationError(syscall.ENOSPC), &syncError{flushFailed, "f", syscall.EIO}, ErrDiskFull} {
		if !errors.Is(err, ErrNotWritable) {
			t.Errorf("%v is not of class ErrNotWritable", err)
		}
	}
	if !errors.Is(allocationError(syscall.EDQUOT), ErrDiskFull) || allocationError(nil) != nil ||
		allocationError(ErrClosed) != ErrClosed || allocationError(ErrNoNextFile) != ErrNoNextFile {
		t.Error("errors of allocations")
	}
	for free, want := range map[int64]int64{1 << 40: 1 << 30, 16 << 30: 1 << 30, 16<<30 - 1: 512 << 20, 1 << 20: 64 << 10,
		0: minSegmentSize} {
		if got := smallerFile(free); got != want {
			t.Errorf("%d bytes free: files of %d, want %d", free, got, want)
		}
	}
}

// TestNextFileThatNobodyNeedsYet: that the next file cannot be made is the log's state from the moment on at which an
// append needs it, until it is there; the end of a log is none.
func TestNextFileThatNobodyNeedsYet(t *testing.T) {
	var told []error
	l, _, _ := started(t, Events{Writable: func(why error) { told = append(told, why) }})
	a := l.alloc
	is := func(what string, refused error, n int) {
		t.Helper()
		if err := l.Writable(); !errors.Is(err, refused) || len(told) != n || n > 0 && !errors.Is(told[n-1], refused) {
			t.Errorf("%s: %v, told %v", what, err, told)
		}
	}
	a.setErr(syscall.ENOSPC)
	is("nobody needs it", nil, 0)
	if err := a.refused(); err != syscall.ENOSPC {
		t.Errorf("who asks hears %v", err)
	}
	is("an append has asked", ErrDiskFull, 1)
	a.setErr(syscall.ENOSPC)
	is("it fails again", ErrDiskFull, 1)
	a.setErr(nil)
	is("it is there", nil, 2)
	if err := a.refused(); err != nil {
		t.Errorf("who asks hears %v", err)
	}
	is("an append has asked again", nil, 2)
	a.need.Store(true)
	a.setErr(syscall.ENOSPC)
	is("somebody waits for it", ErrDiskFull, 3)
	a.setErr(nil)
	is("there again", nil, 4)
	a.end()
	if err := a.refused(); err != ErrClosed {
		t.Errorf("at the end: %v", err)
	}
	is("the end", nil, 4)
}
