package broker

// PULL_MESSAGE (11), LITE_PULL_MESSAGE (361). Java: PullMessageProcessor, DefaultPullMessageResultHandler.
//
// Quirks kept: maxMsgBytes of 5.5 clients has no effect, as in 5.5.0; the remark is the store's status name; the commit
// bit stores the request's commitOffset, in the first pass only; the number of messages asked for is a hint above 0 and
// 32 otherwise; a group is created by its first pull.

import (
	"sync"

	"gorocket/broker/hold"
	"gorocket/broker/service"
	"gorocket/broker/static"
	"gorocket/remoting"
	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
)

// pulls handles requests of consumers for messages. Its methods are in pull_held.go too.
type pulls struct {
	puller   *service.Puller
	holds    *hold.Table
	mappings *static.Service
	forwards *asides
	cold     *asides
	rules    func() int64 // see Broker.rules
	pool     sync.Pool    // *pullState
}

func (h *pulls) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqPullMessage, NotFast: true, Handle: h.pullMessage},
		{Code: wire.ReqLitePullMessage, NotFast: true, Handle: h.pullMessage},
	}
}

// pullState is what one pull reuses from the one before.
type pullState struct {
	head  wire.PullMessageRequestHeader
	pull  service.Pull
	resp  wire.PullMessageResponseHeader
	files []transport.FileRange
}

func (h *pulls) state() *pullState {
	if p, ok := h.pool.Get().(*pullState); ok {
		return p
	}
	return new(pullState)
}

// pullMessage runs on the event loop as long as the data is in the page cache, else again on a worker.
func (h *pulls) pullMessage(ctx *remoting.Context) {
	p := h.state()
	defer h.pool.Put(p)
	if err := wire.PullMessageRequest.Decode(ctx.Req, ctx.In, &p.head); err != nil {
		fail(ctx, err)
		return
	}
	takePull(&p.head, &p.pull.PullRequest)
	p.pull.Lite = ctx.Req.Code == wire.ReqLitePullMessage
	p.pull.NoWait, p.pull.Peer = ctx.OnLoop(), ctx.Conn().RemoteAddr()
	switch err := h.puller.Pull(&p.pull); {
	case err == service.ErrWouldWait:
		ctx.Offload()
		return
	case err == service.ErrElsewhere:
		h.elsewhere(&ctx.Replier, p)
		return
	case err != nil:
		refusePull(&ctx.Replier, err)
		return
	}
	defer p.pull.Release()
	if p.head.SysFlag&wire.PullFlagSuspend != 0 && p.pull.Status == static.PullNothing && h.hold(&ctx.Replier, p) {
		return
	}
	h.answer(&ctx.Replier, p)
}

// takePull fills the input of a pull.
func takePull(h *wire.PullMessageRequestHeader, r *service.PullRequest) {
	*r = service.PullRequest{Group: h.ConsumerGroup, Topic: h.Topic,
		Reading: static.Reading{QueueID: h.QueueID, Offset: h.QueueOffset, Commit: -1, MaxCount: h.MaxMsgNums},
		Lo:      h.Lo, Carried: h.SysFlag&wire.PullFlagSubscription != 0, Expression: h.Subscription,
		ExpressionType: h.ExpressionType, SubVersion: h.SubVersion}
	if h.SysFlag&wire.PullFlagCommitOffset != 0 {
		r.Commit = h.CommitOffset
	}
}

// elsewhere leaves the answer to the broker that has the messages.
func (h *pulls) elsewhere(r *remoting.Replier, p *pullState) {
	head, located := p.head, p.pull.Static
	head.QueueID, head.QueueOffset, head.MaxMsgNums = p.pull.QueueID, p.pull.Offset, p.pull.MaxCount
	h.forwards.answer(r, func(r *remoting.Replier) { h.mappings.PullElsewhere(r, located, head) })
}

// answer counts the pull and answers it.
func (h *pulls) answer(r *remoting.Replier, p *pullState) {
	h.puller.Answered(&p.pull)
	a := &p.pull
	p.resp = wire.PullMessageResponseHeader{NextBeginOffset: a.Next, MinOffset: a.Min, MaxOffset: a.Max,
		OffsetDelta: a.Delta, TopicSysFlag: a.TopicSysFlag, GroupSysFlag: a.GroupSysFlag,
		SuggestWhichBrokerID: a.SuggestBroker}
	remoting.Respond(r, a.Status.Code(), a.Text, wire.PullMessageResponse, &p.resp, p.body())
}

// body gives the records in both forms: slices of the mapped log, and file ranges for the kernel.
func (p *pullState) body() remoting.Body {
	if p.pull.Status != static.PullFound {
		return remoting.Body{}
	}
	p.files = p.files[:0]
	for _, r := range p.pull.Found.Ranges {
		p.files = append(p.files, transport.FileRange{Fd: int(r.File.Fd()), Offset: r.Offset, Len: int(r.Len)})
	}
	return remoting.Body{Parts: p.pull.Found.Slices, Files: p.files}
}
