package broker

// GET_TOPIC_STATS_INFO (202): first and last offset of every queue of a topic. Java:
// AdminBrokerProcessor.getTopicStatsInfo.

import (
	"gorocket/broker/meta"
	"gorocket/broker/stats"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// topicStats answers with the offsets of a topic.
type topicStats struct {
	liveConfig
	topics  *meta.Topics
	windows *stats.Windows
	store   *store.Store
}

func (t *topicStats) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqGetTopicStatsInfo, Mode: remoting.Pooled,
		Handle: with(wire.MustTopicRequest, t.topicStats)}}
}

func (t *topicStats) topicStats(ctx *remoting.Context, h *wire.TopicHeader) {
	c := t.topics.Get(h.Topic)
	if c == nil {
		ctx.Status(wire.TopicNotExist, "topic["+h.Topic+"] not exist")
		return
	}
	table := protocol.TopicStatsTable{OffsetTable: map[protocol.MessageQueue]protocol.TopicOffset{},
		TopicPutTPS: t.windows.Minute(stats.WindowKey{Name: statTopicPutNums, Key: h.Topic})}
	for q := range max(c.WriteQueueNums, c.ReadQueueNums) {
		o := protocol.TopicOffset{MinOffset: max(0, t.store.MinOffset(h.Topic, int32(q))),
			MaxOffset: max(0, t.store.MaxOffset(h.Topic, int32(q)))}
		if o.MaxOffset > 0 {
			o.LastUpdateTimestamp = t.store.StoreTimeAt(h.Topic, int32(q), o.MaxOffset-1)
		}
		table.OffsetTable[protocol.MessageQueue{BrokerName: t.cfg().BrokerName, QueueID: q, Topic: h.Topic}] = o
	}
	respondJSON(ctx, table)
}
