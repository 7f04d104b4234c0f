// Package dispatch says what a record means for consume queues and index.
//
// It is decided here, from the record alone: for an append, for recovery and for verify, and for whoever gets records
// as bytes. Java decides it in CommitLog.checkMessageAndReturnSize and ReputMessageService, from the record too; but it
// believes the properties INNER_BASE, INNER_NUM and INNER_MULTI_QUEUE_OFFSET of any record, also where a client wrote
// them. Here they count only in records that the broker gives them to, and batches of clients that bring them along are
// refused.
package dispatch

import (
	"strconv"

	"gorocket/store/record"
)

// Rules are the parts of the configuration that decide about queue entries. Immutable.
type Rules struct {
	Light  bool    // messages may go to light queues (enableLmq and enableMultiDispatch)
	Delays []int64 // ms of the delay levels, see ParseDelayLevels
}

// Facts are the parts of a record that decide about its queue entries.
type Facts struct {
	Topic       string
	SysFlag     int32
	QueueOffset int64 // stored in the record
	StoreTime   int64 // ms
	Properties  []byte
	Tags        int64 // TagsCode of the property TAGS
}

// FactsOf reads a stored record.
func FactsOf(m *record.View) Facts { return FactsNamed(string(m.Topic), m) }

// FactsNamed is FactsOf for callers that have the topic as a string already.
func FactsNamed(topic string, m *record.View) Facts {
	tags, _ := m.Property(record.PropTags)
	return Facts{Topic: topic, SysFlag: m.SysFlag, QueueOffset: m.QueueOffset, StoreTime: m.StoreTimestamp,
		Properties: m.Properties, Tags: record.TagsCode(tags)}
}

// MakesBatchQueue tells that a record makes its queue, if there is none, a batch queue.
func MakesBatchQueue(sysFlag int32) bool {
	return sysFlag&record.SysFlagInnerBatch != 0 && record.HasQueueEntry(sysFlag)
}

// Own sets e to the entry of a record in its own queue, but for place and size; false when it has none, and then none
// in light queues either. An inner batch takes as many queue offsets as it says, in a batch queue; anything else takes
// one.
func (d Rules) Own(f *Facts, e *Entry) bool {
	e.Tags, e.Time, e.Base, e.Count = f.Tags, f.StoreTime, f.QueueOffset, 1
	if f.Topic == ScheduleTopic {
		e.Tags = d.scheduleTags(f)
	}
	if f.SysFlag&record.SysFlagInnerBatch != 0 {
		e.Base, e.Count = innerSpan(f)
	}
	return record.HasQueueEntry(f.SysFlag)
}

// scheduleTags is the third column of an entry in the topic of the delay levels: the time of delivery.
func (d Rules) scheduleTags(f *Facts) int64 {
	if v, ok := record.Property(f.Properties, record.PropDelay); ok {
		if level, err := strconv.ParseInt(string(v), 10, 32); err == nil && level > 0 {
			return deliverTime(d.Delays, int32(level), f.StoreTime)
		}
	}
	return f.Tags
}

// innerSpan is the range of queue offsets of an inner batch.
func innerSpan(f *Facts) (base int64, count int16) {
	num, ok1 := record.Property(f.Properties, record.PropInnerNum)
	first, ok2 := record.Property(f.Properties, record.PropInnerBase)
	if !ok1 || !ok2 {
		return f.QueueOffset, 1
	}
	b, err1 := strconv.ParseInt(string(first), 10, 64)
	n, err2 := strconv.ParseInt(string(num), 10, 16)
	if err1 != nil || b < 0 {
		b = f.QueueOffset
	}
	if err2 != nil || n < 1 {
		n = 1
	}
	return b, int16(n)
}
