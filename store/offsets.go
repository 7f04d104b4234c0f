package store

import (
	"sort"

	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// MinOffset is the first queue offset whose message is still in the log; 0 for an unknown queue.
func (s *Store) MinOffset(topic string, queueID int32) int64 {
	if q := s.queues.get(topic, queueID); q != nil {
		return s.minOf(q)
	}
	return 0
}

// MaxOffset is the queue offset the next message gets; 0 for an unknown queue.
func (s *Store) MaxOffset(topic string, queueID int32) int64 {
	if q := s.queues.get(topic, queueID); q != nil {
		return q.end()
	}
	return 0
}

// end is the next queue offset.
func (q *queue) end() int64 {
	if q.batch() {
		return q.next.Load()
	}
	return q.max.Load()
}

// minOf computes the minimum again only when the log lost files since the last time.
func (s *Store) minOf(q *queue) int64 {
	logMin := s.log.Min()
	q.min.mu.Lock()
	defer q.min.mu.Unlock()
	if !q.min.known || q.min.logMin != logMin {
		q.min.entry = s.firstAtLeast(q, logMin)
		q.min.value = s.offsetAt(q, q.min.entry)
		q.min.logMin, q.min.known = logMin, true
	}
	return q.min.value
}

// minIsCheap tells that minOf will not read files: the minimum is known, or the whole queue is in memory.
func (s *Store) minIsCheap(q *queue) bool {
	logMin := s.log.Min()
	q.min.mu.Lock()
	known := q.min.known && q.min.logMin == logMin
	q.min.mu.Unlock()
	if known {
		return true
	}
	return q.inMemory()
}

// inMemory tells that no entry is in files only.
func (q *queue) inMemory() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.first < 0 || q.memStart <= q.first
}

// firstAtLeast is the number of the first entry whose record lies at or behind phy; max when there is none. Filler entries do not count; an entry
// that is missing or invalid counts as later: after a power cut the entries that were not synced may have holes.
func (s *Store) firstAtLeast(q *queue, phy int64) int64 {
	lo, hi := q.firstOffset(), q.max.Load()
	n := sort.Search(int(hi-lo), func(i int) bool {
		e, ok := s.entry(q, lo+int64(i))
		return !ok || e.Offset >= phy && !(blank(&e) && e.Offset == 0)
	})
	return lo + int64(n)
}

// firstOffset is the number of the lowest entry in memory or in a file: its queue offset, but in a batch queue.
func (q *queue) firstOffset() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.first >= 0 {
		return q.first
	}
	return q.memStart
}

// entry reads one entry; ok is false when it is not there or invalid.
func (s *Store) entry(q *queue, at int64) (dispatch.Entry, bool) {
	var b [batchUnit]byte
	if at < q.firstOffset() {
		return dispatch.Entry{}, false
	}
	if n, _ := s.entries(q, b[:q.files.unit], at, false); n == 0 {
		return dispatch.Entry{}, false
	}
	e := q.files.decode(b[:])
	return e, q.files.valid(e)
}

// OffsetInQueue returns the consume queue entry at a queue offset. It may read the disk.
func (s *Store) OffsetInQueue(topic string, queueID int32, queueOffset int64) (phyOffset int64, size int32, tagsCode int64, ok bool) {
	q := s.queues.get(topic, queueID)
	if q == nil || queueOffset >= q.end() {
		return 0, 0, 0, false
	}
	at := s.entryOf(q, queueOffset)
	if at < q.firstOffset() {
		return 0, 0, 0, false
	}
	e, ok := s.entry(q, at)
	u, _ := s.resolveTags(q, e.Tags, false)
	return e.Offset, e.Size, u.tags, ok && !blank(&e)
}

// StoreTimeAt is the store timestamp of the message at a queue offset, -1 when there is none. It may read the disk.
func (s *Store) StoreTimeAt(topic string, queueID int32, queueOffset int64) int64 {
	off, size, _, ok := s.OffsetInQueue(topic, queueID, queueOffset)
	if !ok {
		return -1
	}
	return s.storeTime(off, int(size))
}

// EarliestStoreTime is the store timestamp of the first message of a queue that is still in the log, -1 when there is none.
func (s *Store) EarliestStoreTime(topic string, queueID int32) int64 {
	return s.StoreTimeAt(topic, queueID, s.MinOffset(topic, queueID))
}

// storeTime reads the store timestamp of the record at a commit log offset, -1 when there is none.
func (s *Store) storeTime(offset int64, size int) int64 {
	seg := s.log.Lease(offset)
	if seg == nil {
		return -1
	}
	defer seg.Release()
	rec := s.log.Slice(seg, offset, size)
	if len(rec) < record.MinSize {
		return -1
	}
	return record.StoreTime(rec)
}

// OffsetByTime searches a queue by store timestamp. Lower: the first offset stored at or after ts, max when all are older, the
// minimum when all are younger. Upper: the last offset stored at or before ts, max-1 when all are older, 0 when all are younger.
// 0 for an unknown or empty queue. It may read the disk (Java ConsumeQueue.binarySearchInQueueByTime, which looks into one file only).
func (s *Store) OffsetByTime(topic string, queueID int32, ts int64, b Boundary) int64 {
	q := s.queues.get(topic, queueID)
	if q == nil {
		return 0
	}
	first := s.minOf(q)
	lo, hi := s.entryOf(q, first), q.max.Load()
	later := func(at int64) bool {
		e, ok := s.entry(q, at)
		if !ok {
			return false
		}
		if e.Size == blankSize { // its place in time is that of the record behind it
			e.Size = record.MinSize
		}
		t := s.storeTime(e.Offset, int(e.Size))
		return b == Lower && t >= ts || b == Upper && t > ts
	}
	found := lo + int64(sort.Search(int(hi-lo), func(i int) bool { return later(lo + int64(i)) }))
	if b == Upper {
		if found == lo {
			return 0
		}
		return s.offsetAt(q, found-1)
	}
	return s.offsetAt(q, found)
}

// MinPhyOffset is the commit log offset of the oldest byte kept.
func (s *Store) MinPhyOffset() int64 { return s.log.Min() }

// MaxPhyOffset is the commit log offset behind the last record.
func (s *Store) MaxPhyOffset() int64 { return s.log.End() }

// FlushedOffset is the commit log offset below which everything is durable.
func (s *Store) FlushedOffset() int64 { return s.log.Durable.Load() }

// DispatchBehindBytes is how far the index is behind the log. Consume queues are never behind.
func (s *Store) DispatchBehindBytes() int64 { return max(0, s.log.End()-s.index.Position()) }

// MinStoreTimestamp is the store time of the oldest record, -1 for an empty log (Java CommitLog.getMinTimestamp).
func (s *Store) MinStoreTimestamp() int64 {
	at := s.log.Min()
	if at+record.MinSize > s.log.End() {
		return -1
	}
	return s.storeTime(at, record.MinSize)
}

// InMemory tells whether the message at a queue offset is close enough to the log end to count as memory
// (Java checkInMemByConsumeOffset): used for the "offset not found" answer of a new group.
func (s *Store) InMemory(topic string, queueID int32, queueOffset int64) bool {
	off, _, _, ok := s.OffsetInQueue(topic, queueID, queueOffset)
	return ok && s.log.End()-off <= s.ram/100*int64(s.cfg.Load().AccessMessageInMemoryMaxRatio)
}

// Topics lists the topics that have at least one queue, sorted.
func (s *Store) Topics() []string { return s.queues.topics() }

// Queues lists the queue ids of a topic, sorted.
func (s *Store) Queues(topic string) []int32 { return s.queues.ids(topic) }
