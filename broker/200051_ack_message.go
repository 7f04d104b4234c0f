package broker

// ACK_MESSAGE (200051), BATCH_ACK_MESSAGE (200151), CHANGE_MESSAGE_INVISIBLETIME (200053). Java: AckMessageProcessor,
// ChangeInvisibleTimeProcessor.
//
// Quirks kept: what a handle means is not told: unknown and expired ones, and those of other queues, groups and
// brokers, are answered 0 and change nothing. An acknowledgement that cannot be stored is answered 0; its message comes
// again. Difference: Java stores acknowledgements that can mean nothing.

import (
	"strings"

	"gorocket/broker/pop"
	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// popAcks takes acknowledgements.
type popAcks struct {
	pops  *pop.Service
	store *store.Store
}

func (h *popAcks) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqAckMessage, Handle: h.ack},
		{Code: wire.ReqChangeMessageInvisibletime, Mode: remoting.Pooled, NotFast: true, Handle: h.change},
		{Code: wire.ReqBatchAckMessage, Mode: remoting.Pooled, Handle: h.ackBatch},
	}
}

func (h *popAcks) ack(ctx *remoting.Context) {
	var head wire.AckMessageRequestHeader
	if err := wire.AckMessageRequest.Decode(ctx.Req, ctx.In, &head); err != nil {
		fail(ctx, err)
		return
	}
	if strings.TrimSpace(head.LiteTopic) != "" {
		ctx.Status(wire.InvalidParameter, "group type or bind topic not match.") // no group is bound to a lite topic
		return
	}
	a := pop.Ack{Group: head.ConsumerGroup, Topic: head.Topic, QueueID: head.QueueID, Offset: head.Offset,
		Handle: head.ExtraInfo, Peer: ctx.Conn().RemoteAddr(), NoWait: ctx.OnLoop()}
	if h.done(ctx, h.pops.Ack(&a), a.End) {
		ctx.OK(nil)
	}
}

// done sees to it that what was stored is readable before the answer leaves; false when the request is answered, or
// handled once more on a worker.
func (h *popAcks) done(ctx *remoting.Context, err error, end int64) bool {
	switch {
	case err == service.ErrWouldWait && ctx.OnLoop():
		ctx.Offload()
	case err != nil:
		if end > 0 {
			_ = h.store.Publish(end) // an error closes the store, and is told there
		}
		refuse(&ctx.Replier, err)
	case end > 0 && ctx.OnLoop():
		ctx.Barrier(end)
		return true
	case end > 0:
		if err := h.store.Publish(end); err != nil {
			fail(ctx, err)
			return false
		}
		return true
	default:
		return true
	}
	return false
}

func (h *popAcks) ackBatch(ctx *remoting.Context) {
	end, err := h.pops.AckBatch(ctx.Req.Body, ctx.Conn().RemoteAddr())
	if h.done(ctx, err, end) {
		ctx.OK(nil)
	}
}

func (h *popAcks) change(ctx *remoting.Context) {
	var head wire.ChangeInvisibleTimeRequestHeader
	if err := wire.ChangeInvisibleTimeRequest.Decode(ctx.Req, ctx.In, &head); err != nil {
		fail(ctx, err)
		return
	}
	if strings.TrimSpace(head.LiteTopic) != "" {
		ctx.Status(wire.InvalidParameter, "group type or bind topic not match.")
		return
	}
	c := pop.Change{Ack: pop.Ack{Group: head.ConsumerGroup, Topic: head.Topic, QueueID: head.QueueID,
		Offset: head.Offset, Handle: head.ExtraInfo, Peer: ctx.Conn().RemoteAddr(), NoWait: ctx.OnLoop()},
		Invisible: head.InvisibleTime, Suspend: head.Suspend}
	if !h.done(ctx, h.pops.Change(&c), c.End) {
		return
	}
	resp := wire.ChangeInvisibleTimeResponseHeader{PopTime: c.PopTime, InvisibleTime: c.Invisible,
		ReviveQid: c.ReviveQueue}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.ChangeInvisibleTimeResponse, &resp, remoting.Body{})
}
