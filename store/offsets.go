package store

import (
	"fmt"
	"sort"

	"gorocket/store/consumequeue"
	"gorocket/store/record"
)

// MinOffset is the first queue offset whose message is still in the log; 0 for an unknown queue.
func (s *Store) MinOffset(topic string, queueID int32) int64 {
	if q := s.queues.Get(topic, queueID); q != nil {
		return s.queues.Min(q)
	}
	return 0
}

// HotMinOffset is MinOffset for callers that must not block: false when a file would have to be read.
func (s *Store) HotMinOffset(topic string, queueID int32) (offset int64, hot bool) {
	q := s.queues.Get(topic, queueID)
	switch {
	case q == nil:
		return 0, true
	case !s.queues.MinIsCheap(q):
		return 0, false
	}
	return s.queues.Min(q), true
}

// MaxOffset is the queue offset the next message gets; 0 for an unknown queue.
func (s *Store) MaxOffset(topic string, queueID int32) int64 {
	if q := s.queues.Get(topic, queueID); q != nil {
		return q.End()
	}
	return 0
}

// OffsetInQueue returns the consume queue entry at a queue offset. It may read the disk.
func (s *Store) OffsetInQueue(topic string, queueID int32, queueOffset int64) (phyOffset int64, size int32,
	tagsCode int64, ok bool) {
	q := s.queues.Get(topic, queueID)
	if q == nil || queueOffset >= q.End() {
		return 0, 0, 0, false
	}
	at := s.queues.EntryOf(q, queueOffset)
	if at < q.First() {
		return 0, 0, 0, false
	}
	e, ok := s.queues.Entry(q, at)
	u, _ := s.queues.Tags(q, e.Tags, false)
	return e.Offset, e.Size, u.Tags, ok && !consumequeue.Filler(&e)
}

// StoreTimeAt is the store timestamp of the message at a queue offset, -1 when there is none. It may read the disk.
func (s *Store) StoreTimeAt(topic string, queueID int32, queueOffset int64) int64 {
	off, size, _, ok := s.OffsetInQueue(topic, queueID, queueOffset)
	if !ok {
		return -1
	}
	return s.storeTime(off, int(size))
}

// EarliestStoreTime is the store timestamp of the first message of a queue that is still in the log, -1 when there is
// none.
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

// OffsetByTime searches a queue by store timestamp. Lower: the first offset stored at or after ts, max when all are
// older, the minimum when all are younger. Upper: the last offset stored at or before ts, max-1 when all are older, 0
// when all are younger. 0 for an unknown or empty queue. It may read the disk (Java
// ConsumeQueue.binarySearchInQueueByTime, which looks into one file only).
func (s *Store) OffsetByTime(topic string, queueID int32, ts int64, b Boundary) int64 {
	q := s.queues.Get(topic, queueID)
	if q == nil {
		return 0
	}
	first := s.queues.Min(q)
	lo, hi := s.queues.EntryOf(q, first), q.Entries()
	later := func(at int64) bool {
		e, ok := s.queues.Entry(q, at)
		if !ok {
			return false
		}
		if e.Size == consumequeue.BlankSize { // its place in time is that of the record behind it
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
		return s.queues.OffsetAt(q, found-1)
	}
	return s.queues.OffsetAt(q, found)
}

// MinPhyOffset is the commit log offset of the oldest byte kept.
func (s *Store) MinPhyOffset() int64 { return s.log.Min() }

// MaxPhyOffset is the commit log offset behind the last record.
func (s *Store) MaxPhyOffset() int64 { return s.log.End() }

// FlushedOffset is the commit log offset below which everything is durable.
func (s *Store) FlushedOffset() int64 { return s.log.Durable.Load() }

// ReplicatedOffset is the commit log offset below which enough replicas have everything, see Confirm.
func (s *Store) ReplicatedOffset() int64 { return s.log.Replicated.Load() }

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
func (s *Store) Topics() []string { return s.queues.Topics() }

// Queues lists the queue ids of a topic, sorted.
func (s *Store) Queues(topic string) []int32 { return s.queues.IDs(topic) }

// DeleteTopic removes the consume queues of a topic; its messages stay in the log until they expire, and its queues
// start at 0 again (Java DefaultMessageStore.deleteTopics). No error for an unknown topic, ErrTopicName for one that
// cannot be a folder.
func (s *Store) DeleteTopic(topic string) error {
	if !consumequeue.HasFolder(topic, 0) {
		return fmt.Errorf("%w: topic %.300q", ErrTopicName, topic)
	}
	if s.committer.held.on {
		s.dropHeld(func(q *consumequeue.Queue) bool { return q.Topic == topic })
	}
	return s.queues.DeleteTopic(topic)
}

// ExtUnit is what the extended consume queue holds of a message (Java ConsumeQueueExt.CqExtUnit).
type ExtUnit struct {
	Size           int16 // bytes of the unit
	TagsCode       int64
	StoreTimestamp int64  // ms
	BitMap         []byte // nil when there is none
}

// ExtInQueue returns the unit of the entry at a queue offset; ok is false when it has none, and addr is then the place
// where it should be, 0 if it needs none. It may read the disk.
func (s *Store) ExtInQueue(topic string, queueID int32, queueOffset int64) (u ExtUnit, addr int64, ok bool) {
	q := s.queues.Get(topic, queueID)
	if q == nil || q.Batch() {
		return u, 0, false
	}
	e, found := s.queues.Entry(q, queueOffset)
	if !found || !consumequeue.IsExtAddr(e.Tags) {
		return u, 0, false
	}
	x, st := s.queues.Tags(q, e.Tags, false)
	if st != consumequeue.ExtFound {
		return u, e.Tags, false
	}
	return ExtUnit{x.Size, x.Tags, x.Time, x.Bits}, e.Tags, true
}
