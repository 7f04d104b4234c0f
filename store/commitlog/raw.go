package commitlog

import (
	"errors"
	"fmt"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/record"
)

// A raw log is the copy of another one (Options.Raw): it takes that log's bytes instead of records, in pieces that may
// end anywhere, and none of its own (Java CommitLog.appendData). What has come in stands in the file at once; only
// whole records, and blanks that reach to the end of their file, can be read. One goroutine at a time calls AppendRaw
// and DropPartial, and nobody else moves the tail.

// ErrRaw refuses records of its own to a raw log: it is a slave's.
var ErrRaw error = &notWritable{"the broker is a slave"}

// ErrNotRaw refuses another log's bytes to a log that takes records: it is a master's.
var ErrNotRaw error = &notWritable{"the broker is a master"}

// PlaceError says that raw bytes do not belong where the log ends.
type PlaceError struct {
	Want int64 // end of the raw log; -1: any multiple of the file size
	Got  int64
	Size int64 // bytes of a file
}

func (e *PlaceError) Error() string {
	if e.Want < 0 {
		return fmt.Sprintf("store: the first byte of an empty log at %d, which is no multiple of "+
			"mappedFileSizeCommitLog %d: master and slave must have the same", e.Got, e.Size)
	}
	return fmt.Sprintf("store: the log ends at %d, but the bytes that came are those from %d on", e.Want, e.Got)
}

// BlockError says that raw bytes cross the end of a file.
type BlockError struct {
	At, Len int64 // of the bytes
	Size    int64 // bytes of a file
}

func (e *BlockError) Error() string {
	return fmt.Sprintf("store: %d bytes from %d on cross the end of a commit log file: master and slave must have "+
		"the same mappedFileSizeCommitLog, here %d", e.Len, e.At, e.Size)
}

// Taker notes what a whole record means, for Committer.Commit. It runs under the append lock and may not wait. When it
// returns a *Pending, what was noted so far is committed, Do runs without the lock, and the same record comes again.
// After any other error the record, and what came behind it, is not part of the log.
type Taker func(m *record.View) error

// Pending is what has to be done before a record can be taken, and may take its time.
type Pending struct{ Do func() error }

func (*Pending) Error() string { return "store: something has to be done before this record" }

// RawEnd is the offset at which a raw log goes on: behind the last byte that came in. -1 when it is empty: then it may
// begin at any multiple of the file size.
func (l *Log) RawEnd() int64 {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	switch {
	case l.app.tail != nil && l.app.tail.Base+l.app.pos > 0:
		return l.app.tail.Base + l.app.pos
	case l.End() > 0:
		return l.End()
	}
	return -1
}

// AppendRaw writes bytes of the other log, which stand there at offset at and are part of one file, and hands the
// records that are whole now to take. Errors: *PlaceError and *BlockError (nothing is written), *datafile.
// CorruptionError for what recovery would not take either (the log ends in front of it as before), those of class
// ErrNotWritable.
func (l *Log) AppendRaw(at int64, b []byte, take Taker) error {
	if err := l.rawTail(at, int64(len(b))); err != nil || len(b) == 0 {
		return err
	}
	l.lock(time.Now().UnixMilli())
	err := l.write(l.app.tail, b, l.app.pos)
	if err == nil {
		l.app.pos += int64(len(b))
		l.lookAhead()
		err = l.takeWhole(take)
	}
	for pending := (*Pending)(nil); errors.As(err, &pending); {
		l.unlock()
		err = pending.Do()
		l.lock(time.Now().UnixMilli())
		if err == nil {
			err = l.takeWhole(take)
		}
	}
	if err != nil {
		err = errors.Join(err, l.dropPartial())
	}
	l.unlock()
	l.committer.Notify()
	return err
}

// rawTail makes sure that the tail is the file of [at, at+n).
func (l *Log) rawTail(at, n int64) error {
	if !l.opt.Raw {
		return ErrNotRaw
	}
	if p := l.state.broken.Load(); p != nil { // want of room closes no log that gets no records of its own
		return *p
	}
	want := l.RawEnd()
	if want >= 0 && at != want || want < 0 && (at < 0 || at%l.opt.SegmentSize != 0) {
		return &PlaceError{Want: want, Got: at, Size: l.opt.SegmentSize}
	}
	if at%l.opt.SegmentSize+n > l.opt.SegmentSize {
		return &BlockError{at, n, l.opt.SegmentSize}
	}
	tail := l.app.tail
	if n == 0 || tail != nil && at < tail.End() && at >= tail.Base {
		return nil
	}
	if want < 0 || tail == nil {
		return l.beginRaw(at)
	}
	return l.rollRaw()
}

// beginRaw makes the first file of a log, or the one behind those that a start found.
func (l *Log) beginRaw(at int64) error {
	for _, seg := range l.Segments() { // of a log that never had a record and began elsewhere
		if l.End() > 0 {
			break
		}
		if err := l.DropOldest(seg); err != nil {
			return err
		}
	}
	seg, err := createSegment(l.opt.FS, l.dirFor(at), at, l.opt.SegmentSize)
	l.SetPause(pauseFirst, allocationError(err))
	if err != nil {
		return allocationError(err)
	}
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	l.push(seg)
	l.Readable.Store(at)
	l.Durable.Store(at)
	l.app.tail, l.app.pos, l.app.lookAt = seg, 0, 0
	l.alloc.rebase(seg.End())
	l.wakeFlusher()
	return nil
}

// rollRaw goes on to the next file. It waits for it, at most AppendTimeout.
func (l *Log) rollRaw() error {
	giveUp := time.Now().Add(l.settings.Load().AppendTimeout)
	for {
		changed := l.alloc.changes()
		l.app.mu.Lock()
		next := l.alloc.take()
		if next != nil {
			l.push(next)
			l.app.tail, l.app.pos, l.app.lookAt = next, 0, 0
			l.app.mu.Unlock()
			l.wakeFlusher()
			return nil
		}
		l.app.mu.Unlock()
		if err := l.alloc.await(changed, time.Until(giveUp)); err != nil {
			return allocationError(err)
		}
	}
}

// takeWhole hands over the records that are whole and makes them readable. Caller holds the append lock.
func (l *Log) takeWhole(take Taker) (err error) {
	seg, from, m := l.app.tail, l.End(), &l.app.view
	at := from - seg.Base
	for err == nil {
		ok := false
		if ok, err = seg.whole(at, l.app.pos, l.opt.Checks, m); !ok || err != nil {
			break
		}
		if m.Size == 0 { // a blank
			at = seg.Size
			break
		}
		if err = take(m); err == nil {
			at += int64(m.Size)
			l.app.lastTime = max(l.app.lastTime, m.StoreTimestamp)
		}
	}
	if seg.Base+at > from {
		l.advance(seg.Base + at)
		l.committer.Commit(seg)
	}
	return err
}

// whole looks whether what stands at position p of a file of which have bytes are written is there as a whole: a record
// in m, or a blank, which has an m.Size of 0. Errors are *datafile.CorruptionError.
func (s *Segment) whole(p, have int64, checks Checks, m *record.View) (ok bool, err error) {
	m.Size = 0
	if have == s.Size && s.Size-p < record.BlankSize {
		return p < s.Size, nil
	}
	if have-p < record.BlankSize {
		return false, nil
	}
	size, magic := record.Head(s.Data[p:])
	switch {
	case magic == record.MagicBlank && int64(size) == s.Size-p:
		return have == s.Size, nil
	case magic == record.MagicBlank:
		return false, s.bad(p, fmt.Sprintf("a blank of %d bytes, %d in front of the end of the file: master and "+
			"slave must have the same mappedFileSizeCommitLog", size, s.Size-p))
	case size >= record.MinSize && int64(size) <= s.Size-p && int64(size) > have-p &&
		(magic == record.MagicV1 || magic == record.MagicV2):
		return false, nil
	}
	switch st, why := s.Examine(p, checks, m); st {
	case StepRecord:
		return true, nil
	case StepEmpty:
		return false, s.bad(p, "zeros instead of a record")
	default:
		return false, s.bad(p, why)
	}
}

func (s *Segment) bad(p int64, why string) error {
	return &datafile.CorruptionError{File: s.Name, Offset: p, Reason: "in the bytes that came from the master: " + why}
}

// DropPartial ends a raw log behind its last whole record, as the next start would: who goes on need not have the same
// bytes. An error closes the log for writes.
func (l *Log) DropPartial() error {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	return l.dropPartial()
}

// dropPartial is DropPartial under the append lock. What stays behind the end is made zero: a start must not find
// records there.
func (l *Log) dropPartial() error {
	a := &l.app
	if !l.opt.Raw || a.tail == nil || a.tail.Base+a.pos <= l.End() {
		return nil
	}
	if err := l.Failed(); err != nil {
		return err
	}
	end := l.End() - a.tail.Base
	if err := a.tail.file.Zero(end, a.pos-end); err != nil {
		defer l.wakeFlusher()
		return l.closeFailed(writeFailed, a.tail.Name, err)
	}
	a.pos = end
	return nil
}
