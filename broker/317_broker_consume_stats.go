package broker

// GET_BROKER_CONSUME_STATS (317): the progress of all groups. Java: AdminBrokerProcessor.fetchAllConsumeStatsInBroker.

import (
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func (a *consumeStats) brokerEntries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqGetBrokerConsumeStats, Mode: remoting.Blocking,
		Handle: with(wire.BrokerConsumeStatsRequest, a.brokerConsumeStats)}}
}

// consumeStatsList answers 317. Java: ConsumeStatsList.
type consumeStatsList struct {
	BrokerAddr        string                           `json:"brokerAddr"`
	ConsumeStatsList  []map[string][]consumeStatsTable `json:"consumeStatsList"`
	TotalDiff         int64                            `json:"totalDiff"`
	TotalInflightDiff int64                            `json:"totalInflightDiff"`
}

func (a *consumeStats) brokerConsumeStats(ctx *remoting.Context, h *wire.BrokerConsumeStatsHeader) {
	list := consumeStatsList{BrokerAddr: a.cfg().Addr(), ConsumeStatsList: []map[string][]consumeStatsTable{}}
	topicsOf, queues := a.offsets.ByGroup(), 0
	for group := range a.groups.Wrapper().SubscriptionGroupTable {
		stats := []consumeStatsTable{}
		for _, topic := range topicsOf[group] {
			t := a.topics.Get(topic)
			if t == nil || h.IsOrder && !t.Order ||
				a.consumers.Get(group) != nil && a.consumers.Subscribed(group, topic) == nil {
				continue
			}
			if queues += t.WriteQueueNums; queues > maxStatsQueues {
				ctx.Status(wire.SystemError, tooManyQueues("ask for one group (208)"))
				return
			}
			stats = append(stats, a.topicProgress(group, t, &list))
		}
		list.ConsumeStatsList = append(list.ConsumeStatsList, map[string][]consumeStatsTable{group: stats})
	}
	respondJSON(ctx, list)
}

func (a *consumeStats) topicProgress(group string, t *protocol.TopicConfig, sum *consumeStatsList) consumeStatsTable {
	s := consumeStatsTable{OffsetTable: map[protocol.MessageQueue]offsetWrapper{}}
	for q := range int32(t.WriteQueueNums) {
		w := a.progress(group, t.TopicName, q)
		w.PullOffset = 0 // not in this answer
		s.OffsetTable[queueOf(a.cfg(), t.TopicName, q)] = w
		sum.TotalDiff += w.BrokerOffset - w.ConsumerOffset
		sum.TotalInflightDiff += w.PullOffset - w.ConsumerOffset
	}
	return s
}
