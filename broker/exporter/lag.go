package exporter

import (
	"strconv"
	"strings"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/store/vfs"
)

// maxLagReads is how many store timestamps one scrape reads, each of which may be a read of the disk; groups beyond it
// have no latencies.
const maxLagReads = 10_000

// lag is how far a group is on a topic: sums over the queues, and store timestamps in ms since 1970, 0 for none.
type lag struct {
	messages, inflight, ready      int64
	unconsumedSince, unpulledSince int64
}

// lags exports how far groups are. Every group with offsets counts, whether it has members or not: who is told of a lag
// wants to hear of consumers that are down most of all. Java: ConsumerLagCalculator, for groups with members only.
func (c *collector) lags() {
	reads, now := maxLagReads, c.d.Now().UnixMilli()
	age := func(since int64) float64 {
		if since == 0 {
			return 0
		}
		return float64(max(0, now-since))
	}
	c.d.Committed.Each(func(k meta.OffsetKey) {
		l, known := c.d.lagOf(k, &reads)
		labels := []string{k.Group, k.Topic, strconv.FormatBool(strings.HasPrefix(k.Topic, compat.RetryTopicPrefix)),
			strconv.FormatBool(isSystem(k.Topic, k.Group))}
		c.Send("rocketmq_consumer_lag_messages", float64(l.messages), labels...)
		c.Send("rocketmq_consumer_inflight_messages", float64(l.inflight), labels...)
		c.Send("rocketmq_consumer_ready_messages", float64(l.ready), labels...)
		if known {
			c.Send("rocketmq_consumer_lag_latency", age(l.unconsumedSince), labels...)
			c.Send("rocketmq_consumer_queueing_latency", age(l.unpulledSince), labels...)
		}
	})
}

// lagOf adds up the queues of a topic on which a group has an offset; known tells whether the times are. A queue that
// was not pulled since the start counts as pulled up to what is committed.
func (d *Deps) lagOf(k meta.OffsetKey, reads *int) (l lag, known bool) {
	pulled := d.Pulled.CommittedOf(k.Group, k.Topic)
	known = true
	for q, committed := range d.Committed.CommittedOf(k.Group, k.Topic) {
		end, next := d.Store.MaxOffset(k.Topic, q), committed
		if at, ok := pulled[q]; ok {
			next = max(at, committed)
		}
		l.messages += max(0, end-committed)
		l.inflight += next - committed
		l.ready += max(0, end-next)
		if end <= committed {
			continue
		}
		if *reads -= 2; *reads < 0 {
			known = false
			continue
		}
		d.earliest(&l.unconsumedSince, k.Topic, q, committed)
		if end > next {
			d.earliest(&l.unpulledSince, k.Topic, q, next)
		}
	}
	return l, known
}

// earliest makes since the store timestamp of a message if that is earlier. Messages that are deleted count with the
// first that is there.
func (d *Deps) earliest(since *int64, topic string, queue int32, offset int64) {
	at := int64(-1)
	_ = vfs.Guard(func() error { // a page that the disk does not give costs the figure, not the process
		at = d.Store.StoreTimeAt(topic, queue, max(offset, d.Store.MinOffset(topic, queue)))
		return nil
	})
	if at > 0 && (*since == 0 || at < *since) {
		*since = at
	}
}
