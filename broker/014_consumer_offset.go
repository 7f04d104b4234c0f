package broker

// QUERY_CONSUMER_OFFSET (14) and UPDATE_CONSUMER_OFFSET (15). Java: ConsumerManageProcessor.
//
// Quirks kept: a group that has no offset starts at 0 when the queue still begins at 0 and its first message is in
// memory, else the answer is QUERY_NOT_FOUND and the client decides by consumeFromWhere; any offset may be committed,
// beyond the end and negative ones too. Difference: not for a queue that the topic does not have; Java keeps offsets of
// any queue number.

import (
	"fmt"

	"gorocket/broker/meta"
	"gorocket/broker/static"
	"gorocket/remoting"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// consumerOffsets handles offsets that groups commit and ask for.
type consumerOffsets struct {
	liveConfig
	topics    *meta.Topics
	groups    *meta.Groups
	offsets   *meta.Offsets
	mappings  *static.Service
	store     *store.Store
	throttled *throttle.Log
}

func (c *consumerOffsets) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqQueryConsumerOffset, Handle: with(wire.QueryConsumerOffsetRequest, c.queryConsumerOffset)},
		{Code: wire.ReqUpdateConsumerOffset, Handle: with(wire.UpdateConsumerOffsetRequest, c.updateConsumerOffset)},
	}
}

func (c *consumerOffsets) queryConsumerOffset(ctx *remoting.Context, h *wire.QueryConsumerOffsetRequestHeader) {
	if d := c.mappings.Of(h.Topic, h.Lo); d != nil && !c.mappings.LocateQuery(ctx, h, static.QueueOf(d, h.QueueID)) {
		return
	}
	off := c.offsets.Query(h.ConsumerGroup, h.Topic, h.QueueID)
	if off < 0 {
		if ctx.OnLoop() {
			ctx.Offload() // what follows may read files
			return
		}
		if !h.SetZeroIfNotFound {
			ctx.Status(wire.QueryNotFound, "Not found, do not set to zero, maybe this group boot first")
			return
		}
		if c.store.MinOffset(h.Topic, h.QueueID) > 0 || !c.store.InMemory(h.Topic, h.QueueID, 0) {
			ctx.Status(wire.QueryNotFound, "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first")
			return
		}
		off = 0
	}
	respondOffset(&ctx.Replier, off)
}

func respondOffset(r *remoting.Replier, off int64) {
	resp := wire.OffsetResponseHeader{Offset: off}
	remoting.Respond(r, wire.Success, "", wire.OffsetResponse, &resp, remoting.Body{})
}

func (c *consumerOffsets) updateConsumerOffset(ctx *remoting.Context, h *wire.UpdateConsumerOffsetRequestHeader) {
	if d := c.mappings.Of(h.Topic, h.Lo); d != nil && !c.mappings.LocateCommit(ctx, h, static.QueueOf(d, h.QueueID)) {
		return
	}
	topic := c.topics.Get(h.Topic)
	switch {
	case c.groups.Get(h.ConsumerGroup) == nil:
		ctx.Status(wire.SubscriptionGroupNotExist, "Group "+h.ConsumerGroup+" not exist!")
	case topic == nil:
		ctx.Status(wire.TopicNotExist, "Topic "+h.Topic+" not exist!")
	case h.QueueID == wire.AbsentQueue:
		ctx.Status(wire.InvalidParameter, "QueueId is null, topic is "+h.Topic)
	case h.CommitOffset == wire.AbsentOffset:
		ctx.Status(wire.InvalidParameter, "Offset is null, topic is "+h.Topic)
	case !hasQueue(c.store, topic, h.QueueID):
		ctx.Status(wire.InvalidParameter, fmt.Sprintf("queueId[%d] is illegal, topic:[%s] topicConfig.readQueueNums:[%d] "+
			"consumer:[/%s]",
			h.QueueID, h.Topic, topic.ReadQueueNums, ctx.Conn().RemoteAddr()))
	case c.cfg().UseServerSideResetOffset && c.offsets.HasReset(h.ConsumerGroup, h.Topic, h.QueueID):
		ctx.Status(wire.Success, "Offset has been previously reset")
	default:
		var err error
		if h.OnlyForward {
			_, err = c.offsets.Forward(h.ConsumerGroup, h.Topic, h.QueueID, h.CommitOffset)
		} else {
			err = c.offsets.Commit(h.ConsumerGroup, h.Topic, h.QueueID, h.CommitOffset)
		}
		if err != nil {
			tableFull(c.throttled, err)
			fail(ctx, err)
			return
		}
		ctx.Status(wire.Success, "")
	}
}
