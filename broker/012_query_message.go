package broker

// QUERY_MESSAGE (12) by key and VIEW_MESSAGE_BY_ID (33) by commit log offset. Java: QueryMessageProcessor.
// The index knows hashes only: a client filters again by the key's text.

import (
	"fmt"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func (b *Broker) queryEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqQueryMessage, Mode: remoting.Pooled, Handle: with(wire.QueryMessageRequest, b.queryMessage)},
		{Code: wire.ReqViewMessageById, Mode: remoting.Pooled, Handle: with(wire.ViewMessageRequest, b.viewMessage)},
	}
}

func (b *Broker) queryMessage(ctx *remoting.Context, h *wire.QueryMessageRequestHeader) {
	maxNum := int(h.MaxNum)
	if h.UniqueKeyQuery == "true" {
		maxNum = b.cfg().DefaultQueryMaxNum
	}
	if maxNum < 0 {
		fail(ctx, fmt.Errorf("java.lang.IllegalArgumentException: Illegal Capacity: %d", maxNum))
		return
	}
	found, err := b.store.QueryByKey(h.Topic, h.Key, maxNum, h.BeginTimestamp, h.EndTimestamp)
	if err != nil {
		fail(ctx, err)
		return
	}
	resp := wire.QueryMessageResponseHeader{IndexLastUpdateTimestamp: found.IndexLastUpdateTime,
		IndexLastUpdatePhyOffset: found.IndexLastUpdateOffset}
	if len(found.Records) == 0 {
		remoting.Respond(&ctx.Replier, wire.QueryNotFound, "can not find message, maybe time range not correct",
			wire.QueryMessageResponse, &resp, remoting.Body{})
		return
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.QueryMessageResponse, &resp, remoting.Body{Parts: found.Records})
}

func (b *Broker) viewMessage(ctx *remoting.Context, h *wire.ViewMessageRequestHeader) {
	rec, err := b.store.ReadRecord(h.Offset, nil)
	if err != nil {
		ctx.Status(wire.SystemError, fmt.Sprintf("can not find message by the offset, %d", h.Offset))
		return
	}
	ctx.OK(rec)
}
