package broker

// GET_ALL_TOPIC_CONFIG (21), GET_ALL_CONSUMER_OFFSET (43), GET_ALL_DELAY_OFFSET (45), GET_ALL_SUBSCRIPTIONGROUP_CONFIG
// (201): what slaves and tools copy. Java: AdminBrokerProcessor. 5.5 callers page through 21 and 201 (topicSeq,
// groupSeq); everything is answered at once with the total in the header, which they accept.

import (
	"strconv"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func (b *Broker) syncEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetAllTopicConfig, Mode: remoting.Pooled, Handle: b.allTopics},
		{Code: wire.ReqGetAllConsumerOffset, Mode: remoting.Pooled, Handle: b.allOffsets},
		{Code: wire.ReqGetAllDelayOffset, Mode: remoting.Pooled, Handle: b.allDelayOffsets},
		{Code: wire.ReqGetAllSubscriptiongroupConfig, Mode: remoting.Pooled, Handle: b.allGroups},
	}
}

// respondAll answers with a table and the number of its entries.
func respondAll(ctx *remoting.Context, key string, n int, table any) {
	data, err := compat.Marshal(table)
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.RespondFields(wire.Success, "", []wire.StringField{{Key: key, Value: strconv.Itoa(n)}}, data)
}

func (b *Broker) allTopics(ctx *remoting.Context) {
	v, all := b.topics.Snapshot()
	mv, mappings := b.mappings.Snapshot()
	respondAll(ctx, "totalTopicNum", len(all), protocol.TopicConfigAndMappingSerializeWrapper{DataVersion: v,
		MappingDataVersion: mv, TopicConfigTable: all,
		TopicQueueMappingDetailMap: mappings, TopicQueueMappingInfoMap: map[string]*protocol.TopicQueueMappingInfo{}})
}

func (b *Broker) allGroups(ctx *remoting.Context) {
	w := b.groups.Wrapper()
	respondAll(ctx, "totalGroupNum", len(w.SubscriptionGroupTable), w)
}

func (b *Broker) allOffsets(ctx *remoting.Context) {
	respondJSON(ctx, b.offsets.Wrapper(false))
}

func (b *Broker) allDelayOffsets(ctx *remoting.Context) {
	data, err := b.schedule.Encode()
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(data)
}
