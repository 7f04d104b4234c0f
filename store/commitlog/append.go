package commitlog

import (
	"sync"
	"time"

	"gorocket/store/record"
)

// appender is the write end of the log. Its lock is the append lock: the order of the log, of store times and of the
// offsets of every queue is the order in which it is taken (Java CommitLog.asyncPutMessage).
type appender struct {
	mu       sync.Mutex
	tail     *Segment // guarded by mu; nil until Start
	pos      int64    // position inside tail behind the write buffer; guarded by mu
	lookAt   int64    // pos at which the allocator is woken again; guarded by mu
	lastTime int64    // newest store timestamp, ms; guarded by mu
	claimed  int64    // log offset from which on the allocator is writing zeros, 0: nowhere; guarded by mu
	buf      []byte   // the write buffer: records, to be written right below pos; guarded by mu
	batch    bool     // buf holds a batch: several records that are there whole or not at all; guarded by mu

	raw  []byte      // of a raw log: what came in behind pos and is not whole; guarded by mu
	view record.View // the record that a raw log is looking at; guarded by mu
}

// Want is what an append needs.
type Want struct {
	Size   int   // bytes of room
	Now    int64 // present time, ms; 0: the log looks at the clock
	NoWait bool  // ErrWouldWait where the next file is late, instead of waiting for it
	Buffer bool  // what is in the write buffer may stay there
}

// Bounds of the write buffer, in bytes. What an event loop reads at once, 256 KiB, fits as records.
const (
	bufferMax  = 320 << 10 // but for a single append that is larger
	bufferKept = 1 << 20   // the largest that is kept when it is empty
)

// lock takes the append lock; now is the present time in ms.
func (l *Log) lock(now int64) {
	l.app.mu.Lock()
	l.busySince.Store(now)
}

func (l *Log) unlock() {
	l.busySince.Store(0)
	l.app.mu.Unlock()
}

// Begin takes the append lock, with w.Size bytes of room at the tail; Finish or Cancel give it back, but not after an
// error. It returns where the next record goes and its store time (ms), which is never less than an earlier one's.
// Where the next file is late it waits for that without the lock, at most AppendTimeout.
func (l *Log) Begin(w Want) (offset, storeTime int64, err error) {
	var giveUp time.Time
	for now := w.Now; ; now = 0 {
		if now == 0 {
			now = time.Now().UnixMilli()
		}
		l.lock(now)
		if err = l.makeRoom(w); err == nil {
			l.app.lastTime = max(l.app.lastTime, now)
			return l.app.tail.Base + l.app.pos, l.app.lastTime, nil
		}
		changed := l.alloc.changes() // before others can roll: what they do is seen
		l.unlock()
		if err != ErrWouldWait || w.NoWait {
			return 0, 0, err
		}
		if giveUp.IsZero() {
			giveUp = time.Now().Add(l.settings.Load().AppendTimeout)
		}
		if err = l.alloc.await(changed, time.Until(giveUp)); err != nil {
			return 0, 0, allocationError(err)
		}
	}
}

// makeRoom makes room at the tail. Caller holds the append lock.
func (l *Log) makeRoom(w Want) error {
	a, n := &l.app, int64(w.Size)
	if l.raw.Load() {
		return ErrRaw
	}
	if a.tail == nil {
		return ErrNotStarted
	}
	if err := l.Writable(); err != nil {
		return err
	}
	if n+record.BlankSize > l.opt.SegmentSize {
		return ErrExceedsFile
	}
	if a.claimed > 0 && a.tail.Base+a.pos+max(n, record.BlankSize) > a.claimed {
		return ErrWouldWait
	}
	if a.pos+n+record.BlankSize > l.opt.SegmentSize {
		if err := l.roll(); err != nil {
			return err
		}
	}
	if !w.Buffer || len(a.buf)+w.Size > bufferMax {
		return l.writeOut()
	}
	return nil
}

// Put returns n bytes at the tail, in the write buffer, for the caller to fill before Finish: at most the room that
// Begin made. batch tells that they are several records. Only between Begin and Finish.
func (l *Log) Put(n int, batch bool) []byte {
	a := &l.app
	var added []byte
	a.buf, added = record.Grow(a.buf, n)
	a.pos += int64(n)
	a.batch = a.batch || batch
	return added
}

// Finish ends an append: its records stay in the write buffer (stay), to be written with others, and published when
// later is set, or they are written, committed and notified. After an error they are gone. It gives the append lock
// back.
func (l *Log) Finish(stay, later bool) error {
	if stay && later {
		l.buffered.Store(true)
	}
	if stay && len(l.app.buf) <= bufferMax {
		l.unlock()
		return nil
	}
	if err := l.writeOut(); err != nil {
		l.abort()
		l.unlock()
		return err
	}
	l.unlock()
	l.committer.Notify()
	return nil
}

// Cancel gives the append lock back when nothing was Put.
func (l *Log) Cancel() { l.unlock() }

// abort drops what is in the write buffer: one append, as those that are written at once are alone. Caller holds the
// append lock.
func (l *Log) abort() {
	a := &l.app
	a.pos -= int64(len(a.buf))
	a.buf, a.batch = a.buf[:0], false
	l.committer.Abort()
}

// writeOut writes the write buffer and commits its records. After an error it is as before, and the log is closed for
// writes. Caller holds the append lock.
func (l *Log) writeOut() error {
	a := &l.app
	if len(a.buf) == 0 {
		return nil
	}
	if err := l.writeBuffer(); err != nil {
		return err
	}
	if a.buf, a.batch = a.buf[:0], false; cap(a.buf) > bufferKept {
		a.buf = nil
	}
	l.advance(a.tail.Base + a.pos)
	l.lookAhead()
	l.committer.Commit(a.tail)
	return nil
}

// lookAhead wakes the allocator where the tail has come to a place with something to do. Caller holds the append lock.
func (l *Log) lookAhead() {
	if a := &l.app; a.pos >= a.lookAt {
		a.lookAt = l.alloc.nextLook(a.pos)
		l.alloc.look()
	}
}

// writeBuffer puts the write buffer into the tail. A kill ends a long write in the middle, at any page. Batches are to
// be there whole or not at all, so what holds one is written without the size of its first record, where recovery stops
// then; the size follows.
func (l *Log) writeBuffer() error {
	a := &l.app
	at := a.pos - int64(len(a.buf))
	if !a.batch {
		return l.write(a.tail, a.buf, at)
	}
	size := [4]byte(a.buf)
	clear(a.buf[:len(size)])
	err := l.write(a.tail, a.buf, at)
	if copy(a.buf, size[:]); err == nil {
		err = l.write(a.tail, a.buf[:len(size)], at)
	}
	return err
}

// write puts bytes at a position of a file by a system call, and is the only one that does. Through a mapping each new
// page would be filled with zeros first, which costs more than the message itself, and after each flush it would cost a
// fault, and its fdatasync some 600 us instead of 150. Readers see no difference, the page cache is the same. A failure
// closes the log for writes: what is in the file then is not known, and whatever followed would be cut off by the next
// start. The flusher tells. Caller holds the append lock, or has claimed the place.
func (l *Log) write(seg *Segment, b []byte, at int64) error {
	if err := l.Failed(); err != nil {
		return err
	}
	if _, err := seg.file.WriteAt(b, at); err != nil {
		defer l.wakeFlusher()
		return l.closeFailed(writeFailed, seg.Name, err)
	}
	return nil
}

// roll fills the rest of the tail with a blank record and goes on to the next file. Caller holds the append lock.
func (l *Log) roll() error {
	if err := l.writeOut(); err != nil {
		return err
	}
	next := l.alloc.take()
	if next == nil {
		return ErrWouldWait
	}
	a := &l.app
	if rest := l.opt.SegmentSize - a.pos; rest >= record.BlankSize { // a copy may have come to the very end of its file
		var head [record.BlankSize]byte
		record.PutBlank(head[:], rest)
		if err := l.write(a.tail, head[:], a.pos); err != nil {
			next.Release()
			return err
		}
	}
	l.push(next)
	l.advance(next.Base)
	a.tail, a.pos, a.lookAt = next, 0, 0
	l.wakeFlusher()
	return nil
}

// Publish writes the write buffer, commits and notifies, if records below end may be in it. Who appended a record with
// later set calls it with the record's end before it tells anybody that the record is stored; many appends share one
// call, which gets the highest end. It may be called on an event loop. After an error, of class ErrNotWritable, none of
// them may be acknowledged, and the log takes no records until it is opened again.
func (l *Log) Publish(end int64) error {
	if !l.buffered.Load() && l.End() >= end {
		return nil
	}
	l.lock(time.Now().UnixMilli()) // it may hang as an append does
	err := l.writeOut()
	l.buffered.Store(err != nil)
	l.unlock()
	l.committer.Notify()
	if l.End() >= end {
		return nil // what failed is behind it
	}
	return err
}

// Exclusive runs fn under the append lock: no append is under way, and every record below End is committed. fn may not
// wait.
func (l *Log) Exclusive(fn func()) {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	fn()
}

// Barrier writes the write buffer and then runs fn under the append lock: no append is under way, and every record is
// committed. fn may not wait.
func (l *Log) Barrier(fn func()) error {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	if err := l.writeOut(); err != nil {
		return err
	}
	fn()
	return nil
}

// WriteOut writes the write buffer. It returns the end of the log and the newest store time (ms), which belong
// together.
func (l *Log) WriteOut() (end, storeTime int64, err error) {
	l.lock(time.Now().UnixMilli()) // it may hang as an append does
	defer l.unlock()
	err = l.writeOut()
	return l.End(), l.app.lastTime, err
}

// Quiesce returns when the append that is under way has ended.
func (l *Log) Quiesce() {
	l.app.mu.Lock()
	l.app.mu.Unlock() //nolint:staticcheck // nothing to do under it
}

// Resume sets the newest store time in the log (ms): no later record gets an earlier one. Before Start only.
func (l *Log) Resume(storeTime int64) { l.app.lastTime = storeTime }

// LastStoreTime is the newest store time in the log, ms.
func (l *Log) LastStoreTime() int64 {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	return l.app.lastTime
}

// tailEnd is the end of the log including the write buffer.
func (l *Log) tailEnd() int64 {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	return l.End() + int64(len(l.app.buf))
}
