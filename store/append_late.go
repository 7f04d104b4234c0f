package store

import (
	"strconv"
)

// Some records carry queue offsets in their properties, which only the append lock knows: inner batches (INNER_BASE) and messages for light queues
// (INNER_MULTI_QUEUE_OFFSET). They are encoded under the lock, in room reserved for the longest offsets.

const (
	maxDigits = 20 // of a decimal int64 and a separator
	lateRoom  = len(propInnerBase) + len(propDispatchOffset) + 2*3 + maxDigits
)

// late tells whether r is such a record.
func (c *Config) late(r *Record) (light []string, ok bool) {
	light = c.lightNames(r.Topic, r.Properties)
	return light, light != nil || r.SysFlag&SysFlagInnerBatch != 0
}

// appendLate is Append for those records.
func (s *Store) appendLate(cfg *Config, r Record, light []string) (Appended, error) {
	if len(light) > maxDispatch {
		return Appended{}, ErrTooManyLightQueues
	}
	inner := r.SysFlag&SysFlagInnerBatch != 0
	e, err := cfg.plan(&r)
	room := lateRoom + maxDigits*len(light)
	if err == nil && e.propsLen+room > MaxPropertiesLength {
		err = ErrPropertiesTooLong
	}
	if err != nil {
		return Appended{}, err
	}
	seg, q, now, err := s.reserve(&r, e.size+room, false)
	if err != nil {
		return Appended{}, err
	}
	if inner && !q.batch() {
		s.app.unlock()
		return Appended{}, ErrNotBatchTopic
	}
	list, err := s.lateProperties(&r, q, light)
	if err != nil {
		s.app.unlock()
		return Appended{}, err
	}
	cfg.replan(&e, &r)
	st := stamp{offset: seg.base + s.app.pos, storeTime: s.app.storeTime(now)}
	a, rec, err := s.put(seg, q, &r, &e, st)
	if err != nil {
		s.app.unlock()
		return Appended{}, err
	}
	for _, l := range list {
		s.enqueue(l.q, cqEntry{offset: st.offset, size: int32(e.size), tags: r.TagsCode, time: st.storeTime, base: l.offset, count: 1})
	}
	lease := s.ev.MessageStored != nil && seg.acquire()
	s.app.unlock()
	s.index.wake()
	if lease {
		if hasQueueEntry(r.SysFlag) {
			s.ev.MessageStored(q.topic, q.id, a.QueueOffset, r.TagsCode, st.storeTime, rec)
		}
		for _, l := range list {
			s.ev.MessageStored(l.q.topic, 0, l.offset, r.TagsCode, st.storeTime, rec)
		}
		seg.release()
	}
	return a, nil
}

// lateProperties sets the properties that carry offsets and returns the light queues. Caller holds the append lock.
func (s *Store) lateProperties(r *Record, q *queue, light []string) (list []lightEntry, err error) {
	if r.SysFlag&SysFlagInnerBatch != 0 {
		r.Properties = SetProperty(nil, r.Properties, propInnerBase, strconv.FormatInt(q.end(), 10))
	}
	if light == nil || !hasQueueEntry(r.SysFlag) {
		return nil, nil
	}
	list, joined, err := s.lightOffsets(light)
	if err == nil && joined != "" {
		r.Properties = SetProperty(nil, DeleteProperty(nil, r.Properties, propWait), propDispatchOffset, joined)
	}
	return list, err
}
