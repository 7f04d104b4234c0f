package broker

import (
	"fmt"

	"gorocket/broker/filter"
	"gorocket/broker/meta"
	"gorocket/broker/trans"
	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// Limits of what administrators and clients may put into the tables; those with a key of their own are in Config.
const (
	maxGroupBytes     = 64 << 10 // of a group's configuration as JSON
	maxMappingBytes   = 1 << 20  // of a static topic's mapping as JSON
	maxAttributeBytes = 1 << 10  // of one attribute's value
	maxStatsQueues    = 100_000  // queues in one answer; more do not fit into a frame
)

// tableFull logs err, which says that a table takes no more; nil is nothing.
func (b *Broker) tableFull(err error) {
	if err != nil {
		b.throttled.Warn("tableFull").Err(err).Msg("a table is full")
	}
}

// checkTopicNumbers refuses what no topic can have. Java takes any number; clients and tools then count up to it.
func (b *Broker) checkTopicNumbers(c *protocol.TopicConfig) error {
	limit := b.cfg().MaxTopicQueueNums
	for _, n := range []struct {
		name  string
		value int
	}{{"readQueueNums", c.ReadQueueNums}, {"writeQueueNums", c.WriteQueueNums}} {
		if n.value < 0 || n.value > limit {
			return fmt.Errorf("The specified topic: %s, %s=%d is not within 0..%d (maxTopicQueueNums)",
				c.TopicName, n.name, n.value, limit)
		}
	}
	for key, value := range c.Attributes {
		if len(key)+len(value) > maxAttributeBytes {
			return fmt.Errorf("The specified topic: %s, attribute %.100q is longer than %d bytes",
				c.TopicName, key, maxAttributeBytes)
		}
	}
	return nil
}

// checkGroup refuses names and numbers that no group can have, with Java's text where it has one.
func (b *Broker) checkGroup(g *protocol.SubscriptionGroupConfig) error {
	if err := compat.ValidateGroup(g.GroupName); err != nil {
		return err
	}
	if limit := b.cfg().MaxTopicQueueNums; g.RetryQueueNums > limit {
		return fmt.Errorf("The specified group: %s, retryQueueNums=%d is above %d (maxTopicQueueNums)",
			g.GroupName, g.RetryQueueNums, limit)
	}
	return checkSize("group", g.GroupName, g, maxGroupBytes)
}

// checkMapping refuses a static topic with more queues than a topic may have.
func (b *Broker) checkMapping(d *protocol.TopicQueueMappingDetail) error {
	if d.TotalQueues < 0 || d.TotalQueues > meta.MaxQueueNumber+1 {
		return fmt.Errorf("The specified topic: %s, totalQueues=%d is not within 0..%d",
			d.Topic, d.TotalQueues, meta.MaxQueueNumber+1)
	}
	for id, items := range d.HostedQueues {
		if id < 0 || id > meta.MaxQueueNumber {
			return fmt.Errorf("The specified topic: %s, queue %d is not within 0..%d", d.Topic, id, meta.MaxQueueNumber)
		}
		for i := range items {
			if items[i].QueueID > meta.MaxQueueNumber {
				return fmt.Errorf("The specified topic: %s, queueId=%d is not within 0..%d",
					d.Topic, items[i].QueueID, meta.MaxQueueNumber)
			}
		}
	}
	return checkSize("topic", d.Topic, d, maxMappingBytes)
}

func checkSize(kind, name string, v any, limit int) error {
	data, err := compat.Marshal(v)
	if err != nil {
		return err
	}
	if len(data) > limit {
		return fmt.Errorf("The specified %s: %.255s, its configuration has %d bytes, more than %d",
			kind, name, len(data), limit)
	}
	return nil
}

// tooManyQueues is the remark of an answer that would name more than maxStatsQueues.
func tooManyQueues(instead string) string {
	return fmt.Sprintf("the answer would name more than %d queues: %s", maxStatsQueues, instead)
}

// hasQueue tells whether a topic has a queue, or had it and there are messages in it.
func (b *Broker) hasQueue(t *protocol.TopicConfig, queue int32) bool {
	listed := max(t.ReadQueueNums, t.WriteQueueNums)
	return queue >= 0 && (int(queue) < listed || b.store.MaxOffset(t.TopicName, queue) > 0)
}

// tableSizes lists the tables that grow by what peers send, for the metrics: entries, and the limit, 0 for none of its
// own.
func (b *Broker) tableSizes(each func(table string, size, limit int64)) {
	c := b.cfg()
	each("topics", b.topics.Len(), int64(c.MaxTopicNum))
	each("groups", b.groups.Len(), int64(c.MaxSubscriptionGroupNum))
	each("consumer_offsets", b.offsets.Len(), int64(c.MaxConsumerOffsetNum))
	each("pull_offsets", b.pulled.Len(), int64(c.MaxConsumerOffsetNum))
	each("order_locks", int64(b.locks.Count()), int64(c.MaxOrderLockNum))
	each("producers", int64(b.producers.Count()), int64(c.MaxProducerNum))
	each("request_modes", int64(b.modes.Count()), meta.MaxRequestModes)
	each("group_forbidden", int64(b.groups.ForbiddenCount()), meta.MaxForbidden)
	each("static_topics", int64(len(b.mappings.Current())), int64(c.MaxTopicNum))
	each("filters", int64(b.filters.Size()), filter.MaxEntries)
	each("half_message_bits", b.trans.Halves.Span(), trans.MaxHalfSpan)
}
