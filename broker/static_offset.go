package broker

import (
	"strings"

	"gorocket/broker/cluster"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// staticOffset answers a question about the offsets of a logic queue, whose pieces may lie on other brokers.
func (b *Broker) staticOffset(ctx *remoting.Context, q logicQueue, find func(q logicQueue) (int64, error)) {
	if !q.leads() {
		q.notLeader(&ctx.Replier)
		return
	}
	b.aside(&ctx.Replier, func(r *remoting.Replier) {
		off, err := find(q)
		if err != nil {
			r.Status(wire.SystemError, err.Error())
			return
		}
		respondOffset(r, off)
	})
}

// staticMax is the end of the newest piece whose place is decided. Java: rewriteRequestForStaticTopic(GetMaxOffsetRequestHeader), which asks that
// piece's broker for the leader's queue id.
func (b *Broker) staticMax(q logicQueue) (int64, error) {
	it := protocol.ItemAt(q.items, protocol.MaxOffset)
	if it == nil {
		return 0, errNoItem
	}
	off := int64(0)
	var err error
	if q.local(it) {
		off = b.store.MaxOffset(q.detail.Topic, int32(it.QueueID))
	} else {
		h := wire.GetMaxOffsetRequestHeader{QueueRequestHeader: pieceHeader(&q, it), Committed: true}
		off, err = cluster.AskOffset(b.peers, it.Bname, wire.ReqGetMaxOffset, wire.GetMaxOffsetRequest, &h)
	}
	return it.Logical(off), err
}

// staticMin is the start of the oldest piece. Java: handleGetMinOffsetForStaticTopic.
func (b *Broker) staticMin(q logicQueue) (int64, error) {
	it := protocol.ItemAt(q.items, 0)
	if it == nil {
		return 0, errNoItem
	}
	off := int64(0)
	var err error
	if q.local(it) {
		off = b.physicalMin(q.detail.Topic, int32(it.QueueID))
	} else {
		h := pieceHeader(&q, it)
		off, err = cluster.AskOffset(b.peers, it.Bname, wire.ReqGetMinOffset, wire.GetMinOffsetRequest, &h)
	}
	return it.LogicalLoosely(off), err
}

// pieceHeader names the physical queue of a piece; lo=false says that it is one.
func pieceHeader(q *logicQueue, it *protocol.LogicQueueMappingItem) wire.QueueRequestHeader {
	return wire.QueueRequestHeader{Topic: q.detail.Topic, QueueID: int32(it.QueueID), Lo: "false"}
}

// staticSearch finds a time: in the oldest piece that holds messages as new as that, else at the end of the newest. Java: rewriteRequestForStaticTopic(SearchOffsetRequestHeader), where
// what a newer piece says replaces what an older one on another broker has found.
func (b *Broker) staticSearch(q logicQueue, h *wire.SearchOffsetRequestHeader) (int64, error) {
	found := int64(-1)
	for i := range q.items {
		it := &q.items[i]
		if !it.Decided() {
			continue
		}
		off, err := b.searchPiece(&q, it, h)
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

func (b *Broker) searchPiece(q *logicQueue, it *protocol.LogicQueueMappingItem, h *wire.SearchOffsetRequestHeader) (int64, error) {
	if q.local(it) {
		return b.store.OffsetByTime(q.detail.Topic, int32(it.QueueID), h.Timestamp, boundaryOf(h.BoundaryType)), nil
	}
	there := wire.SearchOffsetRequestHeader{QueueRequestHeader: pieceHeader(q, it), Timestamp: h.Timestamp, BoundaryType: h.BoundaryType}
	return cluster.AskOffset(b.peers, it.Bname, wire.ReqSearchOffsetByTimestamp, wire.SearchOffsetRequest, &there)
}

// staticEarliest answers with the store time of the oldest message. Java: rewriteRequestForStaticTopic(GetEarliestMsgStoretimeRequestHeader), which leaves
// the logic queue's number in the request.
func (b *Broker) staticEarliest(ctx *remoting.Context, q logicQueue) {
	if !q.leads() {
		q.notLeader(&ctx.Replier)
		return
	}
	b.aside(&ctx.Replier, func(r *remoting.Replier) {
		at, err := b.earliestOf(q)
		if err != nil {
			r.Status(wire.SystemError, err.Error())
			return
		}
		remoting.Respond(r, wire.Success, "", wire.TimestampResponse, &wire.TimestampResponseHeader{Timestamp: at}, remoting.Body{})
	})
}

func (b *Broker) earliestOf(q logicQueue) (int64, error) {
	it := protocol.ItemAt(q.items, 0)
	if it == nil {
		return 0, errNoItem
	}
	if q.local(it) {
		return b.store.EarliestStoreTime(q.detail.Topic, int32(it.QueueID)), nil
	}
	h := pieceHeader(&q, it)
	resp, err := cluster.Ask(b.peers, it.Bname, wire.ReqGetEarliestMsgStoretime, wire.GetEarliestStoretimeRequest, &h)
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

// boundaryOf reads boundaryType. Java: BoundaryType.getType.
func boundaryOf(text string) store.Boundary {
	if strings.EqualFold(text, "upper") {
		return store.Upper
	}
	return store.Lower
}
