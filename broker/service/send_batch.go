package service

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
)

// batch stores a client's batch.
func (s *Sender) batch(m *Send, topic *protocol.TopicConfig) error {
	r, p := &m.Record, &m.props
	if m.NoWait && longBatch(r.Body) {
		return ErrWouldWait
	}
	if strings.HasPrefix(r.Topic, compat.RetryTopicPrefix) {
		return refuse(IllegalMessage, "batch request does not support retry group "+r.Topic)
	}
	inner := meta.IsBatch(topic) && len(p.uniqKey) > 0
	if p.delay > 0 || r.SysFlag&(record.SysFlagTransaction|record.SysFlagInnerBatch) != 0 || p.inner && !inner {
		return s.illegal()
	}
	m.UniqKey = append(m.UniqKey, p.uniqKey...)
	if inner {
		return s.innerBatch(m)
	}
	// r.Properties stays empty: Java adds nothing to the items' own properties (MessageExtEncoder.encode)
	r.Properties = nil
	if err := s.wantsReplicas(m); err != nil {
		return err
	}
	done, offsets, err := s.store.AppendBatch(r, r.Body, m.offsets[:0])
	m.offsets = offsets
	if errors.Is(err, record.ErrBadBatch) {
		return badBatch(err)
	}
	return s.stored(m, done, err)
}

func badBatch(err error) *Refusal {
	return refuse(BadBatch, "java.nio.BufferUnderflowException: "+err.Error())
}

// longBatch tells whether a batch has so many messages that it is stored on a worker: more than a millisecond's work,
// for which the loop's other connections need not wait. One that is malformed is not long.
func longBatch(batch []byte) bool { return store.BatchItems(batch, store.LongBatch) > store.LongBatch }

// innerBatch stores a batch as one record, for topics with batch consume queues. Java:
// SendMessageProcessor.sendBatchMessage.
func (s *Sender) innerBatch(m *Send) error {
	r, p := &m.Record, &m.props
	n := 0
	for rest := r.Body; len(rest) > 0; n++ {
		var err error
		if _, rest, err = record.NextBatchItem(rest); err != nil {
			return badBatch(err)
		}
	}
	if n > math.MaxInt16 { // INNER_NUM is a short
		return s.illegal()
	}
	m.BatchUniqKey = string(m.UniqKey)
	p.set(record.PropInnerNum, strconv.Itoa(n))
	p.text = record.AppendProperty(p.text, protocol.PropCluster, s.cfg().BrokerClusterName)
	r.SysFlag |= record.SysFlagInnerBatch | record.SysFlagNeedUnwrap
	r.TagsCode, r.Properties = record.TagsCode(p.tags), p.text
	if err := s.wantsReplicas(m); err != nil {
		return err
	}
	done, err := s.store.Append(r)
	return s.stored(m, done, err)
}
