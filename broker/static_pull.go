package broker

import (
	"fmt"
	"math"

	"gorocket/broker/cluster"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// staticPull is what a pull of a static topic keeps while its header names the physical queue. Immutable. Java: TopicQueueMappingContext.
type staticPull struct {
	queue   logicQueue
	current *protocol.LogicQueueMappingItem // the piece that is read
	asked   wire.PullMessageRequestHeader   // as the client sent it
}

// locatePull points a pull of a static topic to the physical queue that holds its offset. False when it answered, or has left the answer to the broker
// that has the queue. Java: PullMessageProcessor.rewriteRequestForStaticTopic.
//
// Better than Java: commitOffset is turned into an offset of the physical queue too (Java stores the logical one), and is dropped when it lies in another
// piece; the client's own commit (code 15) finds that.
func (b *Broker) locatePull(r *remoting.Replier, p *pullState, d *protocol.TopicQueueMappingDetail) bool {
	h := &p.head
	q := logicQueueOf(d, h.QueueID)
	if !q.leads() {
		r.Status(wire.NotLeaderForQueue, fmt.Sprintf("%s-%d cannot find mapping item in request process of current broker %s", d.Topic, q.id, d.Bname))
		return false
	}
	it := protocol.ItemAt(q.items, h.QueueOffset)
	if it == nil {
		r.Status(wire.SystemError, errNoItem.Error())
		return false
	}
	p.static = &staticPull{q, it, *h}
	if h.SysFlag&wire.PullFlagCommitOffset != 0 && protocol.ItemAt(q.items, h.CommitOffset) != it {
		h.SysFlag &^= wire.PullFlagCommitOffset
	}
	h.QueueID, h.QueueOffset, h.CommitOffset = int32(it.QueueID), it.Physical(h.QueueOffset), it.Physical(h.CommitOffset)
	if it.Ended() {
		h.MaxMsgNums = min(h.MaxMsgNums, int32(min(it.EndOffset-it.StartOffset, math.MaxInt32)))
	}
	if q.local(it) {
		return true
	}
	static, head := p.static, *h
	b.aside(r, func(r *remoting.Replier) { b.pullElsewhere(r, static, head) })
	return false
}

// pullElsewhere asks the broker that has the piece and passes its answer on. It is not held there: the client asks again.
func (b *Broker) pullElsewhere(r *remoting.Replier, s *staticPull, h wire.PullMessageRequestHeader) {
	h.Lo = "false"
	h.SysFlag &^= wire.PullFlagSuspend | wire.PullFlagCommitOffset
	resp, err := cluster.Ask(b.peers, s.current.Bname, wire.ReqPullMessage, wire.PullMessageRequest, &h)
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
	code := s.revise(resp.Code, h.QueueOffset, &out)
	remoting.Respond(r, code, "", wire.PullMessageResponse, &out, remoting.Body{Bytes: resp.Body})
}

// finalCode is the code of the answer: that of the physical queue, revised for a static topic.
func (p *pullState) finalCode(code int32) int32 {
	if p.static == nil {
		return code
	}
	r := wire.PullMessageResponseHeader{NextBeginOffset: p.res.NextBeginOffset, MinOffset: p.res.MinOffset, MaxOffset: p.res.MaxOffset}
	return p.static.revise(code, p.head.QueueOffset, &r)
}

// revise makes the answer of a physical queue, asked at an offset of it, the answer of the logic queue: at the end of a piece the next one follows.
// Java: PullMessageProcessor.rewriteResponseForStaticTopic.
func (s *staticPull) revise(code int32, asked int64, r *wire.PullMessageResponseHeader) int32 {
	v := pieceView{code: code, asked: asked, cur: s.current, next: r.NextBeginOffset, min: r.MinOffset, max: r.MaxOffset}
	if code != wire.Success {
		v.missed(s.queue.leader(), protocol.ItemAt(s.queue.items, 0), s.queue.items)
	}
	if v.cur.Ended() {
		v.next = min(v.next, v.cur.EndOffset)
	}
	s.logical(v, r)
	return v.code
}

// logical writes the offsets of the logic queue.
func (s *staticPull) logical(v pieceView, r *wire.PullMessageResponseHeader) {
	r.NextBeginOffset = v.cur.Logical(v.next)
	r.MinOffset = v.cur.Logical(max(v.cur.StartOffset, v.min))
	r.MaxOffset = max(v.cur.Logical(v.max), s.queue.leader().MaxLogical())
	r.OffsetDelta = v.cur.Delta()
}

// pieceView is a pull's outcome on its way from one piece to the next. Offsets are those of cur's physical queue.
type pieceView struct {
	code                  int32
	asked, next, min, max int64
	cur                   *protocol.LogicQueueMappingItem
}

// missed decides how a pull goes on that found nothing. The piece that was read may be the newest and the oldest at once.
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

// answerReset tells a client about an offset that an administrator set for the queue that p reads.
func (b *Broker) answerReset(r *remoting.Replier, p *pullState, offset int64) {
	h := &p.head
	resp := wire.PullMessageResponseHeader{NextBeginOffset: offset, MinOffset: b.store.MinOffset(h.Topic, h.QueueID), MaxOffset: b.store.MaxOffset(h.Topic, h.QueueID),
		OffsetDelta: wire.NoOffsetDelta}
	if s := p.static; s != nil {
		s.logical(pieceView{cur: s.current, next: offset, min: resp.MinOffset, max: resp.MaxOffset}, &resp)
	}
	remoting.Respond(r, wire.PullOffsetMoved, store.OffsetReset.String(), wire.PullMessageResponse, &resp, remoting.Body{})
}

// wakeStatic answers a held pull of a static topic as if it came again: the queue may have moved meanwhile.
func (b *Broker) wakeStatic(h *heldPull) {
	p := b.pulls.Get().(*pullState)
	defer b.pulls.Put(p)
	p.head, p.static = h.static.asked, nil
	if d := b.mappings.of(p.head.Topic, ""); d != nil && !b.locatePull(&h.reply, p, d) {
		return
	}
	b.read(p, h.sub, false)
	defer p.res.Release()
	b.answerPull(&h.reply, p, b.pullCode(p))
}
