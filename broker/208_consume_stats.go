package broker

// GET_CONSUME_STATS (208): how far a group has come on its topics. Java: AdminBrokerProcessor.getConsumeStats.
// consumeTps is left out (Java reads 0).

import (
	"fmt"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/broker/static"
	"gorocket/broker/stats"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// consumeStats answers how far groups are; all at once in 317_broker_consume_stats.go.
type consumeStats struct {
	liveConfig
	topics    *meta.Topics
	groups    *meta.Groups
	consumers *clients.Consumers
	offsets   *meta.Offsets
	pulled    *meta.Offsets
	mappings  *static.Service
	windows   *stats.Windows
	store     *store.Store
}

func (a *consumeStats) entries() []remoting.Entry {
	return append([]remoting.Entry{{Code: wire.ReqGetConsumeStats, Mode: remoting.Pooled,
		Handle: with(wire.GetConsumeStatsRequest, a.consumeStats)}}, a.brokerEntries()...)
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
	ConsumeTPS  float64                                 `json:"consumeTps"` // messages per second of the last minute
	OffsetTable map[protocol.MessageQueue]offsetWrapper `json:"offsetTable"`
}

func (a *consumeStats) consumeStats(ctx *remoting.Context, h *wire.ConsumeStatsHeader) {
	topics := []string{h.Topic}
	if h.Topic == "" {
		topics = a.offsets.TopicsOf(h.ConsumerGroup)
	}
	table := consumeStatsTable{OffsetTable: map[protocol.MessageQueue]offsetWrapper{}}
	g := a.consumers.Get(h.ConsumerGroup)
	for _, topic := range topics {
		c := a.topics.Get(topic)
		if c == nil || g != nil && g.Subscription(topic) == nil {
			continue // a live group is asked about what it subscribes to only
		}
		if len(table.OffsetTable)+c.ReadQueueNums > maxStatsQueues {
			ctx.Status(wire.SystemError, tooManyQueues("ask for one topic"))
			return
		}
		table.ConsumeTPS += a.windows.Minute(stats.WindowKey{Name: statGroupGetNums, Key: topic + "@" + h.ConsumerGroup})
		for q := range c.ReadQueueNums {
			table.OffsetTable[protocol.MessageQueue{BrokerName: a.cfg().BrokerName, QueueID: q,
				Topic: topic}] = a.progress(h.ConsumerGroup, topic, int32(q))
		}
	}
	respondJSON(ctx, table)
}

func (a *consumeStats) progress(group, topic string, queue int32) offsetWrapper {
	w := offsetWrapper{BrokerOffset: max(0, a.store.MaxOffset(topic, queue)),
		ConsumerOffset: max(0, a.offsets.Query(group, topic, queue))}
	if a.mappings.Of(topic, "") != nil {
		// -1 when there is none: the tool looks at the next piece then
		w.ConsumerOffset = a.offsets.Query(group, topic, queue)
	}
	w.PullOffset = max(w.ConsumerOffset, a.pulled.Query(group, topic, queue))
	if w.ConsumerOffset > 0 {
		w.LastTimestamp = max(0, a.store.StoreTimeAt(topic, queue, w.ConsumerOffset-1))
	}
	return w
}

// maxStatsQueues bounds the queues in one answer; more do not fit into a frame.
const maxStatsQueues = 100_000

// tooManyQueues is the remark of an answer that would name more than maxStatsQueues.
func tooManyQueues(instead string) string {
	return fmt.Sprintf("the answer would name more than %d queues: %s", maxStatsQueues, instead)
}
