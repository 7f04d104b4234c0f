package commitlog

import (
	"errors"
	"fmt"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/record"
)

// A raw log is the copy of another one (Options.Raw): it takes that log's bytes instead of records, in pieces that may
// end anywhere, and none of its own (Java CommitLog.appendData). Only whole records, and blanks that reach to the end
// of their file, are written; what is not whole waits in memory, one record at most. Java writes it at once: a start
// after a kill then may find a record whole whose properties are cut, since no CRC covers them, and the copy differs
// for good. One goroutine at a time calls AppendRaw and DropPartial, and nobody else moves the tail.

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

// RawEnd is the offset at which a raw log goes on: behind the last byte that came in, whole or not. -1 when it is
// empty: then it may begin at any multiple of the file size.
func (l *Log) RawEnd() int64 {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	switch {
	case l.app.tail != nil && l.app.tail.Base+l.app.pos+int64(len(l.app.raw)) > 0:
		return l.app.tail.Base + l.app.pos + int64(len(l.app.raw))
	case l.End() > 0:
		return l.End()
	}
	return -1
}

// AppendRaw takes bytes of the other log, which stand there at offset at and are part of one file, writes the records
// that are whole now, and hands them to take before. Errors: *PlaceError and *BlockError (nothing is taken),
// *datafile.CorruptionError for what recovery would not take either (the log ends in front of it), those of class
// ErrNotWritable. After an error what is not whole is forgotten, as by DropPartial.
func (l *Log) AppendRaw(at int64, b []byte, take Taker) error {
	if err := l.rawTail(at, int64(len(b))); err != nil || len(b) == 0 {
		return err
	}
	l.lock(time.Now().UnixMilli())
	b, err := l.feed(b, take)
	for pending := (*Pending)(nil); errors.As(err, &pending); {
		l.unlock()
		err = pending.Do()
		l.lock(time.Now().UnixMilli())
		if err == nil {
			b, err = l.feed(b, take)
		}
	}
	if err != nil {
		l.app.raw = l.app.raw[:0]
	}
	l.unlock()
	l.committer.Notify()
	return err
}

// rawTail makes sure that the tail is the file of [at, at+n).
func (l *Log) rawTail(at, n int64) error {
	if !l.raw.Load() {
		return ErrNotRaw
	}
	if p := l.state.broken.Load(); p != nil { // want of room closes no log that gets no records of its own
		return *p
	}
	want := l.RawEnd()
	fits := at == want
	if want < 0 {
		fits = at >= 0 && at%l.opt.SegmentSize == 0
	}
	if !fits {
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

// joinMost is how many bytes are copied behind a record that is not whole, to be written with it; of more that come at
// once only what it lacks is, and one system call more writes the rest from where it came in.
const joinMost = 64 << 10

// feed takes what came in behind the bytes that are not whole, which it then keeps. After an error it returns what it
// has not looked at yet. Caller holds the append lock.
func (l *Log) feed(b []byte, take Taker) (rest []byte, err error) {
	a := &l.app
	for len(a.raw) > 0 {
		n, err := l.takeWhole(a.raw, take)
		if a.raw = a.raw[:copy(a.raw, a.raw[n:])]; err != nil || len(b) == 0 {
			return b, err
		}
		if len(a.raw) > 0 {
			n := min(a.lacks(), int64(len(b)))
			if len(b) <= joinMost {
				n = int64(len(b))
			}
			a.raw, b = append(a.raw, b[:n]...), b[n:]
		}
	}
	if cap(a.raw) > bufferKept {
		a.raw = nil
	}
	n, err := l.takeWhole(b, take)
	if err != nil {
		return b[n:], err
	}
	a.raw = append(a.raw, b[n:]...)
	return nil, nil
}

// lacks is how many bytes the record, or blank, that raw begins with lacks to be whole, or to be looked at. Caller
// holds the append lock.
func (a *appender) lacks() int64 {
	have, rest := int64(len(a.raw)), a.tail.Size-a.pos
	if head := min(rest, record.BlankSize); have < head {
		return head - have
	}
	size, magic := record.Head(a.raw)
	if magic == record.MagicBlank {
		return rest - have
	}
	return int64(size) - have
}

// takeWhole writes the records at the start of b that are whole, and makes them readable; it returns how many bytes
// they have. Caller holds the append lock.
func (l *Log) takeWhole(b []byte, take Taker) (n int64, err error) {
	a := &l.app
	for size := int64(0); err == nil; n += size {
		if size, err = a.tail.whole(b[n:], a.pos+n, l.opt.Checks, &a.view); size == 0 || err != nil {
			break
		}
		if a.view.Size == 0 { // a blank
			continue
		}
		if err = take(&a.view); err != nil {
			break
		}
		a.lastTime = max(a.lastTime, a.view.StoreTimestamp)
	}
	if n == 0 {
		return 0, err
	}
	if err := l.write(a.tail, b[:n], a.pos); err != nil {
		l.committer.Abort()
		return 0, err
	}
	a.pos += n
	l.lookAhead()
	l.advance(a.tail.Base + a.pos)
	l.committer.Commit(a.tail)
	return n, err
}

// whole looks at b, which comes to position p of the file: it returns the size of the record at its start, decoded in
// m, or that of the blank, of which m.Size is 0; 0 when it is not there as a whole yet. Errors are
// *datafile.CorruptionError.
func (s *Segment) whole(b []byte, p int64, checks Checks, m *record.View) (size int64, err error) {
	m.Size = 0
	rest := s.Size - p
	if int64(len(b)) < min(rest, record.BlankSize) {
		return 0, nil
	}
	if rest < record.BlankSize { // too little for the head of a blank
		return rest, nil
	}
	total, magic := record.Head(b)
	have, isBlank := int64(len(b)), magic == record.MagicBlank
	switch {
	case isBlank && int64(total) != rest:
		return 0, s.bad(p, fmt.Sprintf("a blank of %d bytes, %d in front of the end of the file: master and slave must "+
			"have the same mappedFileSizeCommitLog", total, rest))
	case isBlank && have < rest:
		return 0, nil
	case isBlank:
		return rest, nil
	case total >= record.MinSize && int64(total) <= rest && int64(total) > have &&
		(magic == record.MagicV1 || magic == record.MagicV2) && record.Belongs(b, s.Base+p):
		return 0, nil
	}
	switch st, why := examine(b, s.Base+p, checks, m); st {
	case StepRecord:
		return int64(m.Size), nil
	case StepEmpty:
		return 0, s.bad(p, "zeros instead of a record")
	default:
		return 0, s.bad(p, why)
	}
}

func (s *Segment) bad(p int64, why string) error {
	return &datafile.CorruptionError{File: s.Name, Offset: p, Reason: "in the bytes that came from the master: " + why}
}

// DropPartial forgets what came in behind the last whole record: who goes on need not have the same bytes.
func (l *Log) DropPartial() {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	l.app.raw = l.app.raw[:0]
}
