package broker

import (
	"gorocket/broker/hold"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// finalCode is the code of the answer: that of the physical queue, revised for a static topic.
func (p *pullState) finalCode(code int32) int32 {
	if p.static == nil {
		return code
	}
	r := wire.PullMessageResponseHeader{NextBeginOffset: p.res.NextBeginOffset, MinOffset: p.res.MinOffset,
		MaxOffset: p.res.MaxOffset}
	return p.static.Revise(code, p.head.QueueOffset, &r)
}

// answerReset tells a client about an offset that an administrator set for the queue that p reads.
func (b *Broker) answerReset(r *remoting.Replier, p *pullState, offset int64) {
	h := &p.head
	resp := wire.PullMessageResponseHeader{NextBeginOffset: offset, MinOffset: b.store.MinOffset(h.Topic, h.QueueID),
		MaxOffset:   b.store.MaxOffset(h.Topic, h.QueueID),
		OffsetDelta: wire.NoOffsetDelta}
	if s := p.static; s != nil {
		s.Reset(offset, &resp)
	}
	remoting.Respond(r, wire.PullOffsetMoved, store.OffsetReset.String(), wire.PullMessageResponse, &resp, remoting.Body{})
}

// wakeStatic answers a held pull of a static topic as if it came again: the queue may have moved meanwhile.
func (b *Broker) wakeStatic(h *hold.Pull) {
	p := b.pulls.Get().(*pullState)
	defer b.pulls.Put(p)
	p.head, p.static = h.Static.Asked, nil
	if d := b.mappings.Of(p.head.Topic, ""); d != nil {
		var here bool
		if p.static, here = b.mappings.LocatePull(&h.Reply, &p.head, d); !here {
			return
		}
	}
	b.read(p, h.Sub, false)
	defer p.res.Release()
	b.answerPull(&h.Reply, p, b.pullCode(p))
}
