package broker

// GET_CONSUME_STATS (208): how far a group has come on its topics. Java: AdminBrokerProcessor.getConsumeStats.
// consumeTps is left out (Java reads 0).

import (
	"gorocket/broker/meta"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func (b *Broker) consumeStatsEntries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqGetConsumeStats, Mode: remoting.Pooled,
		Handle: with(wire.GetConsumeStatsRequest, b.consumeStats)}}
}

// offsetWrapper is one queue in 208. Java: OffsetWrapper.
type offsetWrapper struct {
	BrokerOffset   int64 `json:"brokerOffset"`
	ConsumerOffset int64 `json:"consumerOffset"`
	LastTimestamp  int64 `json:"lastTimestamp"` // ms; store time of the last consumed message
	PullOffset     int64 `json:"pullOffset"`
}

// consumeStatsTable answers 208; its keys are printed as objects. Java: ConsumeStats.
type consumeStatsTable struct {
	OffsetTable map[protocol.MessageQueue]offsetWrapper `json:"offsetTable"`
}

func (b *Broker) consumeStats(ctx *remoting.Context, h *wire.ConsumeStatsHeader) {
	topics := []string{h.Topic}
	if h.Topic == "" {
		topics = b.topicsOf(h.ConsumerGroup)
	}
	stats := consumeStatsTable{OffsetTable: map[protocol.MessageQueue]offsetWrapper{}}
	g := b.consumers.Get(h.ConsumerGroup)
	for _, topic := range topics {
		c := b.topics.Get(topic)
		if c == nil || g != nil && g.Subscription(topic) == nil {
			continue // a live group is asked about what it subscribes to only
		}
		if len(stats.OffsetTable)+c.ReadQueueNums > maxStatsQueues {
			ctx.Status(wire.SystemError, tooManyQueues("ask for one topic"))
			return
		}
		for q := range c.ReadQueueNums {
			stats.OffsetTable[protocol.MessageQueue{BrokerName: b.cfg().BrokerName, QueueID: q,
				Topic: topic}] = b.progress(h.ConsumerGroup, topic, int32(q))
		}
	}
	respondJSON(ctx, stats)
}

func (b *Broker) progress(group, topic string, queue int32) offsetWrapper {
	w := offsetWrapper{BrokerOffset: max(0, b.store.MaxOffset(topic, queue)),
		ConsumerOffset: max(0, b.offsets.Query(group, topic, queue))}
	if b.mappings.Of(topic, "") != nil {
		// -1 when there is none: the tool looks at the next piece then
		w.ConsumerOffset = b.offsets.Query(group, topic, queue)
	}
	w.PullOffset = max(w.ConsumerOffset, b.pulled.Query(group, topic, queue))
	if w.ConsumerOffset > 0 {
		w.LastTimestamp = max(0, b.store.StoreTimeAt(topic, queue, w.ConsumerOffset-1))
	}
	return w
}

// topicsOf lists the topics on which a group has committed offsets. Java: whichTopicByConsumer.
func (b *Broker) topicsOf(group string) []string {
	topics := map[string]bool{}
	b.offsets.Each(func(k meta.OffsetKey) {
		if k.Group == group {
			topics[k.Topic] = true
		}
	})
	return sortedNames(topics)
}
