package broker

import (
	"gorocket/broker/config"
	"gorocket/broker/meta"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/store"
)

// What several handlers need to know of a queue.

func queueOf(c *config.Config, topic string, queue int32) protocol.MessageQueue {
	return protocol.MessageQueue{BrokerName: c.BrokerName, QueueID: int(queue), Topic: topic}
}

// hasQueue tells whether a topic has a queue, or had it and there are messages in it.
func hasQueue(st *store.Store, t *protocol.TopicConfig, queue int32) bool {
	listed := max(t.ReadQueueNums, t.WriteQueueNums)
	return queue >= 0 && (int(queue) < listed || st.MaxOffset(t.TopicName, queue) > 0)
}

// physicalMin is the smallest offset of a queue of this broker; -1 where Java's batch consume queue begins.
func physicalMin(topics *meta.Topics, st *store.Store, topic string, queue int32) int64 {
	off := st.MinOffset(topic, queue)
	if off == 0 && meta.IsBatch(topics.Get(topic)) && st.MaxOffset(topic, queue) == 0 {
		return -1
	}
	return off
}

// tableFull logs err, which says that a table takes no more; nil is nothing.
func tableFull(log *throttle.Log, err error) {
	if err != nil {
		log.Warn("tableFull").Err(err).Msg("a table is full")
	}
}
