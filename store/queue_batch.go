package store

import (
	"encoding/binary"
	"sort"

	"gorocket/store/dispatch"
)

// batchUnit is the size of an entry of a batch consume queue: int64 commit log offset | int32 record size | int64 tags code | int64 store timestamp |
// int64 queue offset of the first message | int16 messages | int32 compacted offset, -1 | int32 0 (Java BatchConsumeQueue).
const batchUnit = 46

// batch tells that this queue belongs to a topic with queue.type=BatchCQ: an entry stands for a record of one or more messages.
func (q *queue) batch() bool { return q.files.unit == batchUnit }

// decode reads an entry of the files' kind.
func (c *cqFiles) decode(b []byte) dispatch.Entry {
	e := decodeEntry(b)
	if c.unit == batchUnit {
		be := binary.BigEndian
		e.Time, e.Base, e.Count = int64(be.Uint64(b[20:])), int64(be.Uint64(b[28:])), int16(be.Uint16(b[36:]))
	}
	return e
}

// valid is Java's test for the end of a queue of the files' kind.
func (c *cqFiles) valid(e dispatch.Entry) bool {
	return validEntry(&e) && (c.unit != batchUnit || e.Base >= 0 && e.Count > 0)
}

func appendBatchEntry(dst []byte, e *dispatch.Entry) []byte {
	be := binary.BigEndian
	dst = appendEntry(dst, e)
	dst = be.AppendUint64(dst, uint64(e.Time))
	dst = be.AppendUint64(dst, uint64(e.Base))
	dst = be.AppendUint16(dst, uint16(e.Count))
	return be.AppendUint64(dst, 0xFFFFFFFF_00000000)
}

// entryOf is the number of the entry that holds a queue offset: the last that begins at or before it. For an offset behind the end it is the last entry
// or one behind it. It may read the disk for a batch queue.
func (s *Store) entryOf(q *queue, offset int64) int64 {
	if !q.batch() {
		return offset
	}
	lo, hi := q.firstOffset(), q.max.Load()
	n := sort.Search(int(hi-lo), func(i int) bool {
		e, ok := s.entry(q, lo+int64(i))
		return !ok || e.Base > offset
	})
	if n > 0 && offset < q.next.Load() {
		n--
	}
	return lo + int64(n)
}

// offsetAt is the queue offset at which an entry begins, the end of the queue for an entry behind the last.
func (s *Store) offsetAt(q *queue, at int64) int64 {
	if !q.batch() {
		return at
	}
	if e, ok := s.entry(q, at); ok && at < q.max.Load() {
		return e.Base
	}
	return q.next.Load()
}
