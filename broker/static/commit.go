package static

import (
	"fmt"

	"gorocket/broker/cluster"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// LocateCommit points a commit to the piece that holds its offset. False when it answered, or has left the commit to
// the broker that has the piece. Java:
// ConsumerManageProcessor.rewriteRequestForStaticTopic(UpdateConsumerOffsetRequestHeader).
func (v *Service) LocateCommit(ctx *remoting.Context, h *wire.UpdateConsumerOffsetRequestHeader, q Queue) bool {
	if !q.Leads() {
		q.NotLeader(&ctx.Replier)
		return false
	}
	it := protocol.ItemAt(q.Items, h.CommitOffset)
	if it == nil || h.CommitOffset == wire.AbsentOffset {
		ctx.Status(wire.SystemError, ErrNoItem.Error())
		return false
	}
	h.QueueID, h.CommitOffset, h.Lo = int32(it.QueueID), it.Physical(h.CommitOffset), "false"
	if q.Local(it) {
		return true
	}
	there := *h
	v.d.Aside(&ctx.Replier, func(r *remoting.Replier) {
		resp, err := cluster.Ask(v.d.Peers(), it.Bname, wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest,
			&there)
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

// LocateQuery points the question for a committed offset to the physical queue. A queue of several pieces is answered
// here: the newest piece in which the group has an offset counts ("double read"). False when it answered. Java:
// ConsumerManageProcessor.rewriteRequestForStaticTopic(QueryConsumerOffsetRequestHeader).
func (v *Service) LocateQuery(ctx *remoting.Context, h *wire.QueryConsumerOffsetRequestHeader, q Queue) bool {
	if !q.Leads() {
		q.NotLeader(&ctx.Replier)
		return false
	}
	if len(q.Items) == 1 && q.Items[0].LogicOffset == 0 && q.Items[0].StartOffset == 0 {
		h.QueueID = int32(q.Items[0].QueueID)
		return true
	}
	group := h.ConsumerGroup
	v.d.Aside(&ctx.Replier, func(r *remoting.Replier) {
		off, err := v.committedIn(&q, group)
		switch {
		case err != nil:
			r.Status(wire.SystemError, err.Error())
		case off < 0:
			r.Status(wire.QueryNotFound, "Not found, maybe this group consumer boot first")
		default:
			remoting.Respond(r, wire.Success, "", wire.OffsetResponse, &wire.OffsetResponseHeader{Offset: off}, remoting.Body{})
		}
	})
	return false
}

// committedIn looks for a group's offset from the newest piece to the oldest; -1 when there is none.
func (v *Service) committedIn(q *Queue, group string) (int64, error) {
	for i := len(q.Items) - 1; i >= 0; i-- {
		it := &q.Items[i]
		off, err := v.committedAt(q, it, group)
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
func (v *Service) committedAt(q *Queue, it *protocol.LogicQueueMappingItem, group string) (int64, error) {
	if q.Local(it) {
		return v.d.Offsets.Query(group, q.Detail.Topic, int32(it.QueueID)), nil
	}
	h := wire.QueryConsumerOffsetRequestHeader{ConsumerGroup: group, Topic: q.Detail.Topic, QueueID: int32(it.QueueID),
		Lo: "false"}
	resp, err := cluster.Ask(v.d.Peers(), it.Bname, wire.ReqQueryConsumerOffset, wire.QueryConsumerOffsetRequest, &h)
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
