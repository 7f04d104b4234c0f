package broker

import (
	"gorocket/broker/hold"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// wake answers a held pull with a fresh read; it is not held again. Data that is not in memory is read on a goroutine
// of its own: the caller may be an event loop.
func (b *Broker) wake(h *hold.Pull) {
	if h.Reply.Conn().Closed() {
		return // nobody reads the answer, and the group's pull position must not move
	}
	if h.Static != nil {
		b.wakeAside(h, b.wakeStatic)
		return
	}
	p := b.pulls.Get().(*pullState)
	p.head, p.static = h.Head, nil
	b.read(p, h.Sub, true)
	if p.res.Cold {
		p.res.Release()
		b.pulls.Put(p)
		b.wakeAside(h, b.wakeCold)
		return
	}
	b.answerPull(&h.Reply, p, b.pullCode(p))
	p.res.Release()
	b.pulls.Put(p)
}

// wakeAside answers on a goroutine of its own. When there are too many of those the client is told to pull again:
// then a worker reads.
func (b *Broker) wakeAside(h *hold.Pull, answer func(*hold.Pull)) {
	select {
	case b.asides <- struct{}{}:
	default:
		if h.Static != nil { // its offsets are those of another queue
			h.Reply.Status(wire.SystemBusy, "[OVERLOAD]system busy, too many pulls are answered aside")
			return
		}
		resp := wire.PullMessageResponseHeader{NextBeginOffset: h.Head.QueueOffset,
			MinOffset: b.store.MinOffset(h.Head.Topic, h.Head.QueueID),
			MaxOffset: b.store.MaxOffset(h.Head.Topic, h.Head.QueueID), OffsetDelta: wire.NoOffsetDelta}
		remoting.Respond(&h.Reply, wire.PullRetryImmediately, "", wire.PullMessageResponse, &resp,
			remoting.Body{})
		return
	}
	b.wg.Add(1)
	go func() {
		defer b.wg.Done()
		defer func() { <-b.asides }()
		answer(h)
	}()
}

func (b *Broker) wakeCold(h *hold.Pull) {
	p := b.pulls.Get().(*pullState)
	p.head, p.static = h.Head, nil
	b.read(p, h.Sub, false)
	b.answerPull(&h.Reply, p, b.pullCode(p))
	p.res.Release()
	b.pulls.Put(p)
}

// maxAside is how many held pulls are answered on goroutines of their own at a time.
const maxAside = 256
