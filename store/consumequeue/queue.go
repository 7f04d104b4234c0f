package consumequeue

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"gorocket/store/dispatch"
)

// Unit is the size of a consume queue entry: int64 commit log offset | int32 record size | int64 tags code.
const Unit = 20

// BlankSize is the record size in the entries that fill the file before the first real entry (Java
// ConsumeQueue.fillPreBlank).
const BlankSize = 0x7FFFFFFF

func decodeEntry(b []byte) dispatch.Entry {
	be := binary.BigEndian
	return dispatch.Entry{Offset: int64(be.Uint64(b)), Size: int32(be.Uint32(b[8:])), Tags: int64(be.Uint64(b[12:]))}
}

// valid is Java's test for the end of a queue.
func validEntry(e *dispatch.Entry) bool { return e.Offset >= 0 && e.Size > 0 }

// FillerTags marks an entry that stands in for a missing message but points to another record of its queue, the next
// one as a rule: a reader steps over it. To Java it is an entry like any other, so its consumers get that record twice.
// A filler of fillPreBlank's form would do harm in the middle of a queue: DefaultMessageStore.getMessage skips whatever
// follows it in the same commit log file. No tags code and no time has this value, and it is no address of an
// extension.
const FillerTags = 0x676F5F6461616D67

// Filler tells a filler entry: there is no such message. Those in front of the first message point to offset 0.
func Filler(e *dispatch.Entry) bool { return e.Size == BlankSize || e.Tags == FillerTags }

// end is the log offset behind the record; a filler in front of the first message stands for what is gone.
func entryEnd(e *dispatch.Entry) int64 {
	if e.Size == BlankSize {
		return e.Offset
	}
	return e.Offset + int64(e.Size)
}

// AppendEntry appends an entry of a plain queue.
func AppendEntry(dst []byte, e *dispatch.Entry) []byte {
	be := binary.BigEndian
	dst = be.AppendUint64(dst, uint64(e.Offset))
	dst = be.AppendUint32(dst, uint32(e.Size))
	return be.AppendUint64(dst, uint64(e.Tags))
}

// Queue is one consume queue. Its newest entries are in memory, everything below flushed is in its files
// (Java ConsumeQueue; there the files are mapped).
type Queue struct {
	Topic string // immutable
	ID    int32  // immutable
	files *Files // where its entries go and how large they are; immutable

	// its bytes in consumequeue_ext, nil when it has none; set by Open or under the append lock
	ext atomic.Pointer[Queue]

	// entries ever, i.e. the number of the next one; the next queue offset but in a batch queue; written under the
	// append lock and mu
	max  atomic.Int64
	next atomic.Int64 // batch queues: the next queue offset; written under the append lock
	min  cachedMin

	Reserved int64 // offsets of records that are not committed yet; guarded by the append lock

	mu       sync.Mutex
	mem      []byte // entries from memStart on; guarded by mu
	memStart int64  // number of the entry at mem[0], <= flushed; guarded by mu
	flushed  int64  // number below which all entries are in files; guarded by mu
	first    int64  // number of the first entry of the first file, -1: no file; guarded by mu
	lastPhy  int64  // commit log offset behind the last entry's record; guarded by mu
	filed    mark   // lastPhy and next of the entries below flushed; guarded by mu
	taken    mark   // the same of the entries being written; guarded by mu
	dirty    bool   // is in Table.dirty; guarded by mu
	synced   int64  // number below which file entries are durable; guarded by mu
	deleted  bool   // nothing is written any more: topic deleted, or no folder can have its name; guarded by mu
}

// mark is a place in the life of a queue.
type mark struct {
	phy  int64 // commit log offset behind the last entry's record
	next int64 // batch queues: the next queue offset
}

// cachedMin is the first entry whose record is still in the log, valid for one value of the log's minimum.
type cachedMin struct {
	mu     sync.Mutex
	value  int64 // guarded by mu
	entry  int64 // number of that entry; guarded by mu
	logMin int64 // guarded by mu; the log minimum value was computed for
	known  bool  // guarded by mu
}

const firstMem = 16 * Unit // first buffer of a queue

// Used tells that the queue has, had or will have an entry. Under the append lock, or before Run.
func (q *Queue) Used() bool {
	return q.max.Load() > 0 || q.Reserved > 0 || q.next.Load() > 0 || q.hasFile()
}

func (q *Queue) hasFile() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.first >= 0
}

// push adds the next entries. It tells whether the queue became dirty, and how many entries are not in files yet.
// Under the append lock, or before Run. used counts the bytes of all buffers.
func (q *Queue) push(list []dispatch.Entry, used *atomic.Int64) (becameDirty bool, backlog int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range list {
		if len(q.mem)+int(q.files.Unit) > cap(q.mem) {
			q.makeRoom(used)
		}
		e := &list[i]
		if q.Batch() {
			q.mem = AppendBatchEntry(q.mem, e)
			q.next.Store(e.Base + int64(e.Count))
		} else {
			q.mem = AppendEntry(q.mem, e)
		}
	}
	last := &list[len(list)-1]
	q.lastPhy = entryEnd(last)
	return q.grew(int64(len(list)))
}

// grew notes n more entries in mem. Caller holds mu.
func (q *Queue) grew(n int64) (becameDirty bool, backlog int64) {
	q.max.Add(n)
	becameDirty = !q.dirty
	q.dirty = true
	return becameDirty, q.max.Load() - q.flushed
}

// makeRoom drops entries that are in files, or doubles the buffer. Caller holds mu.
func (q *Queue) makeRoom(used *atomic.Int64) {
	if drop := int((q.flushed - q.memStart) * q.files.Unit); drop > 0 && drop*2 >= len(q.mem) {
		n := copy(q.mem, q.mem[drop:])
		q.mem, q.memStart = q.mem[:n], q.flushed
		return
	}
	grown := make([]byte, len(q.mem), max(firstMem, 2*cap(q.mem), len(q.mem)+int(q.files.Unit)))
	copy(grown, q.mem)
	used.Add(int64(cap(grown) - cap(q.mem)))
	q.mem = grown
}

// shrink gives a buffer back that holds more than keep bytes of entries which are all in files. Caller holds mu.
func (q *Queue) shrink(keep int, used *atomic.Int64) {
	if q.flushed != q.max.Load() || cap(q.mem) <= keep {
		return
	}
	used.Add(-int64(cap(q.mem)))
	q.mem, q.memStart = nil, q.flushed
}

// fromMemory copies entries from number at on into dst and returns how many; ok is false when at is not in memory: then
// n is how many entries from at on are in files only, at most as many as fit into dst.
func (q *Queue) fromMemory(dst []byte, at int64) (n int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at < q.memStart {
		return int(min(q.memStart-at, int64(len(dst))/q.files.Unit)), false
	}
	unit := int(q.files.Unit)
	i := int(at-q.memStart) * unit
	if i >= len(q.mem) {
		return 0, true
	}
	return copy(dst[:len(dst)/unit*unit], q.mem[i:]) / unit, true
}

// Start makes an empty queue begin at queue offset at. Before Run, or under the append lock.
func (q *Queue) Start(at int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.Batch() { // its files begin at entry 0, wherever its queue offsets do
		q.next.Store(at)
		at = 0
	}
	q.mem, q.memStart, q.flushed, q.synced = q.mem[:0], at, at, at
	q.max.Store(at)
	q.first, q.lastPhy, q.filed = -1, 0, mark{}
	q.min.known = false
}

// Entries is the number of entries ever, which is that of the next one.
func (q *Queue) Entries() int64 { return q.max.Load() }

// HasFile tells that the queue has a file.
func (q *Queue) HasFile() bool { return q.hasFile() }

// Unit is the size of an entry, in bytes.
func (q *Queue) Unit() int64 { return q.files.Unit }

// PerFile is the number of entries in a file.
func (q *Queue) PerFile() int64 { return q.files.Per() }

// Decode decodes an entry.
func (q *Queue) Decode(b []byte) dispatch.Entry { return q.files.Decode(b) }

// Knows tells that the queue has an entry of the record of e; have is its next offset. A record may have two in one
// queue, and the second may be missing. Before Run only.
func (q *Queue) Knows(e *dispatch.Entry, have int64) bool {
	end := e.Offset + int64(e.Size)
	return end < q.lastPhy || end == q.lastPhy && e.Base != have
}

// Newest is the largest commit log offset that a queue knows. Before Run only.
func (t *Table) Newest() (end int64) {
	t.Each(func(q *Queue) bool { end = max(end, q.lastPhy); return true })
	return end
}

// Holds tells whether the queue has, at an offset below its end, an entry of a record at a log offset and of a size.
// hot is false, and nothing is known, when hotOnly is set and the entry is not in memory, or would have to be searched.
func (t *Table) Holds(q *Queue, offset, logOffset int64, size int32, hotOnly bool) (held, hot bool) {
	if hotOnly && q.Batch() { // its entries have to be searched
		return false, false
	}
	at := t.EntryOf(q, offset)
	if at < q.First() {
		return false, true
	}
	var b [BatchUnit]byte
	if n, ok := q.fromMemory(b[:q.files.Unit], at); ok {
		return n > 0 && q.pointsTo(b[:], logOffset, size), true
	}
	return t.isFiled(q, at, logOffset, size, hotOnly)
}

// isFiled is Holds for an entry that is in files only; apart from it, since what it reads into is allocated.
func (t *Table) isFiled(q *Queue, at, logOffset int64, size int32, hotOnly bool) (held, hot bool) {
	var b [BatchUnit]byte
	n, hot := t.Read(q, b[:q.files.Unit], at, hotOnly)
	return hot && n > 0 && q.pointsTo(b[:], logOffset, size), hot
}

// pointsTo tells that the entry in b is that of a record.
func (q *Queue) pointsTo(b []byte, logOffset int64, size int32) bool {
	e := q.files.Decode(b)
	return e.Offset == logOffset && e.Size == size
}
