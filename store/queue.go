package store

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// cqUnit is the size of a consume queue entry: int64 commit log offset | int32 record size | int64 tags code.
const cqUnit = 20

// blankSize is the record size in the entries that fill the file before the first real entry (Java ConsumeQueue.fillPreBlank).
const blankSize = 0x7FFFFFFF

// cqEntry is a decoded consume queue entry.
type cqEntry struct {
	offset int64 // commit log offset
	size   int32
	tags   int64
}

func decodeEntry(b []byte) cqEntry {
	be := binary.BigEndian
	return cqEntry{int64(be.Uint64(b)), int32(be.Uint32(b[8:])), int64(be.Uint64(b[12:]))}
}

// valid is Java's test for the end of a queue.
func (e cqEntry) valid() bool { return e.offset >= 0 && e.size > 0 }

// blank tells a filler entry.
func (e cqEntry) blank() bool { return e.offset == 0 && e.size == blankSize && e.tags == 0 }

func appendEntry(dst []byte, e cqEntry) []byte {
	be := binary.BigEndian
	dst = be.AppendUint64(dst, uint64(e.offset))
	dst = be.AppendUint32(dst, uint32(e.size))
	return be.AppendUint64(dst, uint64(e.tags))
}

// queue is one consume queue. Its newest entries are in memory, everything below flushed is in its files
// (Java ConsumeQueue; there the files are mapped).
type queue struct {
	topic string // immutable
	id    int32  // immutable

	max atomic.Int64 // queue offset behind the last entry; written under the append lock and mu
	min cachedMin

	mu       sync.Mutex
	mem      []byte // entries from memStart on; guarded by mu
	memStart int64  // queue offset of mem[0], <= flushed; guarded by mu
	flushed  int64  // queue offset below which all entries are in files; guarded by mu
	first    int64  // queue offset of the first entry of the first file; guarded by mu
	lastPhy  int64  // commit log offset behind the last entry's record; guarded by mu
	dirty    bool   // is in appender.dirty; guarded by mu
	synced   int64  // queue offset below which file entries are durable; guarded by mu
	deleted  bool   // topic deleted: nothing is written any more; guarded by mu
}

// cachedMin is the first entry whose record is still in the log, valid for one value of the log's minimum.
type cachedMin struct {
	mu     sync.Mutex
	value  int64 // guarded by mu
	logMin int64 // guarded by mu; the log minimum value was computed for
	known  bool  // guarded by mu
}

const firstMem = 16 * cqUnit // first buffer of a queue

// push adds the next entry. It tells whether the queue became dirty, and how many entries are not in files yet.
// Caller holds the append lock (or is Open). used counts the bytes of all buffers.
func (q *queue) push(offset int64, size int32, tags int64, used *atomic.Int64) (becameDirty bool, backlog int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.mem)+cqUnit > cap(q.mem) {
		q.makeRoom(used)
	}
	q.mem = appendEntry(q.mem, cqEntry{offset, size, tags})
	q.lastPhy = offset + int64(size)
	q.max.Add(1)
	becameDirty = !q.dirty
	q.dirty = true
	return becameDirty, q.max.Load() - q.flushed
}

// makeRoom drops entries that are in files, or doubles the buffer. Caller holds mu.
func (q *queue) makeRoom(used *atomic.Int64) {
	if drop := int(q.flushed-q.memStart) * cqUnit; drop > 0 && drop*2 >= len(q.mem) {
		n := copy(q.mem, q.mem[drop:])
		q.mem, q.memStart = q.mem[:n], q.flushed
		return
	}
	grown := make([]byte, len(q.mem), max(firstMem, 2*cap(q.mem)))
	copy(grown, q.mem)
	used.Add(int64(cap(grown) - cap(q.mem)))
	q.mem = grown
}

// shrink gives a buffer back that holds more than keep bytes of entries which are all in files. Caller holds mu.
func (q *queue) shrink(keep int, used *atomic.Int64) {
	if q.flushed != q.max.Load() || cap(q.mem) <= keep {
		return
	}
	used.Add(-int64(cap(q.mem)))
	q.mem, q.memStart = nil, q.flushed
}

// fromMemory copies entries from queue offset at on into dst and returns the number; ok is false when at is not in memory: then n is how many
// entries from at on are in files only, at most as many as fit into dst.
func (q *queue) fromMemory(dst []byte, at int64) (n int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at < q.memStart {
		return int(min(q.memStart-at, int64(len(dst)/cqUnit))), false
	}
	i := int(at-q.memStart) * cqUnit
	if i >= len(q.mem) {
		return 0, true
	}
	return copy(dst[:len(dst)/cqUnit*cqUnit], q.mem[i:]) / cqUnit, true
}

// start makes an empty queue begin at queue offset at. Caller is Open or holds the append lock.
func (q *queue) start(at int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mem, q.memStart, q.flushed, q.synced = q.mem[:0], at, at, at
	q.max.Store(at)
	q.first, q.lastPhy = -1, 0
	q.min.known = false
}
