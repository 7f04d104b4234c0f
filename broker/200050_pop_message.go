package broker

// POP_MESSAGE (200050), PEEK_MESSAGE (200052), NOTIFICATION (200054), POLLING_INFO (200055), POP_ROLLBACK (200056).
// Java: PopMessageProcessor, PeekMessageProcessor, NotificationProcessor, PollingInfoProcessor, PopLongPollingService.
//
// Differences: an invisible time below 0 counts as 0, one above timerMaxDelaySec as that, as the answer tells; Java
// hands the messages out and cannot store their check point. PEEK_MESSAGE shows 1024 messages at most. POP_ROLLBACK has
// nothing to do: there are no records of popped messages but those in the revive topic.

import (
	"sync"

	"gorocket/broker/pop"
	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// popMessages hands out messages.
type popMessages struct {
	liveConfig
	pops  *pop.Service
	store *store.Store
	cold  *asides
	rules func() int64 // see Broker.rules
	pool  sync.Pool    // *popState
}

func (h *popMessages) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqPopMessage, NotFast: true, Handle: h.popMessage},
		{Code: wire.ReqPeekMessage, Mode: remoting.Pooled, NotFast: true, Handle: with(wire.PeekMessageRequest, h.peek)},
		{Code: wire.ReqNotification, Mode: remoting.Pooled, NotFast: true,
			Handle: with(wire.NotificationRequest, h.notification)},
		{Code: wire.ReqPollingInfo, NotFast: true, Handle: with(wire.PollingInfoRequest, h.pollingInfo)},
		{Code: wire.ReqPopRollback, Handle: func(ctx *remoting.Context) { ctx.OK(nil) }},
	}
}

// popState is what one pop reuses from the one before.
type popState struct {
	head  wire.PopMessageRequestHeader
	pop   pop.Pop
	resp  wire.PopMessageResponseHeader
	files []transport.FileRange
}

func (h *popMessages) state() *popState {
	if p, ok := h.pool.Get().(*popState); ok {
		return p
	}
	return new(popState)
}

// takePop fills the input of a pop.
func takePop(h *wire.PopMessageRequestHeader, p *pop.Pop, peer string) {
	p.Reader = pop.Reader{Group: h.ConsumerGroup, Topic: h.Topic, QueueID: h.QueueID, Peer: peer}
	p.MaxCount, p.Invisible, p.PollTime, p.Born = h.MaxMsgNums, h.InvisibleTime, h.PollTime, h.BornTime
	p.Newest, p.Expression, p.Kind = h.InitMode != wire.PopInitMin, h.Exp, h.ExpType
	p.Order, p.AttemptID = h.Order, h.AttemptID
}

// popMessage runs on the event loop as long as the data is in the page cache, else again on a worker.
func (h *popMessages) popMessage(ctx *remoting.Context) {
	p := h.state()
	defer h.pool.Put(p)
	if err := wire.PopMessageRequest.Decode(ctx.Req, ctx.In, &p.head); err != nil {
		fail(ctx, err)
		return
	}
	if p.head.BornTime == 0 {
		p.head.BornTime = ctx.Received
	}
	takePop(&p.head, &p.pop, ctx.Conn().RemoteAddr())
	p.pop.NoWait = ctx.OnLoop()
	err := h.pops.Pop(&p.pop)
	defer p.pop.Release()
	switch {
	case err == service.ErrWouldWait:
		ctx.Offload()
		return
	case err != nil:
		refuse(&ctx.Replier, err)
		return
	}
	if p.pop.End > 0 && ctx.OnLoop() {
		ctx.Barrier(p.pop.End)
	} else if !h.published(&ctx.Replier, p.pop.End) {
		return
	}
	if p.pop.Count > 0 || !h.wait(&ctx.Replier, p, nil) {
		h.answer(&ctx.Replier, p)
	}
}

// published makes readable what a pop has stored; false, and the answer is given, when that failed.
func (h *popMessages) published(r *remoting.Replier, end int64) bool {
	if end == 0 {
		return true
	}
	if err := h.store.Publish(end); err != nil {
		r.Status(wire.SystemError, err.Error())
		return false
	}
	return true
}

// wait lets a pop wait that has found nothing, w if it has waited before; false when it has to be answered. It may
// answer itself.
func (h *popMessages) wait(r *remoting.Replier, p *popState, w *waitingPop) bool {
	if p.head.PollTime <= 0 {
		return false
	}
	if w == nil {
		w = &waitingPop{h: h, reply: r.Later(), rules: h.rules(), head: p.head}
		w.Wait = pop.Wait{Waiter: w, Topic: p.head.Topic, Group: p.head.ConsumerGroup, QueueID: max(-1, p.head.QueueID),
			Until: p.head.BornTime + p.head.PollTime, Sub: p.pop.Sub}
	}
	waiting, err := h.pops.WaitPop(&w.Wait, p.head.Order, p.head.AttemptID)
	if err != nil {
		h.none(r, p, wire.PollingFull)
		return true
	}
	return waiting
}

// noMessage is the remark when nothing was found. Java: GetMessageStatus.
const noMessage = "NO_MESSAGE_IN_QUEUE"

// none answers that there is no message, and why the request does not wait.
func (h *popMessages) none(r *remoting.Replier, p *popState, code int32) {
	p.resp = wire.PopMessageResponseHeader{PopTime: p.pop.PopTime, InvisibleTime: p.pop.Invisible,
		ReviveQid: p.pop.ReviveQueue, RestNum: p.pop.Rest}
	remoting.Respond(r, code, noMessage, wire.PopMessageResponse, &p.resp, remoting.Body{})
}

// answer tells what a pop has found.
func (h *popMessages) answer(r *remoting.Replier, p *popState) {
	if p.pop.Count == 0 {
		h.none(r, p, wire.PollingTimeout)
		return
	}
	p.resp = wire.PopMessageResponseHeader{PopTime: p.pop.PopTime, InvisibleTime: p.pop.Invisible,
		ReviveQid: p.pop.ReviveQueue, RestNum: p.pop.Rest, StartOffsetInfo: p.pop.Starts, MsgOffsetInfo: p.pop.Offsets}
	if p.head.Order {
		p.resp.OrderCountInfo = p.pop.Counts
	}
	remoting.Respond(r, wire.Success, store.Found.String(), wire.PopMessageResponse, &p.resp, p.body())
}

// body gives the records in both forms, see pullState.body; those that come again are in no file.
func (p *popState) body() remoting.Body {
	p.files = p.files[:0]
	for _, r := range p.pop.Ranges {
		p.files = append(p.files, transport.FileRange{Fd: int(r.File.Fd()), Offset: r.Offset, Len: int(r.Len)})
	}
	return remoting.Body{Parts: p.pop.Parts, Files: p.files}
}

// waitingPop is a pop that waits for messages.
type waitingPop struct {
	pop.Wait
	h     *popMessages
	reply remoting.Replier
	rules int64 // by which it was let in
	head  wire.PopMessageRequestHeader
}

// Closed implements pop.Waiter.
func (w *waitingPop) Closed() bool { return w.reply.Conn().Closed() }

// Run implements pop.Waiter: it pops as if the request came again. Where users or permissions have changed it has to
// come again indeed.
func (w *waitingPop) Run(over bool) {
	if w.rules != w.h.rules() {
		w.h.none(&w.reply, &popState{head: w.head}, wire.PollingTimeout)
		return
	}
	if !w.again(over, true) && !w.h.cold.try(func() { w.again(over, false) }) {
		w.reply.Status(wire.SystemBusy, "[OVERLOAD]system busy, too many pops are answered aside")
	}
}

// again answers, or waits again; false without an answer when files would have to be read.
func (w *waitingPop) again(over, noWait bool) bool {
	h, p := w.h, w.h.state()
	defer h.pool.Put(p)
	p.head = w.head
	takePop(&p.head, &p.pop, w.reply.Conn().RemoteAddr())
	p.pop.NoWait = noWait
	err := h.pops.Pop(&p.pop)
	defer p.pop.Release()
	switch {
	case err == service.ErrWouldWait:
		return false
	case err != nil:
		refuse(&w.reply, err)
	case !h.published(&w.reply, p.pop.End):
	case p.pop.Count > 0 || over || !h.wait(&w.reply, p, w):
		h.answer(&w.reply, p)
	}
	return true
}

// peek shows messages.
func (h *popMessages) peek(ctx *remoting.Context, head *wire.PeekMessageRequestHeader) {
	p := h.state()
	defer h.pool.Put(p)
	p.pop.Reader = pop.Reader{Group: head.ConsumerGroup, Topic: head.Topic, QueueID: head.QueueID,
		Peer: ctx.Conn().RemoteAddr()}
	p.pop.MaxCount = head.MaxMsgNums
	err := h.pops.Peek(&p.pop)
	defer p.pop.Release()
	if err != nil {
		refuse(&ctx.Replier, err)
		return
	}
	p.resp = wire.PopMessageResponseHeader{RestNum: p.pop.Rest}
	if p.pop.Count == 0 {
		remoting.Respond(&ctx.Replier, wire.PullNotFound, noMessage, wire.PopMessageResponse, &p.resp, remoting.Body{})
		return
	}
	remoting.Respond(&ctx.Replier, wire.Success, store.Found.String(), wire.PopMessageResponse, &p.resp, p.body())
}

// notification tells whether there are messages, or when there are.
func (h *popMessages) notification(ctx *remoting.Context, head *wire.NotificationRequestHeader) {
	if head.BornTime == 0 {
		head.BornTime = ctx.Received
	}
	w := &waitingAsk{h: h, reply: ctx.Later(), rules: h.rules(), ask: pop.Notification{
		Reader: pop.Reader{Group: head.ConsumerGroup, Topic: head.Topic, QueueID: head.QueueID,
			Peer: ctx.Conn().RemoteAddr()}, PollTime: head.PollTime,
		Born: head.BornTime, Order: head.Order, AttemptID: head.AttemptID, Expression: head.Exp, Kind: head.ExpType}}
	w.look(false)
}

// waitingAsk is a notification that waits for messages.
type waitingAsk struct {
	wait  *pop.Wait // nil before it has waited
	h     *popMessages
	reply remoting.Replier
	rules int64 // by which it was let in
	ask   pop.Notification
}

// Closed implements pop.Waiter.
func (w *waitingAsk) Closed() bool { return w.reply.Conn().Closed() }

// Run implements pop.Waiter. It reads files as a worker does.
func (w *waitingAsk) Run(over bool) {
	if w.rules != w.h.rules() { // as of waitingPop
		remoting.Respond(&w.reply, wire.Success, "", wire.NotificationResponse, new(wire.NotificationResponseHeader),
			remoting.Body{})
		return
	}
	w.look(over)
}

// look answers, or waits.
func (w *waitingAsk) look(over bool) {
	has, wait, err := w.h.pops.Notify(&w.ask)
	if err != nil {
		refuse(&w.reply, err)
		return
	}
	resp := wire.NotificationResponseHeader{HasMsg: has}
	if !has && !over && w.ask.PollTime > 0 {
		if w.wait == nil {
			w.wait, wait.Waiter = wait, w
			wait.QueueID = max(-1, wait.QueueID)
		}
		waiting, err := w.h.pops.WaitNotification(&w.ask, w.wait)
		if waiting {
			return
		}
		resp.PollingFull = err != nil
	}
	remoting.Respond(&w.reply, wire.Success, "", wire.NotificationResponse, &resp, remoting.Body{})
}

func (h *popMessages) pollingInfo(ctx *remoting.Context, head *wire.PollingInfoRequestHeader) {
	n, err := h.pops.Polling(&pop.Reader{Group: head.ConsumerGroup, Topic: head.Topic, QueueID: head.QueueID,
		Peer: ctx.Conn().RemoteAddr()})
	if err != nil {
		refuse(&ctx.Replier, err)
		return
	}
	resp := wire.PollingInfoResponseHeader{PollingNum: int32(n)}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.PollingInfoResponse, &resp, remoting.Body{})
}
