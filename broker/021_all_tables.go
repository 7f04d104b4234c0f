package broker

// GET_ALL_TOPIC_CONFIG (21), GET_ALL_CONSUMER_OFFSET (43), GET_ALL_DELAY_OFFSET (45), GET_ALL_SUBSCRIPTIONGROUP_CONFIG
// (201): what slaves and tools copy. Java: AdminBrokerProcessor. 5.5 callers page through 21 and 201 (topicSeq,
// groupSeq); everything is answered at once with the total in the header, which they accept.

import (
	"strconv"

	"gorocket/broker/delay"
	"gorocket/broker/meta"
	"gorocket/broker/static"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// tableCopies hands out whole tables, for slaves and tools.
type tableCopies struct {
	topics   *meta.Topics
	groups   *meta.Groups
	offsets  *meta.Offsets
	mappings *static.Service
	schedule *delay.Levels
}

func (t *tableCopies) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetAllTopicConfig, Mode: remoting.Pooled, Handle: t.allTopics},
		{Code: wire.ReqGetAllConsumerOffset, Mode: remoting.Pooled, Handle: t.allOffsets},
		{Code: wire.ReqGetAllDelayOffset, Mode: remoting.Pooled, Handle: t.allDelayOffsets},
		{Code: wire.ReqGetAllSubscriptiongroupConfig, Mode: remoting.Pooled, Handle: t.allGroups},
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

func (t *tableCopies) allTopics(ctx *remoting.Context) {
	v, all := t.topics.Snapshot()
	mv, mappings := t.mappings.Snapshot()
	respondAll(ctx, "totalTopicNum", len(all), protocol.TopicConfigAndMappingSerializeWrapper{DataVersion: v,
		MappingDataVersion: mv, TopicConfigTable: all,
		TopicQueueMappingDetailMap: mappings, TopicQueueMappingInfoMap: map[string]*protocol.TopicQueueMappingInfo{}})
}

func (t *tableCopies) allGroups(ctx *remoting.Context) {
	w := t.groups.Wrapper()
	respondAll(ctx, "totalGroupNum", len(w.SubscriptionGroupTable), w)
}

func (t *tableCopies) allOffsets(ctx *remoting.Context) {
	respondJSON(ctx, t.offsets.Wrapper(false))
}

func (t *tableCopies) allDelayOffsets(ctx *remoting.Context) {
	data, err := t.schedule.Encode()
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(data)
}
