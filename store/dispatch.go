package store

import (
	"strconv"
	"strings"

	"gorocket/store/record"
)

// What a record means for the consume queues is decided here, from the record alone: by an append, by recovery and by
// Verify. Java decides it in CommitLog.checkMessageAndReturnSize and ReputMessageService, from the record too; but it
// believes the properties INNER_BASE, INNER_NUM and INNER_MULTI_QUEUE_OFFSET of any record, also where a client wrote
// them. Here they count only in records that the broker gives them to, and batches of clients that bring them along are
// refused.

// dispatchRules are the parts of the configuration that decide about queue entries.
type dispatchRules struct {
	cfg    *Config
	delays []int64 // ms of the delay levels
}

// rules are those of the present configuration.
func (s *Store) rules() dispatchRules { return dispatchRules{s.cfg.Load(), s.delays} }

// facts are the parts of a record that decide about its queue entries.
type facts struct {
	topic       string
	sysFlag     int32
	queueOffset int64 // stored in the record
	storeTime   int64 // ms
	properties  []byte
	tags        int64 // TagsCode of the property TAGS
}

// factsOf reads a stored record.
func factsOf(m *record.View) facts {
	tags, _ := m.Property(record.PropTags)
	return facts{topic: string(m.Topic), sysFlag: m.SysFlag, queueOffset: m.QueueOffset, storeTime: m.StoreTimestamp,
		properties: m.Properties,
		tags:       record.TagsCode(tags)}
}

// makesBatchQueue tells that a record makes its queue, if there is none, a batch queue.
func makesBatchQueue(sysFlag int32) bool {
	return sysFlag&record.SysFlagInnerBatch != 0 && record.HasQueueEntry(sysFlag)
}

// own sets e to the entry of a record in its own queue, but for place and size; false when it has none, and then none
// in light queues either. An inner batch takes as many queue offsets as it says, in a batch queue; anything else takes
// one.
func (d dispatchRules) own(f *facts, e *cqEntry) bool {
	e.tags, e.time, e.base, e.count = f.tags, f.storeTime, f.queueOffset, 1
	if f.topic == ScheduleTopic {
		e.tags = d.scheduleTags(f)
	}
	if f.sysFlag&record.SysFlagInnerBatch != 0 {
		e.base, e.count = innerSpan(f)
	}
	return record.HasQueueEntry(f.sysFlag)
}

// scheduleTags is the third column of an entry in the topic of the delay levels: the time of delivery.
func (d dispatchRules) scheduleTags(f *facts) int64 {
	if v, ok := record.Property(f.properties, record.PropDelay); ok {
		if level, err := strconv.ParseInt(string(v), 10, 32); err == nil && level > 0 {
			return deliverTime(d.delays, int32(level), f.storeTime)
		}
	}
	return f.tags
}

// innerSpan is the range of queue offsets of an inner batch.
func innerSpan(f *facts) (base int64, count int16) {
	num, ok1 := record.Property(f.properties, record.PropInnerNum)
	first, ok2 := record.Property(f.properties, record.PropInnerBase)
	if !ok1 || !ok2 {
		return f.queueOffset, 1
	}
	b, err1 := strconv.ParseInt(string(first), 10, 64)
	n, err2 := strconv.ParseInt(string(num), 10, 16)
	if err1 != nil || b < 0 {
		b = f.queueOffset
	}
	if err2 != nil || n < 1 {
		n = 1
	}
	return b, int16(n)
}

// light calls fn for each light queue of a record that has an entry, with the record's offset in it.
func (d dispatchRules) light(f *facts, fn func(name string, offset int64) error) error {
	names := d.cfg.lightNames(f.topic, f.properties)
	if names == nil || !record.HasQueueEntry(f.sysFlag) {
		return nil
	}
	v, _ := record.Property(f.properties, record.PropMultiQueueOffset)
	offsets := strings.Split(string(v), ",")
	for i, name := range names {
		if i >= len(offsets) || !isLight(name) {
			continue
		}
		at, err := strconv.ParseInt(offsets[i], 10, 64)
		if err != nil || at < 0 {
			continue
		}
		if err := fn(name, at); err != nil {
			return err
		}
	}
	return nil
}
