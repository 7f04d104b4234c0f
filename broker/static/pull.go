package static

import (
	"fmt"
	"math"

	"gorocket/broker/cluster"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// Pull is what a pull of a static topic keeps while its header names the physical queue. Immutable. Java:
// TopicQueueMappingContext.
type Pull struct {
	queue   Queue
	current *protocol.LogicQueueMappingItem // the piece that is read
	Asked   wire.PullMessageRequestHeader   // as the client sent it
}

// LocatePull points a pull of a static topic to the physical queue that holds its offset. False when it answered, or
// has left the answer to the broker that has the queue. Java: PullMessageProcessor.rewriteRequestForStaticTopic.
//
// Better than Java: commitOffset is turned into an offset of the physical queue too (Java stores the logical one),
// and is dropped when it lies in another piece; the client's own commit (code 15) finds that.
func (v *Service) LocatePull(r *remoting.Replier, h *wire.PullMessageRequestHeader,
	d *protocol.TopicQueueMappingDetail) (*Pull, bool) {
	q := QueueOf(d, h.QueueID)
	if !q.Leads() {
		r.Status(wire.NotLeaderForQueue,
			fmt.Sprintf("%s-%d cannot find mapping item in request process of current broker %s", d.Topic, q.ID, d.Bname))
		return nil, false
	}
	it := protocol.ItemAt(q.Items, h.QueueOffset)
	if it == nil {
		r.Status(wire.SystemError, ErrNoItem.Error())
		return nil, false
	}
	static := &Pull{q, it, *h}
	if h.SysFlag&wire.PullFlagCommitOffset != 0 && protocol.ItemAt(q.Items, h.CommitOffset) != it {
		h.SysFlag &^= wire.PullFlagCommitOffset
	}
	h.QueueID, h.QueueOffset, h.CommitOffset = int32(it.QueueID), it.Physical(h.QueueOffset), it.Physical(h.CommitOffset)
	if it.Ended() {
		h.MaxMsgNums = min(h.MaxMsgNums, int32(min(it.EndOffset-it.StartOffset, math.MaxInt32)))
	}
	if q.Local(it) {
		return static, true
	}
	head := *h
	v.d.Aside(r, func(r *remoting.Replier) { v.pullElsewhere(r, static, head) })
	return nil, false
}

// pullElsewhere asks the broker that has the piece and passes its answer on. It is not held there: the client asks
// again.
func (v *Service) pullElsewhere(r *remoting.Replier, s *Pull, h wire.PullMessageRequestHeader) {
	h.Lo = "false"
	h.SysFlag &^= wire.PullFlagSuspend | wire.PullFlagCommitOffset
	resp, err := cluster.Ask(v.d.Peers(), s.current.Bname, wire.ReqPullMessage, wire.PullMessageRequest, &h)
	if err != nil {
		r.Status(wire.SystemError, "org.apache.rocketmq.remoting.rpc.RpcException: "+err.Error())
		return
	}
	switch resp.Code {
	case wire.Success, wire.PullNotFound, wire.PullRetryImmediately, wire.PullOffsetMoved:
	default:
		r.Status(wire.SystemError, "org.apache.rocketmq.remoting.rpc.RpcException: unexpected remote response code")
		return
	}
	var out wire.PullMessageResponseHeader
	if err := wire.PullMessageResponse.Decode(resp, nil, &out); err != nil {
		r.Status(wire.SystemError, err.Error())
		return
	}
	code := s.Revise(resp.Code, h.QueueOffset, &out)
	remoting.Respond(r, code, "", wire.PullMessageResponse, &out, remoting.Body{Bytes: resp.Body})
}

// Revise makes the answer of a physical queue, asked at an offset of it, the answer of the logic queue: at the end of
// a piece the next one follows. Java: PullMessageProcessor.rewriteResponseForStaticTopic.
func (s *Pull) Revise(code int32, asked int64, r *wire.PullMessageResponseHeader) int32 {
	v := pieceView{code: code, asked: asked, cur: s.current, next: r.NextBeginOffset, min: r.MinOffset, max: r.MaxOffset}
	if code != wire.Success {
		v.missed(s.queue.Leader(), protocol.ItemAt(s.queue.Items, 0), s.queue.Items)
	}
	if v.cur.Ended() {
		v.next = min(v.next, v.cur.EndOffset)
	}
	s.logical(v, r)
	return v.code
}

// logical writes the offsets of the logic queue.
func (s *Pull) logical(v pieceView, r *wire.PullMessageResponseHeader) {
	r.NextBeginOffset = v.cur.Logical(v.next)
	r.MinOffset = v.cur.Logical(max(v.cur.StartOffset, v.min))
	r.MaxOffset = max(v.cur.Logical(v.max), s.queue.Leader().MaxLogical())
	r.OffsetDelta = v.cur.Delta()
}

// pieceView is a pull's outcome on its way from one piece to the next. Offsets are those of cur's physical queue.
type pieceView struct {
	code                  int32
	asked, next, min, max int64
	cur                   *protocol.LogicQueueMappingItem
}

// missed decides how a pull goes on that found nothing. The piece that was read may be the newest and the oldest at
// once.
func (v *pieceView) missed(leader, earliest *protocol.LogicQueueMappingItem, items []protocol.LogicQueueMappingItem) {
	code, gen := v.code, v.cur.Gen
	if leader.Gen == gen {
		v.leaderMissed(code)
	}
	switch {
	case earliest.Gen == gen && v.asked < v.min:
		v.code, v.next = wire.PullOffsetMoved, v.min
	case earliest.Gen == gen || leader.Gen != gen:
		if v.asked < v.min {
			v.code, v.next = wire.PullRetryImmediately, v.min
		} else if v.asked >= v.max {
			v.goOn(protocol.ItemAfter(items, gen))
		} else {
			v.code = code
		}
	}
}

func (v *pieceView) leaderMissed(code int32) {
	switch {
	case v.asked > v.max && code == wire.PullOffsetMoved:
		v.next = v.max
	case v.asked < v.min:
		v.code, v.next = wire.PullRetryImmediately, v.min
	}
}

// goOn moves to the piece behind the one that has been read to its end; without one there is nothing to read yet.
func (v *pieceView) goOn(next *protocol.LogicQueueMappingItem) {
	if next == nil {
		v.code = wire.PullNotFound
		return
	}
	v.code, v.cur = wire.PullRetryImmediately, next
	v.next, v.min, v.max = next.StartOffset, next.StartOffset, next.StartOffset
}

// Reset writes the answer that tells a client about an offset that an administrator set for the physical queue.
func (s *Pull) Reset(offset int64, r *wire.PullMessageResponseHeader) {
	s.logical(pieceView{cur: s.current, next: offset, min: r.MinOffset, max: r.MaxOffset}, r)
}
