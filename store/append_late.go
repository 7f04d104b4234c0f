package store

import (
	"strconv"
	"strings"

	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// Some records carry queue offsets in their properties, which only the append lock knows: inner batches (INNER_BASE)
// and messages for light queues (INNER_MULTI_QUEUE_OFFSET). They are encoded under the lock, in room reserved for the
// longest offsets.

const (
	maxDigits = 20 // of a decimal int64 and a separator
	lateRoom  = len(record.PropInnerBase) + len(record.PropMultiQueueOffset) + 2*3 + maxDigits + record.PropCRCLen + 1
)

// late tells whether r is such a record.
func (c *Config) late(r *Record) (light []string, ok bool) {
	light = c.dispatchRules(nil).LightNames(r.Topic, r.Properties)
	return light, light != nil || r.SysFlag&record.SysFlagInnerBatch != 0
}

// appendLate is Append for those records.
func (s *Store) appendLate(cfg *Config, r Record, light []string) (Appended, error) {
	if len(light) > dispatch.MaxLight {
		return Appended{}, ErrTooManyLightQueues
	}
	inner := r.SysFlag&record.SysFlagInnerBatch != 0
	if inner && s.ev.IsBatchTopic != nil && !s.ev.IsBatchTopic(r.Topic) {
		return Appended{}, ErrNotBatchTopic
	}
	e, err := cfg.RecordLimits().Plan(&r.Message)
	room := lateRoom + maxDigits*len(light)
	if err == nil && e.PropsLen+room > record.MaxPropertiesLength {
		err = record.ErrPropertiesTooLong
	}
	if err != nil {
		return Appended{}, err
	}
	offset, storeTime, q, err := s.begin(&r, e.Size+room, false)
	if err != nil {
		return Appended{}, err
	}
	if inner && !q.Batch() {
		s.log.Cancel()
		return Appended{}, ErrNotBatchTopic
	}
	if err := s.lateProperties(&r, q, light); err != nil {
		s.log.Cancel()
		return Appended{}, err
	}
	cfg.RecordLimits().Replan(&e, &r.Message)
	a := s.put(q, &r, &e, offset, storeTime)
	s.noteLight(&r, a)
	s.committer.noteKeys(&r, a)
	if err := s.log.Finish(false, r.Later); err != nil {
		return Appended{}, err
	}
	return a, nil
}

// noteLight notes the entries of a record in light queues, as recovery would. Caller holds the append lock.
func (s *Store) noteLight(r *Record, a Appended) {
	f := dispatch.Facts{Topic: r.Topic, SysFlag: r.SysFlag, Properties: r.Properties}
	_ = s.rules().Lights(&f, func(name string, offset int64) error {
		e := dispatch.Entry{Offset: a.Offset, Size: a.Size, Tags: r.TagsCode, Time: a.StoreTimestamp, Base: offset,
			Count: 1}
		s.committer.note(s.queues.GetOrCreate(name, 0, false), e)
		return nil
	})
}

// lateProperties sets the properties that carry offsets. Caller holds the append lock.
func (s *Store) lateProperties(r *Record, q *consumequeue.Queue, light []string) error {
	if r.SysFlag&record.SysFlagInnerBatch != 0 {
		r.Properties = record.SetProperty(nil, r.Properties, record.PropInnerBase, strconv.FormatInt(q.End(), 10))
	}
	if light == nil || !record.HasQueueEntry(r.SysFlag) {
		return nil
	}
	var own dispatch.Entry
	s.rules().Own(&dispatch.Facts{Topic: r.Topic, SysFlag: r.SysFlag, Properties: r.Properties}, &own)
	joined, err := s.lightOffsets(light, q, int64(own.Count))
	switch {
	case err != nil:
		return err
	case joined == "": // no usable name: what the sender says there must not count
		r.Properties = record.DeleteProperty(nil, r.Properties, record.PropMultiQueueOffset)
	default:
		r.Properties = record.SetProperty(nil, record.DeleteProperty(nil, r.Properties, record.PropWait),
			record.PropMultiQueueOffset, joined)
	}
	return nil
}

// lightOffsets finds the queues of names and joins their next offsets as Java does; a name that is no light queue
// leaves its place empty. own is the record's own queue, where it takes n offsets first. Caller holds the append lock.
func (s *Store) lightOffsets(names []string, own *consumequeue.Queue, n int64) (joined string, err error) {
	type place struct {
		q      *consumequeue.Queue
		offset int64
	}
	var list []place
	offsets := make([]string, len(names))
	for i, name := range names {
		if !dispatch.IsLight(name) {
			continue
		}
		q := s.queues.Get(name, 0)
		if q == nil {
			if s.queues.Light() >= int64(s.cfg.Load().MaxLmqConsumeQueueNum) {
				return "", ErrTooManyLightQueues
			}
			q = s.queues.GetOrCreate(name, 0, false)
		}
		at := q.End()
		if q == own {
			at += n
		}
		for _, e := range list { // the same name twice takes two offsets
			if e.q == q {
				at = e.offset + 1
			}
		}
		offsets[i] = strconv.FormatInt(at, 10)
		list = append(list, place{q, at})
	}
	return strings.Join(offsets, ","), nil
}
