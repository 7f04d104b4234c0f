package store

import (
	"slices"
	"time"

	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// stage gathers records on their way to the log, which are written with one call: those of one group commit just before the fdatasync that their senders wait
// for (Record.Group), those of one turn of an event loop before its answers leave (Record.Later), others at once. A write of its own for each record takes several
// times as long as all the rest of an append, and under the append lock; larger writes also get larger folios of the page cache. What is staged has its place in
// the log and its queue offset, but cannot be read yet, and a kill takes it. Guarded by appender.mu.
type stage struct {
	buf    []byte // records, to be written right below the append position
	list   staged // theirs
	stored staged // written, but the listener was not told yet
}

// staged is what appends leave to do when their records are written.
type staged struct {
	runs    []stagedRun
	entries []dispatch.Entry // of all runs
}

// stagedRun is a number of entries that follow each other in one queue.
type stagedRun struct {
	q   *queue
	seg *segment // leased once the run is in stored, nil if it could not be
	n   int
}

func (l *staged) add(q *queue, seg *segment, entries ...dispatch.Entry) {
	q.ahead += entries[len(entries)-1].Base + int64(entries[len(entries)-1].Count) - entries[0].Base
	l.runs = append(l.runs, stagedRun{q, seg, len(entries)})
	l.entries = append(l.entries, entries...)
}

func (l *staged) reset() {
	clear(l.runs)
	clear(l.entries)
	l.runs, l.entries = l.runs[:0], l.entries[:0]
}

// stageMax is how many bytes are staged at most, but for a single append that is larger. What an event loop reads at once, 256 KiB, fits as records.
const stageMax = 320 << 10

// room returns n bytes at the end of the buffer. Caller holds the append lock.
func (g *stage) room(n int) []byte {
	var added []byte
	g.buf, added = record.Grow(g.buf, n)
	return added
}

// settle ends an append of records of r that are staged: they stay so, or they are written, readable and told. After an error they are gone. It gives the append
// lock back.
func (s *Store) settle(r *Record, stay bool) error {
	if stay && r.Later {
		s.staged.Store(true)
	}
	if stay && len(s.app.stage.buf) <= stageMax {
		s.app.unlock()
		return nil
	}
	if err := s.spill(); err != nil {
		s.unstage()
		s.app.unlock()
		return err
	}
	s.unlockAndTell()
	return nil
}

// unstage drops what is staged: one append, as those that are written at once are alone. Caller holds the append lock.
func (s *Store) unstage() {
	g := &s.app.stage
	s.app.pos -= int64(len(g.buf))
	for _, run := range g.list.runs {
		run.q.ahead = 0
	}
	g.list.reset()
	g.buf = g.buf[:0]
	s.app.hints.drop(s.app.tail.base + s.app.pos)
}

// spill writes what is staged and makes it readable. After an error it is still staged, and the store is closed for
// writes. Caller holds the append lock.
func (s *Store) spill() error {
	g, seg := &s.app.stage, s.app.tail
	if len(g.buf) == 0 {
		return nil
	}
	if err := s.writeStage(seg, s.app.pos-int64(len(g.buf))); err != nil {
		return err
	}
	if g.buf = g.buf[:0]; cap(g.buf) > maxPooledBatch {
		g.buf = nil
	}
	s.commit(seg)
	entries := g.list.entries
	for i, run := range g.list.runs {
		run.q.ahead = 0
		s.enqueue(run.q, entries[:run.n])
		entries = entries[run.n:]
		if s.ev.MessageStored != nil && !seg.acquire() {
			g.list.runs[i].seg = nil
		}
	}
	if s.ev.MessageStored != nil {
		g.keepStored()
	}
	g.list.reset()
	return nil
}

// writeStage puts what is staged at a position of a file. A kill ends a long write in the middle, at any page. Batches
// are to be there whole or not at all, so what holds one is written without the size of its first record, where
// recovery stops then; the size follows.
func (s *Store) writeStage(seg *segment, at int64) error {
	g := &s.app.stage
	if !g.holdsBatch() {
		return s.writeLog(seg, g.buf, at)
	}
	size := [4]byte(g.buf)
	clear(g.buf[:len(size)])
	err := s.writeLog(seg, g.buf, at)
	if copy(g.buf, size[:]); err == nil {
		err = s.writeLog(seg, g.buf[:len(size)], at)
	}
	return err
}

func (g *stage) holdsBatch() bool {
	return slices.ContainsFunc(g.list.runs, func(run stagedRun) bool { return run.n > 1 })
}

// keepStored adds what is written to what the listener has to be told.
func (g *stage) keepStored() {
	if len(g.stored.runs) == 0 {
		g.list, g.stored = g.stored, g.list
		return
	}
	g.stored.runs = append(g.stored.runs, g.list.runs...)
	g.stored.entries = append(g.stored.entries, g.list.entries...)
}

// unlockAndTell gives the append lock back, tells the listener about written messages and ends their leases.
func (s *Store) unlockAndTell() {
	l := s.spares.Get().(*staged)
	g := &s.app.stage
	g.stored, *l = *l, g.stored
	s.app.unlock()
	s.tell(l)
	l.reset()
	s.spares.Put(l)
}

// tellStored tells the listener about written messages. No lock is held.
func (s *Store) tellStored() {
	s.app.lock(time.Now().UnixMilli())
	s.unlockAndTell()
}

func (s *Store) tell(l *staged) {
	s.index.wake()
	entries := l.entries
	for _, run := range l.runs {
		if run.seg != nil {
			s.tellRun(run, entries[:run.n])
			run.seg.release()
		}
		entries = entries[run.n:]
	}
}

func (s *Store) tellRun(run stagedRun, entries []dispatch.Entry) {
	for i := range entries {
		e := &entries[i]
		at := e.Offset - run.seg.base
		s.ev.MessageStored(run.q.topic, run.q.id, e.Base, e.Tags, e.Time, run.seg.data[at:at+int64(e.Size)])
	}
}

// Publish writes what is staged, makes it readable and tells the listener. Who appended a record with Later set calls it with the record's end before it tells
// anybody that the message is stored; many appends share one call, which gets the highest end. Any goroutine; it may be an event loop. After an error, of class
// ErrNotWritable, none of them may be acknowledged, and the store takes no writes until it is opened again.
func (s *Store) Publish(end int64) error {
	if !s.staged.Load() && s.log.end.Load() >= end {
		return nil
	}
	err := s.publish()
	if s.log.end.Load() >= end {
		return nil // what failed is behind it
	}
	return err
}

func (s *Store) publish() error {
	s.app.lock(time.Now().UnixMilli()) // it may hang as an append does
	err := s.spill()
	s.staged.Store(err != nil)
	s.unlockAndTell()
	return err
}
