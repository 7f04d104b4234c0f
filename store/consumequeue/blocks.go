package consumequeue

import (
	"hash/maphash"
	"sync"
)

const (
	// entryBlockBytes is how much of a consume queue file is read at once for event loops: 256 entries of a plain
	// queue.
	entryBlockBytes = 256 * Unit
	// entryBlocksKept is how many such blocks are kept, 320 KiB in all.
	entryBlocksKept = 64
)

// entryBlocks keeps the consume queue entries that were read from files last. A pull looks at twice as many entries as
// it takes messages, and the next one begins where it ended: most find their entries here and need no system call. What
// stands in a file below a queue's end does not change while the store is open.
type entryBlocks struct {
	seed  maphash.Seed // immutable
	slots [entryBlocksKept]heldBlock
}

// heldBlock is one block.
type heldBlock struct {
	mu   sync.Mutex
	q    *Queue // guarded by mu, as all below
	at   int64  // number of the first entry
	n    int64  // entries
	data [entryBlockBytes]byte
}

func newEntryBlocks() *entryBlocks { return &entryBlocks{seed: maphash.MakeSeed()} }

// read copies entries of q from number at on into dst, whole units, and returns how many; 0 when they are not in
// memory. The caller has checked that they are in files. It never waits for the disk or for another reader.
func (b *entryBlocks) read(q *Queue, dst []byte, at int64) int {
	unit := q.files.Unit
	// Readers of one queue in different places have blocks of their own.
	place := at / (entryBlockBytes / unit)
	s := &b.slots[maphash.Comparable(b.seed, blockKey{q, place})%entryBlocksKept]
	if !s.mu.TryLock() {
		return q.files.tryRead(q, dst, at)
	}
	defer s.mu.Unlock()
	if (s.q != q || at < s.at || at >= s.at+s.n) && !s.fill(q, at) {
		return q.files.tryRead(q, dst, at) // less may be in memory
	}
	return copy(dst, s.data[(at-s.at)*unit:s.n*unit]) / int(unit)
}

type blockKey struct {
	q     *Queue
	place int64
}

// fill reads what stands in files from entry at on. Caller holds mu.
func (s *heldBlock) fill(q *Queue, at int64) bool {
	n := min(q.onlyInFiles(at), entryBlockBytes/q.files.Unit)
	s.q, s.at, s.n = q, at, int64(q.files.tryRead(q, s.data[:n*q.files.Unit], at))
	return s.n > 0
}

// onlyInFiles is how many entries from number at on are in files only.
func (q *Queue) onlyInFiles(at int64) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return max(0, q.memStart-at)
}
