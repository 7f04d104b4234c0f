package broker

// SEARCH_OFFSET_BY_TIMESTAMP (29), GET_MAX_OFFSET (30), GET_MIN_OFFSET (31), GET_EARLIEST_MSG_STORETIME (32).
// Java: AdminBrokerProcessor. Unknown topics and queues are no error: they are empty.

import (
	"fmt"

	"gorocket/broker/meta"
	"gorocket/broker/static"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func (b *Broker) queueOffsetEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqSearchOffsetByTimestamp, Mode: remoting.Pooled, Handle: with(wire.SearchOffsetRequest,
			b.searchOffset)},
		{Code: wire.ReqGetMaxOffset, Handle: with(wire.GetMaxOffsetRequest, b.maxOffset)},
		{Code: wire.ReqGetMinOffset, Mode: remoting.Pooled, Handle: with(wire.GetMinOffsetRequest, b.minOffset)},
		{Code: wire.ReqGetEarliestMsgStoretime, Mode: remoting.Pooled, Handle: with(wire.GetEarliestStoretimeRequest,
			b.earliestStoreTime)},
	}
}

func (b *Broker) searchOffset(ctx *remoting.Context, h *wire.SearchOffsetRequestHeader) {
	if d := b.mappings.Of(h.Topic, h.Lo); d != nil {
		b.mappings.Offset(ctx, static.QueueOf(d, h.QueueID), func(q static.Queue) (int64,
			error) {
			return b.mappings.Search(q, h)
		})
		return
	}
	respondOffset(&ctx.Replier, b.store.OffsetByTime(h.Topic, h.QueueID, h.Timestamp, static.BoundaryOf(h.BoundaryType)))
}

func (b *Broker) maxOffset(ctx *remoting.Context, h *wire.GetMaxOffsetRequestHeader) {
	if d := b.mappings.Of(h.Topic, h.Lo); d != nil {
		b.mappings.Offset(ctx, static.QueueOf(d, h.QueueID), b.mappings.Max)
		return
	}
	respondOffset(&ctx.Replier, b.store.MaxOffset(h.Topic, h.QueueID))
}

func (b *Broker) minOffset(ctx *remoting.Context, h *wire.QueueRequestHeader) {
	d := b.mappings.Of(h.Topic, h.Lo)
	if d == nil {
		respondOffset(&ctx.Replier, b.physicalMin(h.Topic, h.QueueID))
		return
	}
	q := static.QueueOf(d, h.QueueID)
	if !q.Leads() {
		ctx.Status(wire.NotLeaderForQueue, fmt.Sprintf("%s-%d is not leader in broker %s, request code %d", d.Topic, q.ID,
			d.Bname, wire.ReqGetMinOffset))
		return
	}
	b.mappings.Offset(ctx, q, b.mappings.Min)
}

// physicalMin is the smallest offset of a queue of this broker; -1 where Java's batch consume queue begins.
func (b *Broker) physicalMin(topic string, queue int32) int64 {
	off := b.store.MinOffset(topic, queue)
	if off == 0 && meta.IsBatch(b.topics.Get(topic)) && b.store.MaxOffset(topic, queue) == 0 {
		return -1
	}
	return off
}

func (b *Broker) earliestStoreTime(ctx *remoting.Context, h *wire.QueueRequestHeader) {
	if d := b.mappings.Of(h.Topic, h.Lo); d != nil {
		b.mappings.Earliest(ctx, static.QueueOf(d, h.QueueID))
		return
	}
	resp := wire.TimestampResponseHeader{Timestamp: b.store.EarliestStoreTime(h.Topic, h.QueueID)}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.TimestampResponse, &resp, remoting.Body{})
}
