package static

import (
	"strings"

	"gorocket/broker/cluster"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// Offset answers a question about the offsets of a logic queue, whose pieces may lie on other brokers.
func (v *Service) Offset(ctx *remoting.Context, q Queue, find func(q Queue) (int64, error)) {
	if !q.Leads() {
		q.NotLeader(&ctx.Replier)
		return
	}
	v.d.Aside(&ctx.Replier, func(r *remoting.Replier) {
		off, err := find(q)
		if err != nil {
			r.Status(wire.SystemError, err.Error())
			return
		}
		remoting.Respond(r, wire.Success, "", wire.OffsetResponse, &wire.OffsetResponseHeader{Offset: off}, remoting.Body{})
	})
}

// Max is the end of the newest piece whose place is decided. Java:
// rewriteRequestForStaticTopic(GetMaxOffsetRequestHeader), which asks that piece's broker for the leader's queue id.
func (v *Service) Max(q Queue) (int64, error) {
	it := protocol.ItemAt(q.Items, protocol.MaxOffset)
	if it == nil {
		return 0, ErrNoItem
	}
	off := int64(0)
	var err error
	if q.Local(it) {
		off = v.d.Store().MaxOffset(q.Detail.Topic, int32(it.QueueID))
	} else {
		h := wire.GetMaxOffsetRequestHeader{QueueRequestHeader: pieceHeader(&q, it), Committed: true}
		off, err = cluster.AskOffset(v.d.Peers(), it.Bname, wire.ReqGetMaxOffset, wire.GetMaxOffsetRequest, &h)
	}
	return it.Logical(off), err
}

// Min is the start of the oldest piece. Java: handleGetMinOffsetForStaticTopic.
func (v *Service) Min(q Queue) (int64, error) {
	it := protocol.ItemAt(q.Items, 0)
	if it == nil {
		return 0, ErrNoItem
	}
	off := int64(0)
	var err error
	if q.Local(it) {
		off = v.d.PhysicalMin(q.Detail.Topic, int32(it.QueueID))
	} else {
		h := pieceHeader(&q, it)
		off, err = cluster.AskOffset(v.d.Peers(), it.Bname, wire.ReqGetMinOffset, wire.GetMinOffsetRequest, &h)
	}
	return it.LogicalLoosely(off), err
}

// pieceHeader names the physical queue of a piece; lo=false says that it is one.
func pieceHeader(q *Queue, it *protocol.LogicQueueMappingItem) wire.QueueRequestHeader {
	return wire.QueueRequestHeader{Topic: q.Detail.Topic, QueueID: int32(it.QueueID), Lo: "false"}
}

// Search finds a time: in the oldest piece that holds messages as new as that, else at the end of the newest. Java:
// rewriteRequestForStaticTopic(SearchOffsetRequestHeader), where what a newer piece says replaces what an older one
// on another broker has found.
func (v *Service) Search(q Queue, h *wire.SearchOffsetRequestHeader) (int64, error) {
	found := int64(-1)
	for i := range q.Items {
		it := &q.Items[i]
		if !it.Decided() {
			continue
		}
		off, err := v.searchPiece(&q, it, h)
		if err != nil {
			return 0, err
		}
		if off >= 0 {
			found = it.Logical(off)
		}
		if off >= 0 && !(it.Ended() && off >= it.EndOffset) {
			break
		}
	}
	return found, nil
}

func (v *Service) searchPiece(q *Queue, it *protocol.LogicQueueMappingItem, h *wire.SearchOffsetRequestHeader) (int64,
	error) {
	if q.Local(it) {
		return v.d.Store().OffsetByTime(q.Detail.Topic, int32(it.QueueID), h.Timestamp, BoundaryOf(h.BoundaryType)), nil
	}
	there := wire.SearchOffsetRequestHeader{QueueRequestHeader: pieceHeader(q, it), Timestamp: h.Timestamp,
		BoundaryType: h.BoundaryType}
	return cluster.AskOffset(v.d.Peers(), it.Bname, wire.ReqSearchOffsetByTimestamp, wire.SearchOffsetRequest, &there)
}

// Earliest answers with the store time of the oldest message. Java:
// rewriteRequestForStaticTopic(GetEarliestMsgStoretimeRequestHeader), which leaves the logic queue's number in the
// request.
func (v *Service) Earliest(ctx *remoting.Context, q Queue) {
	if !q.Leads() {
		q.NotLeader(&ctx.Replier)
		return
	}
	v.d.Aside(&ctx.Replier, func(r *remoting.Replier) {
		at, err := v.earliestOf(q)
		if err != nil {
			r.Status(wire.SystemError, err.Error())
			return
		}
		remoting.Respond(r, wire.Success, "", wire.TimestampResponse, &wire.TimestampResponseHeader{Timestamp: at},
			remoting.Body{})
	})
}

func (v *Service) earliestOf(q Queue) (int64, error) {
	it := protocol.ItemAt(q.Items, 0)
	if it == nil {
		return 0, ErrNoItem
	}
	if q.Local(it) {
		return v.d.Store().EarliestStoreTime(q.Detail.Topic, int32(it.QueueID)), nil
	}
	h := pieceHeader(&q, it)
	resp, err := cluster.Ask(v.d.Peers(), it.Bname, wire.ReqGetEarliestMsgStoretime, wire.GetEarliestStoretimeRequest, &h)
	if err != nil {
		return 0, err
	}
	if resp.Code != wire.Success {
		return 0, cluster.ErrRemote
	}
	var out wire.TimestampResponseHeader
	err = wire.TimestampResponse.Decode(resp, nil, &out)
	return out.Timestamp, err
}

// BoundaryOf reads boundaryType. Java: BoundaryType.getType.
func BoundaryOf(text string) store.Boundary {
	if strings.EqualFold(text, "upper") {
		return store.Upper
	}
	return store.Lower
}
