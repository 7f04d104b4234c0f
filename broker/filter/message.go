package filter

import (
	"strings"

	"gorocket/compat"
)

// Filter decides about messages for one pull or for a held one. The zero value accepts everything. Immutable, safe for
// concurrent use. Java: ExpressionMessageFilter and ExpressionForRetryMessageFilter, for subscriptions other than TAG.
type Filter struct {
	data    *Data
	bloom   *Bloom   // nil when bit maps say nothing about data
	manager *Manager // set for a retry topic: each message is judged by the subscription to the topic it came from
	group   string   // with manager
}

// NewFilter makes the filter of a pull whose subscription is not TAG (with TAG neither bit maps nor properties matter).
// data may be nil: then everything matches, as in Java. supportRetry is the property filterSupportRetry: a message of a
// retry topic is judged by the group's subscription to the topic it came from. Clients subscribe to their retry topics
// by TAG, so this seldom happens.
func (m *Manager) NewFilter(topic string, data *Data, supportRetry bool) Filter {
	f := Filter{data: data}
	if data != nil && m.bloom.Valid(data.Bloom) {
		f.bloom = m.bloom
	}
	if group, retry := strings.CutPrefix(topic, compat.RetryTopicPrefix); retry && supportRetry {
		f.manager, f.group = m, retryGroup(group)
	}
	return f
}

// retryGroup is the group of a retry topic without its prefix: pop's form is group+topic. Java: KeyBuilder.parseGroup.
func retryGroup(name string) string {
	if group, topic, ok := strings.Cut(name, "+"); ok && topic != "" && !strings.Contains(topic, "+") {
		return group
	}
	return name
}

// MatchBitMap tells whether a message may be wanted, judged by its entry in the extended consume queue: storeTime (ms
// since 1970) and the bit map made when it was dispatched, nil when there is none. Java: isMatchedByConsumeQueue.
func (f Filter) MatchBitMap(storeTime int64, bitMap []byte) bool {
	if f.bloom == nil || f.data.expr == nil || storeTime <= f.data.BornTime {
		return true
	}
	return f.bloom.Hit(f.data.Bloom, bitMap)
}

// propertyRetryTopic names the topic that a message in a retry topic came from. Java:
// MessageConst.PROPERTY_RETRY_TOPIC.
const propertyRetryTopic = "RETRY_TOPIC" + nameEnd

// MatchProperties tells whether a message is wanted, judged by its encoded properties (see Expr.MatchProperties). What
// has no result is not wanted. Java: isMatchedByCommitLog.
func (f Filter) MatchProperties(raw []byte) bool {
	data := f.data
	if f.manager != nil {
		origin, _ := decoded(raw).property(propertyRetryTopic)
		data = f.manager.Get(origin, f.group)
	}
	if data == nil || data.expr == nil {
		return true
	}
	return data.expr.MatchProperties(raw)
}

// BitMap makes the bit map of a message with encoded properties: the bits of all groups, dead ones included, that want
// it. nil when nobody filters the topic. For the dispatch, when enableCalcFilterBitMap is set. dst is used if it is
// long enough. Java: CommitLogDispatcherCalcBitMap.
func (m *Manager) BitMap(topic string, raw []byte, dst []byte) []byte {
	m.mu.RLock()
	defer m.mu.RUnlock()
	groups := m.topics[topic]
	if len(groups) == 0 {
		return nil
	}
	n := m.bloom.bits / 8
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	dst = dst[:n]
	clear(dst)
	msg := decoded(raw)
	for _, d := range groups {
		if d.expr != nil && d.expr.root.eval(msg).truth() {
			m.bloom.Mark(d.Bloom, dst)
		}
	}
	return dst
}
