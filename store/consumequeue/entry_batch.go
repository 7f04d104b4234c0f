package consumequeue

import (
	"encoding/binary"
	"sort"

	"gorocket/store/dispatch"
)

// BatchUnit is the size of an entry of a batch consume queue: int64 commit log offset | int32 record size | int64 tags
// code | int64 store timestamp | int64 queue offset of the first message | int16 messages | int32 compacted offset, -1
// | int32 0 (Java BatchConsumeQueue).
const BatchUnit = 46

// Batch tells that this queue belongs to a topic with queue.type=BatchCQ: an entry stands for a record of one or more
// messages.
func (q *Queue) Batch() bool { return q.files.Unit == BatchUnit }

// Decode reads an entry of the files' kind.
func (c *Files) Decode(b []byte) dispatch.Entry {
	e := decodeEntry(b)
	if c.Unit == BatchUnit {
		be := binary.BigEndian
		e.Time, e.Base, e.Count = int64(be.Uint64(b[20:])), int64(be.Uint64(b[28:])), int16(be.Uint16(b[36:]))
	}
	return e
}

// Valid is Java's test for the end of a queue of the files' kind.
func (c *Files) Valid(e dispatch.Entry) bool {
	return validEntry(&e) && (c.Unit != BatchUnit || e.Base >= 0 && e.Count > 0)
}

// AppendBatchEntry appends an entry of a batch queue.
func AppendBatchEntry(dst []byte, e *dispatch.Entry) []byte {
	be := binary.BigEndian
	dst = AppendEntry(dst, e)
	dst = be.AppendUint64(dst, uint64(e.Time))
	dst = be.AppendUint64(dst, uint64(e.Base))
	dst = be.AppendUint16(dst, uint16(e.Count))
	return be.AppendUint64(dst, 0xFFFFFFFF_00000000)
}

// EntryOf is the number of the entry that holds a queue offset: the last that begins at or before it. For an offset
// behind the end it is the last entry or one behind it. It may read the disk for a batch queue.
func (t *Table) EntryOf(q *Queue, offset int64) int64 {
	if !q.Batch() {
		return offset
	}
	lo, hi := q.First(), q.max.Load()
	n := sort.Search(int(hi-lo), func(i int) bool {
		e, ok := t.Entry(q, lo+int64(i))
		return !ok || e.Base > offset
	})
	if n > 0 && offset < q.next.Load() {
		n--
	}
	return lo + int64(n)
}

// OffsetAt is the queue offset at which an entry begins, the end of the queue for an entry behind the last.
func (t *Table) OffsetAt(q *Queue, at int64) int64 {
	if !q.Batch() {
		return at
	}
	if e, ok := t.Entry(q, at); ok && at < q.max.Load() {
		return e.Base
	}
	return q.next.Load()
}
