package broker

// SEARCH_OFFSET_BY_TIMESTAMP (29), GET_MAX_OFFSET (30), GET_MIN_OFFSET (31), GET_EARLIEST_MSG_STORETIME (32).
// Java: AdminBrokerProcessor. Unknown topics and queues are no error: they are empty.

import (
	"fmt"

	"gorocket/broker/meta"
	"gorocket/broker/static"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// queueOffsets answers where queues begin and end.
type queueOffsets struct {
	topics   *meta.Topics
	mappings *static.Service
	store    *store.Store
}

func (a *queueOffsets) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqSearchOffsetByTimestamp, Mode: remoting.Pooled, Handle: with(wire.SearchOffsetRequest,
			a.searchOffset)},
		{Code: wire.ReqGetMaxOffset, Handle: with(wire.GetMaxOffsetRequest, a.maxOffset)},
		{Code: wire.ReqGetMinOffset, Mode: remoting.Pooled, Handle: with(wire.GetMinOffsetRequest, a.minOffset)},
		{Code: wire.ReqGetEarliestMsgStoretime, Mode: remoting.Pooled, Handle: with(wire.GetEarliestStoretimeRequest,
			a.earliestStoreTime)},
	}
}

func (a *queueOffsets) searchOffset(ctx *remoting.Context, h *wire.SearchOffsetRequestHeader) {
	if d := a.mappings.Of(h.Topic, h.Lo); d != nil {
		a.mappings.Offset(ctx, static.QueueOf(d, h.QueueID), func(q static.Queue) (int64,
			error) {
			return a.mappings.Search(q, h)
		})
		return
	}
	respondOffset(&ctx.Replier, a.store.OffsetByTime(h.Topic, h.QueueID, h.Timestamp, static.BoundaryOf(h.BoundaryType)))
}

func (a *queueOffsets) maxOffset(ctx *remoting.Context, h *wire.GetMaxOffsetRequestHeader) {
	if d := a.mappings.Of(h.Topic, h.Lo); d != nil {
		a.mappings.Offset(ctx, static.QueueOf(d, h.QueueID), a.mappings.Max)
		return
	}
	respondOffset(&ctx.Replier, a.store.MaxOffset(h.Topic, h.QueueID))
}

func (a *queueOffsets) minOffset(ctx *remoting.Context, h *wire.QueueRequestHeader) {
	d := a.mappings.Of(h.Topic, h.Lo)
	if d == nil {
		respondOffset(&ctx.Replier, physicalMin(a.topics, a.store, h.Topic, h.QueueID))
		return
	}
	q := static.QueueOf(d, h.QueueID)
	if !q.Leads() {
		ctx.Status(wire.NotLeaderForQueue, fmt.Sprintf("%s-%d is not leader in broker %s, request code %d", d.Topic, q.ID,
			d.Bname, wire.ReqGetMinOffset))
		return
	}
	a.mappings.Offset(ctx, q, a.mappings.Min)
}

func (a *queueOffsets) earliestStoreTime(ctx *remoting.Context, h *wire.QueueRequestHeader) {
	if d := a.mappings.Of(h.Topic, h.Lo); d != nil {
		a.mappings.Earliest(ctx, static.QueueOf(d, h.QueueID))
		return
	}
	resp := wire.TimestampResponseHeader{Timestamp: a.store.EarliestStoreTime(h.Topic, h.QueueID)}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.TimestampResponse, &resp, remoting.Body{})
}
