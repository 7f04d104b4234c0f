package store

import (
	"slices"
	"time"
)

// stage gathers records that are written with one call: those of one group commit just before the fdatasync that their senders wait for (Record.Group), those
// of one turn of an event loop before its answers leave (Record.Later). A write of its own for each record takes several times as long as all the rest of an
// append, and under the append lock. What is staged has its place in the log and its queue offset, but cannot be read yet, and a kill takes it.
// Guarded by appender.mu.
type stage struct {
	buf    []byte        // records, to be written right below the append position
	list   []stagedEntry // theirs
	stored []stagedEntry // written, but the listener was not told yet
}

// stagedEntry is what an append leaves to do when its record is written.
type stagedEntry struct {
	q   *queue   // nil for a record without queue entry
	seg *segment // leased once the record is in stored
	e   cqEntry
}

// stageMax is how many bytes are staged at most; records as large are written at once.
const stageMax = 256 << 10

// stageRecord takes a record of a group; false when it is too large to be staged. Caller holds the append lock and has reserved the room.
func (s *Store) stageRecord(seg *segment, q *queue, r *Record, e *encoded, st stamp) (Appended, bool, error) {
	g := &s.app.stage
	if e.size > stageMax-len(g.buf) {
		if err := s.spill(); err != nil || e.size > stageMax {
			return Appended{}, false, err
		}
	}
	it := stagedEntry{seg: seg, e: cqEntry{offset: st.offset, size: int32(e.size), tags: s.tagsCode(r, st.storeTime), time: st.storeTime, count: 1, bits: slices.Clone(r.FilterBits)}}
	if hasQueueEntry(r.SysFlag) {
		st.queueOffset = q.end() + q.ahead
		q.ahead++
		it.q, it.e.base = q, st.queueOffset
	}
	n := len(g.buf)
	if n+e.size > cap(g.buf) {
		grown := make([]byte, n, max(2*cap(g.buf), n+e.size))
		copy(grown, g.buf)
		g.buf = grown
	}
	g.buf = g.buf[:n+e.size]
	encodeRecord(g.buf[n:], r, e, st)
	g.list = append(g.list, it)
	s.app.pos += int64(e.size)
	if r.Later {
		s.staged.Store(true)
	}
	return Appended{Offset: st.offset, Size: it.e.size, QueueOffset: st.queueOffset, StoreTimestamp: st.storeTime, Count: 1}, true, nil
}

// spill writes what is staged and makes it readable. After an error it is still staged, and the flusher fails with the same error or, if the disk has
// recovered, writes it. Caller holds the append lock.
func (s *Store) spill() error {
	g, seg := &s.app.stage, s.app.tail
	if len(g.buf) == 0 {
		return nil
	}
	if _, err := seg.file.WriteAt(g.buf, s.app.pos-int64(len(g.buf))); err != nil {
		return &writeError{seg.name, err}
	}
	g.buf = g.buf[:0]
	s.commit(seg, 0)
	for _, it := range g.list {
		if it.q == nil {
			continue
		}
		it.q.ahead = 0
		s.enqueue(it.q, it.e)
		if s.ev.MessageStored != nil && seg.acquire() {
			g.stored = append(g.stored, it)
		}
	}
	clear(g.list)
	g.list = g.list[:0]
	return nil
}

// takeStored returns the entries the listener was not told of; spare is memory for the next ones. Caller holds the append lock.
func (g *stage) takeStored(spare []stagedEntry) (out []stagedEntry) {
	out, g.stored = g.stored, spare[:0]
	return out
}

// tellStored tells the listener about spilled messages and ends their leases. spare is memory to use, the result memory to keep. No lock is held.
func (s *Store) tellStored(spare []stagedEntry) []stagedEntry {
	s.app.mu.Lock()
	list := s.app.stage.takeStored(spare)
	s.app.mu.Unlock()
	s.tell(list)
	return list
}

func (s *Store) tell(list []stagedEntry) {
	s.index.wake()
	for _, it := range list {
		at := it.e.offset - it.seg.base
		s.ev.MessageStored(it.q.topic, it.q.id, it.e.base, it.e.tags, it.e.time, it.seg.data[at:at+int64(it.e.size)])
		it.seg.release()
	}
	clear(list)
}

// Publish writes what is staged, makes it readable and tells the listener. Who appended a record with Later set calls it with the record's end before it tells
// anybody that the message is stored; many appends share one call, which gets the highest end. Any goroutine; it may be an event loop. After an error, of class
// ErrNotWritable, none of them may be acknowledged, and the store takes no writes until it is opened again.
func (s *Store) Publish(end int64) error {
	if !s.staged.Load() && s.log.end.Load() >= end {
		return nil
	}
	err := s.publish()
	if err != nil {
		err = s.syncFailed(s.log.tailName(), err)
	}
	if s.log.end.Load() >= end {
		return nil // what failed is behind it
	}
	return err
}

func (s *Store) publish() error {
	spare := s.spares.Get().(*[]stagedEntry)
	s.app.lock(time.Now().UnixMilli()) // it may hang as an append does
	err := s.spill()
	told := s.app.stage.takeStored(*spare)
	s.staged.Store(err != nil)
	s.app.unlock()
	s.tell(told)
	*spare = told[:0]
	s.spares.Put(spare)
	return err
}
