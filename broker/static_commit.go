package broker

import (
	"fmt"

	"gorocket/broker/cluster"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// locateCommit points a commit to the piece that holds its offset. False when it answered, or has left the commit to the broker that has the piece.
// Java: ConsumerManageProcessor.rewriteRequestForStaticTopic(UpdateConsumerOffsetRequestHeader).
func (b *Broker) locateCommit(ctx *remoting.Context, h *wire.UpdateConsumerOffsetRequestHeader, q logicQueue) bool {
	if !q.leads() {
		q.notLeader(&ctx.Replier)
		return false
	}
	it := protocol.ItemAt(q.items, h.CommitOffset)
	if it == nil || h.CommitOffset == wire.AbsentOffset {
		ctx.Status(wire.SystemError, errNoItem.Error())
		return false
	}
	h.QueueID, h.CommitOffset, h.Lo = int32(it.QueueID), it.Physical(h.CommitOffset), "false"
	if q.local(it) {
		return true
	}
	there := *h
	b.aside(&ctx.Replier, func(r *remoting.Replier) {
		resp, err := cluster.Ask(b.peers, it.Bname, wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest, &there)
		if err == nil && resp.Code != wire.Success {
			err = cluster.ErrRemote
		}
		if err != nil {
			r.Status(wire.SystemError, err.Error())
			return
		}
		r.Status(wire.Success, "")
	})
	return false
}

// locateQuery points the question for a committed offset to the physical queue. A queue of several pieces is answered here: the newest piece in which the
// group has an offset counts ("double read"). False when it answered. Java: ConsumerManageProcessor.rewriteRequestForStaticTopic(QueryConsumerOffsetRequestHeader).
func (b *Broker) locateQuery(ctx *remoting.Context, h *wire.QueryConsumerOffsetRequestHeader, q logicQueue) bool {
	if !q.leads() {
		q.notLeader(&ctx.Replier)
		return false
	}
	if len(q.items) == 1 && q.items[0].LogicOffset == 0 && q.items[0].StartOffset == 0 {
		h.QueueID = int32(q.items[0].QueueID)
		return true
	}
	group := h.ConsumerGroup
	b.aside(&ctx.Replier, func(r *remoting.Replier) {
		off, err := b.committedIn(&q, group)
		switch {
		case err != nil:
			r.Status(wire.SystemError, err.Error())
		case off < 0:
			r.Status(wire.QueryNotFound, "Not found, maybe this group consumer boot first")
		default:
			respondOffset(r, off)
		}
	})
	return false
}

// committedIn looks for a group's offset from the newest piece to the oldest; -1 when there is none.
func (b *Broker) committedIn(q *logicQueue, group string) (int64, error) {
	for i := len(q.items) - 1; i >= 0; i-- {
		it := &q.items[i]
		off, err := b.committedAt(q, it, group)
		if err != nil {
			return 0, err
		}
		if off >= 0 {
			return it.Logical(off), nil
		}
	}
	return -1, nil
}

// committedAt is the offset that a group has committed in one piece, -1 when there is none.
func (b *Broker) committedAt(q *logicQueue, it *protocol.LogicQueueMappingItem, group string) (int64, error) {
	if q.local(it) {
		return b.offsets.Query(group, q.detail.Topic, int32(it.QueueID)), nil
	}
	h := wire.QueryConsumerOffsetRequestHeader{ConsumerGroup: group, Topic: q.detail.Topic, QueueID: int32(it.QueueID), Lo: "false"}
	resp, err := cluster.Ask(b.peers, it.Bname, wire.ReqQueryConsumerOffset, wire.QueryConsumerOffsetRequest, &h)
	if err != nil {
		return 0, err
	}
	var out wire.OffsetResponseHeader
	switch resp.Code {
	case wire.Success:
		err = wire.OffsetResponse.Decode(resp, nil, &out)
	case wire.QueryNotFound:
		out.Offset = -1
	default:
		err = fmt.Errorf("%w: code %d", cluster.ErrRemote, resp.Code)
	}
	return out.Offset, err
}
