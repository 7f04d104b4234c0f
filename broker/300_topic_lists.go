package broker

// QUERY_TOPIC_CONSUME_BY_WHO (300), GET_SYSTEM_TOPIC_LIST_FROM_BROKER (305), QUERY_TOPICS_BY_CONSUMER (343): which
// groups read a topic, which topics a group reads, by live members and by committed offsets. Java:
// AdminBrokerProcessor.

import (
	"maps"
	"slices"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// topicLists answers with names of topics and groups.
type topicLists struct {
	liveConfig
	consumers    *clients.Consumers
	offsets      *meta.Offsets
	systemTopics map[string]bool
}

func (a *topicLists) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqQueryTopicConsumeByWho, Mode: remoting.Pooled, Handle: with(wire.MustTopicRequest, a.topicConsumers)},
		{Code: wire.ReqGetSystemTopicListFromBroker, Mode: remoting.Pooled, Handle: a.systemTopicList},
		{Code: wire.ReqQueryTopicsByConsumer, Mode: remoting.Pooled, Handle: with(wire.GroupRequest, a.consumedTopics)},
	}
}

// groupNames answers 300. Java: GroupList.
type groupNames struct {
	GroupList []string `json:"groupList"`
}

func (a *topicLists) topicConsumers(ctx *remoting.Context, h *wire.TopicHeader) {
	groups := map[string]bool{}
	for _, name := range a.consumers.Names() {
		if g := a.consumers.Get(name); g != nil && g.Subscription(h.Topic) != nil {
			groups[name] = true
		}
	}
	a.offsets.Each(func(k meta.OffsetKey) {
		if k.Topic == h.Topic {
			groups[k.Group] = true
		}
	})
	respondJSON(ctx, groupNames{GroupList: sortedNames(groups)})
}

func (a *topicLists) consumedTopics(ctx *remoting.Context, h *wire.GroupHeader) {
	addr := a.cfg().Addr()
	respondJSON(ctx, protocol.TopicList{BrokerAddr: &addr, TopicList: a.offsets.TopicsOf(h.Group)})
}

func (a *topicLists) systemTopicList(ctx *remoting.Context) {
	topics := maps.Clone(a.systemTopics)
	for _, t := range compat.SystemTopics() {
		topics[t] = true
	}
	respondJSON(ctx, protocol.TopicList{TopicList: sortedNames(topics)})
}

// sortedNames lists a set in order; never nil, so that it prints as an empty array.
func sortedNames(set map[string]bool) []string {
	return append([]string{}, slices.Sorted(maps.Keys(set))...)
}
