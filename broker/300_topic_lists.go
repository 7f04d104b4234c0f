package broker

// QUERY_TOPIC_CONSUME_BY_WHO (300), GET_SYSTEM_TOPIC_LIST_FROM_BROKER (305), QUERY_TOPICS_BY_CONSUMER (343): which
// groups read a topic, which topics a group reads, by live members and by committed offsets. Java:
// AdminBrokerProcessor.

import (
	"maps"
	"slices"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func (b *Broker) topicListEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqQueryTopicConsumeByWho, Mode: remoting.Pooled, Handle: with(wire.MustTopicRequest, b.topicConsumers)},
		{Code: wire.ReqGetSystemTopicListFromBroker, Mode: remoting.Pooled, Handle: b.systemTopicList},
		{Code: wire.ReqQueryTopicsByConsumer, Mode: remoting.Pooled, Handle: with(wire.GroupRequest, b.consumedTopics)},
	}
}

// groupNames answers 300. Java: GroupList.
type groupNames struct {
	GroupList []string `json:"groupList"`
}

func (b *Broker) topicConsumers(ctx *remoting.Context, h *wire.TopicHeader) {
	groups := map[string]bool{}
	for _, name := range b.consumers.Names() {
		if g := b.consumers.Get(name); g != nil && g.Subscription(h.Topic) != nil {
			groups[name] = true
		}
	}
	b.offsets.Each(func(k meta.OffsetKey) {
		if k.Topic == h.Topic {
			groups[k.Group] = true
		}
	})
	respondJSON(ctx, groupNames{GroupList: sortedNames(groups)})
}

func (b *Broker) consumedTopics(ctx *remoting.Context, h *wire.GroupHeader) {
	addr := b.cfg().Addr()
	respondJSON(ctx, protocol.TopicList{BrokerAddr: &addr, TopicList: b.topicsOf(h.Group)})
}

func (b *Broker) systemTopicList(ctx *remoting.Context) {
	topics := maps.Clone(b.systemTopics)
	for _, t := range compat.SystemTopics() {
		topics[t] = true
	}
	respondJSON(ctx, protocol.TopicList{TopicList: sortedNames(topics)})
}

// sortedNames lists a set in order; never nil, so that it prints as an empty array.
func sortedNames(set map[string]bool) []string {
	return append([]string{}, slices.Sorted(maps.Keys(set))...)
}
