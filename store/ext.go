package store

import "gorocket/store/consumequeue"

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
