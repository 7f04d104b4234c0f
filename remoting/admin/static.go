package admin

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// Static topics: what is asked of the brokers is where the pieces of logic queues are; people want to see the logic
// queues. Java: MQAdminUtils.

// mappings asks brokers for their parts of a static topic; those that have none are left out.
func (c *Client) mappings(ctx context.Context, topic string, nodes []Node) ([]*protocol.TopicQueueMappingDetail,
	error) {
	parts := make([]*protocol.TopicQueueMappingDetail, len(nodes))
	err := firstError(Each(c.opts.Parallel, nodes, func(i int, n Node) error {
		_, m, err := c.TopicConfig(ctx, n.Addr, topic)
		if CodeOf(err) == wire.TopicNotExist {
			return nil
		}
		parts[i] = m
		return err
	}))
	return slices.DeleteFunc(parts, func(m *protocol.TopicQueueMappingDetail) bool { return m == nil }), err
}

// LogicQueues merges the parts of a static topic: the pieces of each logic queue as the broker of its newest piece has
// them. Java: checkAndBuildMappingItems.
func LogicQueues(parts []*protocol.TopicQueueMappingDetail) map[int][]protocol.LogicQueueMappingItem {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b *protocol.TopicQueueMappingDetail) int { return int(b.Epoch - a.Epoch) })
	all := map[int][]protocol.LogicQueueMappingItem{}
	for _, p := range parts {
		for id, items := range p.HostedQueues {
			if leader := p.Leader(id); leader == nil || leader.Bname != p.Bname || all[id] != nil {
				continue
			}
			all[id] = items
		}
	}
	return all
}

// MockBroker is the name that stands for the broker of logic queues of a scope. Java: getMockBrokerName.
func MockBroker(scope string) string {
	if scope == protocol.ScopeGlobal {
		scope = strings.TrimPrefix(scope, "__")
	}
	return "__syslo__" + scope
}

func scopeOf(parts []*protocol.TopicQueueMappingDetail) string {
	if len(parts) > 0 && parts[0].Scope != "" {
		return parts[0].Scope
	}
	return protocol.ScopeGlobal
}

// addLogicStats adds the ends of logic queues to those of the queues on the brokers. Java: convertPhysicalTopicStats.
func addLogicStats(topic string, parts []*protocol.TopicQueueMappingDetail, s *TopicStats) {
	mock := MockBroker(scopeOf(parts))
	for id, items := range LogicQueues(parts) {
		first, last := protocol.ItemAt(items, 0), protocol.ItemAt(items, protocol.MaxOffset)
		if first == nil || last == nil {
			continue
		}
		from, has := s.OffsetTable[protocol.MessageQueue{Topic: topic, BrokerName: first.Bname, QueueID: first.QueueID}]
		to, has2 := s.OffsetTable[protocol.MessageQueue{Topic: topic, BrokerName: last.Bname, QueueID: last.QueueID}]
		if has && has2 {
			s.OffsetTable[protocol.MessageQueue{Topic: topic, BrokerName: mock, QueueID: id}] = protocol.TopicOffset{
				MinOffset: max(0, first.LogicalLoosely(from.MinOffset)), MaxOffset: max(0, last.Logical(to.MaxOffset)),
				LastUpdateTimestamp: to.LastUpdateTimestamp}
		}
	}
}

// logicProgress puts logic queues in the place of those on the brokers, for topics that are static ones.
func (c *Client) logicProgress(ctx context.Context, sum *ConsumeStats) (*ConsumeStats, error) {
	topics := map[string]bool{}
	for q := range sum.OffsetTable {
		topics[q.Topic] = true
	}
	names := slices.Sorted(maps.Keys(topics))
	routes := make([]*protocol.TopicRouteData, len(names))
	if err := firstError(Each(c.opts.Parallel, names, func(i int, topic string) (err error) {
		routes[i], err = c.Route(ctx, topic)
		return err
	})); err != nil {
		return nil, err
	}
	out := &ConsumeStats{ConsumeTPS: sum.ConsumeTPS, OffsetTable: maps.Clone(sum.OffsetTable)}
	for i, topic := range names {
		if len(routes[i].TopicQueueMappingByBroker) == 0 {
			continue
		}
		parts, err := c.mappings(ctx, topic, Selected(routes[i]))
		if err != nil {
			return nil, err
		}
		maps.DeleteFunc(out.OffsetTable, func(q protocol.MessageQueue, _ OffsetWrapper) bool { return q.Topic == topic })
		for id, items := range LogicQueues(parts) {
			if w, ok := logicWrapper(topic, items, sum); ok {
				out.OffsetTable[protocol.MessageQueue{Topic: topic, BrokerName: MockBroker(scopeOf(parts)), QueueID: id}] = w
			}
		}
	}
	return out, nil
}

// logicWrapper is the progress in one logic queue. Java: convertPhysicalConsumeStats.
func logicWrapper(topic string, items []protocol.LogicQueueMappingItem, sum *ConsumeStats) (OffsetWrapper, bool) {
	out := OffsetWrapper{BrokerOffset: -1, ConsumerOffset: -1, LastTimestamp: -1}
	for i := len(items) - 1; i >= 0; i-- {
		it := &items[i]
		w, has := sum.OffsetTable[protocol.MessageQueue{Topic: topic, BrokerName: it.Bname, QueueID: it.QueueID}]
		if !has {
			continue
		}
		if out.ConsumerOffset == -1 && w.ConsumerOffset >= 0 {
			out.ConsumerOffset, out.LastTimestamp = w.ConsumerOffset, w.LastTimestamp
		}
		if out.BrokerOffset == -1 && it.LogicOffset >= 0 {
			out.BrokerOffset = it.Logical(w.BrokerOffset)
		}
		if out.ConsumerOffset >= 0 && out.BrokerOffset >= 0 {
			break
		}
	}
	return out, out.BrokerOffset >= 0 && out.ConsumerOffset >= 0
}
