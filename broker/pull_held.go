package broker

import (
	"gorocket/broker/hold"
	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// heldPull is a pull that waits for messages.
type heldPull struct {
	hold.Pull
	h     *pulls
	reply remoting.Replier
	rules int64                          // by which it was let in
	req   service.PullRequest            // names the physical queue
	asked *wire.PullMessageRequestHeader // of a static topic, as the client sent it; else nil
}

// hold lets a pull wait, or refuses it when too many wait; false when it has to be answered as it is.
func (h *pulls) hold(r *remoting.Replier, p *pullState) bool {
	switch h.holds.Admit(p.head.Subscription) {
	case nil:
	case hold.ErrTooMany:
		r.Status(wire.SystemBusy, "[OVERLOAD]"+hold.ErrTooMany.Error())
		return true
	default:
		return false
	}
	w := &heldPull{h: h, reply: r.Later(), rules: h.rules(), req: p.pull.PullRequest}
	w.Pull = hold.Pull{Waiter: w, Topic: p.pull.Topic, QueueID: p.pull.QueueID, Offset: p.pull.Offset, Sub: p.pull.Sub}
	if p.pull.Static != nil {
		asked := p.head
		w.asked = &asked
	}
	h.holds.Hold(&w.Pull, h.puller.Patience(p.head.SuspendTimeoutMillis))
	return true
}

// Conn implements hold.Waiter.
func (w *heldPull) Conn() hold.Conn { return w.reply.Conn() }

// Wake answers with a fresh read; the pull is not held again. Data that is not in memory is read on a goroutine of its
// own: the caller may be an event loop.
func (w *heldPull) Wake() {
	if w.reply.Conn().Closed() {
		return // nobody reads the answer, and the group's pull position must not move
	}
	if w.rules != w.h.rules() {
		w.comeAgain()
		return
	}
	if w.asked != nil {
		if !w.h.cold.try(w.wakeStatic) { // its offsets are those of another queue
			w.reply.Status(wire.SystemBusy, "[OVERLOAD]system busy, too many pulls are answered aside")
		}
		return
	}
	if !w.read(true) && !w.h.cold.try(func() { w.read(false) }) {
		w.comeAgain()
	}
}

// read answers with what is there now; false without an answer when files would have to be read.
func (w *heldPull) read(noWait bool) bool {
	h, p := w.h, w.h.state()
	defer h.pool.Put(p)
	p.pull.PullRequest, p.pull.Sub, p.pull.Static = w.req, w.Sub, nil
	p.pull.NoWait = noWait
	h.puller.Read(&p.pull)
	defer p.pull.Release()
	if p.pull.Found.Cold {
		return false
	}
	h.answer(&w.reply, p)
	return true
}

// comeAgain tells the client to pull again, since too many held pulls are answered aside: then a worker reads. Or since
// users or permissions have changed: then it is asked again who it is.
func (w *heldPull) comeAgain() {
	low, high := w.h.puller.Bounds(w.Topic, w.QueueID)
	resp := wire.PullMessageResponseHeader{NextBeginOffset: w.Offset, MinOffset: low, MaxOffset: high,
		OffsetDelta: wire.NoOffsetDelta}
	if w.asked != nil { // the bounds are those of another queue
		at := w.asked.QueueOffset
		resp.NextBeginOffset, resp.MinOffset, resp.MaxOffset = at, at, at
	}
	remoting.Respond(&w.reply, wire.PullRetryImmediately, "", wire.PullMessageResponse, &resp, remoting.Body{})
}

// wakeStatic answers a held pull of a static topic as if it came again: the queue may have moved meanwhile.
func (w *heldPull) wakeStatic() {
	h, p := w.h, w.h.state()
	defer h.pool.Put(p)
	p.head = *w.asked
	takePull(&p.head, &p.pull.PullRequest)
	p.pull.Lo, p.pull.NoWait, p.pull.Sub = "", false, w.Sub
	switch err := h.puller.Relocate(&p.pull); {
	case err == service.ErrElsewhere:
		h.elsewhere(&w.reply, p)
		return
	case err != nil:
		refusePull(&w.reply, err)
		return
	}
	defer p.pull.Release()
	h.answer(&w.reply, p)
}
