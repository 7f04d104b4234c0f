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
	a := s.stageOne(seg, q, &r, &e, s.app.storeTime(now))
	for _, l := range list {
		s.app.stage.list.add(l.q, seg, cqEntry{offset: a.Offset, size: a.Size, tags: r.TagsCode, time: a.StoreTimestamp, base: l.offset, count: 1})
	}
	return s.settleOne(&r, a, false)
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
