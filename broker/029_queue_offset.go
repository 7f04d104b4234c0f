package broker

// SEARCH_OFFSET_BY_TIMESTAMP (29), GET_MAX_OFFSET (30), GET_MIN_OFFSET (31), GET_EARLIEST_MSG_STORETIME (32).
// Java: AdminBrokerProcessor. Unknown topics and queues are no error: they are empty.

import (
	"strings"

	"gorocket/remoting"
	"gorocket/store"
)

func (b *Broker) queueOffsetEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: remoting.ReqSearchOffsetByTimestamp, Mode: remoting.Pooled, Handle: with(remoting.SearchOffsetRequest, b.searchOffset)},
		{Code: remoting.ReqGetMaxOffset, Handle: with(remoting.GetMaxOffsetRequest, b.maxOffset)},
		{Code: remoting.ReqGetMinOffset, Mode: remoting.Pooled, Handle: with(remoting.GetMinOffsetRequest, b.minOffset)},
		{Code: remoting.ReqGetEarliestMsgStoretime, Mode: remoting.Pooled, Handle: with(remoting.GetEarliestStoretimeRequest, b.earliestStoreTime)},
	}
}

func (b *Broker) searchOffset(ctx *remoting.Context, h *remoting.SearchOffsetRequestHeader) {
	boundary := store.Lower
	if strings.EqualFold(h.BoundaryType, "upper") {
		boundary = store.Upper
	}
	respondOffset(ctx, b.store.OffsetByTime(h.Topic, h.QueueID, h.Timestamp, boundary))
}

func (b *Broker) maxOffset(ctx *remoting.Context, h *remoting.GetMaxOffsetRequestHeader) {
	respondOffset(ctx, b.store.MaxOffset(h.Topic, h.QueueID))
}

func (b *Broker) minOffset(ctx *remoting.Context, h *remoting.QueueRequestHeader) {
	off := b.store.MinOffset(h.Topic, h.QueueID)
	if off == 0 && isBatch(b.topics.get(h.Topic)) && b.store.MaxOffset(h.Topic, h.QueueID) == 0 {
		off = -1 // where Java's batch consume queue begins
	}
	respondOffset(ctx, off)
}

func (b *Broker) earliestStoreTime(ctx *remoting.Context, h *remoting.QueueRequestHeader) {
	resp := remoting.TimestampResponseHeader{Timestamp: b.store.EarliestStoreTime(h.Topic, h.QueueID)}
	remoting.Respond(&ctx.Replier, remoting.Success, "", remoting.TimestampResponse, &resp, remoting.Body{})
}
