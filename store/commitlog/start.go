package commitlog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
)

// OpenTail finds or makes the file for the next record, before Start. Without room for it the log starts all the same,
// but not a new one: reads go on, and cleaning may make room, see RetryTail.
func (l *Log) OpenTail() error {
	if l.raw.Load() && l.lastWritable() == nil {
		return l.TailRefused() // the first block says where the next file begins
	}
	fresh := len(l.Segments()) == 0
	err := l.openTail()
	switch {
	case err == nil && fresh && l.End() == 0:
		l.checkRoom(l.opt.Paths[0])
	case errors.Is(err, syscall.ENOSPC):
		var room *RoomError
		if fresh && errors.As(err, &room) {
			room.New = true
			return fmt.Errorf("store: a new store has no room for its first message: %w", room)
		}
		l.reportErr("first commit log file", l.opt.Paths[0], err)
		l.SetPause(pauseFirst, allocationError(err))
		return nil
	}
	return err
}

// Start lets appends in. Run has to be running.
func (l *Log) Start() {
	l.rolledTo = l.LastEnd()
	l.alloc.next.Store(l.NextFile(l.End()))
	l.state.broken.Store(nil)
}

// Run flushes, makes files ahead and ends waits, until ctx ends.
func (l *Log) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { l.alloc.run(ctx) })
	wg.Go(func() { l.runFlusher(ctx) })
	wg.Go(func() { l.runTimeouts(ctx) })
	wg.Wait()
}

// RetryTail makes the file for the next record if Start found no room for it.
func (l *Log) RetryTail() {
	if l.raw.Load() || l.haveTail() {
		return
	}
	err := l.lateTail()
	l.reportErr("first commit log file", l.opt.Paths[0], err)
	l.SetPause(pauseFirst, allocationError(err))
}

// haveTail tells that there is a file for the next record.
func (l *Log) haveTail() bool {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	return l.app.tail != nil
}

// lateTail is openTail for a log that is running without a file to write to.
func (l *Log) lateTail() error {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	if err := l.Writable(); err != nil && !errors.Is(err, ErrDiskFull) {
		return nil // closed meanwhile
	}
	return l.openTail()
}

// openTail finds or makes the file the next record goes to. Caller holds the append lock, or nobody appends yet.
func (l *Log) openTail() error {
	if seg := l.lastWritable(); seg != nil {
		return l.setTail(seg)
	}
	if err := l.TailRefused(); err != nil {
		return err
	}
	base := l.End()
	seg, err := createSegment(l.opt.FS, l.dirFor(base), base, l.opt.SegmentSize)
	if err != nil {
		return err
	}
	l.push(seg)
	return l.setTail(seg)
}

// lastWritable is the file that the log ends in, nil if the next record needs a new one.
func (l *Log) lastWritable() *Segment {
	segs := l.Segments()
	if n := len(segs); n > 0 && l.End() < segs[n-1].End() && !segs[n-1].ReadOnly {
		return segs[n-1]
	}
	return nil
}

// setTail reserves the blocks of the tail: a file that Java made is sparse.
func (l *Log) setTail(seg *Segment) error {
	if err := seg.file.Allocate(0, seg.Size); err != nil {
		return err
	}
	l.app.tail, l.app.pos = seg, l.End()-seg.Base
	return nil
}

// TailRefused tells why OpenTail finds no place for the next record, whatever room there is.
func (l *Log) TailRefused() error {
	if l.lastWritable() != nil {
		return nil
	}
	if at := l.End(); at%l.opt.SegmentSize != 0 {
		return fmt.Errorf("store: the log ends inside a file of readOnlyCommitLogStorePaths, at %d: the last file "+
			"must be in storePathCommitLog", at)
	}
	return nil
}
