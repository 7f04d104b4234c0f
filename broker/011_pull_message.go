package broker

// PULL_MESSAGE (11), LITE_PULL_MESSAGE (361). Java: PullMessageProcessor, DefaultPullMessageResultHandler.
//
// Quirks kept: maxMsgBytes of 5.5 clients has no effect, as in 5.5.0; the remark is the store's status name; the commit
// bit stores the request's commitOffset, in the first pass only; the number of messages asked for is a hint above 0 and
// 32 otherwise; a group is created by its first pull.

import (
	"fmt"
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/filter"
	"gorocket/broker/static"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
	"gorocket/store"
)

func (b *Broker) pullEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqPullMessage, NotFast: true, Handle: b.pullMessage},
		{Code: wire.ReqLitePullMessage, NotFast: true, Handle: b.pullMessage},
	}
}

// Values of forbiddenType. Java: ForbiddenType.
const (
	forbiddenBroker       = "1"
	forbiddenGroup        = "2"
	forbiddenTopic        = "3"
	forbiddenBroadcast    = "4"
	forbiddenSubscription = "5"
)

func forbidden(r *remoting.Replier, kind, remark string) {
	r.RespondFields(wire.NoPermission, remark, []wire.StringField{{Key: "forbiddenType", Value: kind}}, nil)
}

// pullState is what one pull reuses from the one before.
type pullState struct {
	head   wire.PullMessageRequestHeader
	static *static.Pull // nil for an ordinary topic
	query  store.GetQuery
	res    store.GetResult
	resp   wire.PullMessageResponseHeader
	files  []transport.FileRange
}

// pullMessage runs on the event loop as long as the data is in the page cache, else again on a worker.
func (b *Broker) pullMessage(ctx *remoting.Context) {
	p := b.pulls.Get().(*pullState)
	defer b.pulls.Put(p)
	h := &p.head
	if err := wire.PullMessageRequest.Decode(ctx.Req, ctx.In, h); err != nil {
		ctx.Status(wire.SystemError, err.Error())
		return
	}
	p.static = nil
	sub := b.mayPull(ctx, p)
	if sub == nil {
		return
	}
	if sub.Expr != nil && ctx.OnLoop() {
		ctx.Offload() // evaluating expressions on thousands of messages takes milliseconds
		return
	}
	if b.resetPending(ctx, p) {
		return
	}
	b.read(p, sub, ctx.OnLoop())
	defer p.res.Release()
	if p.res.Cold {
		ctx.Offload()
		return
	}
	if h.SysFlag&wire.PullFlagCommitOffset != 0 && h.CommitOffset >= 0 {
		b.tableFull(b.offsets.Commit(h.ConsumerGroup, h.Topic, h.QueueID, h.CommitOffset))
	}
	code := b.pullCode(p)
	if h.SysFlag&wire.PullFlagSuspend != 0 && p.finalCode(code) == wire.PullNotFound {
		if b.holds.Hold(ctx.Later(), &p.head, p.static, sub, b.suspendMillis(h)) {
			return
		}
	}
	b.answerPull(&ctx.Replier, p, code)
}

// mayPull checks permission, names and the queue id, in Java's order, and returns the subscription; nil after it
// answered.
func (b *Broker) mayPull(ctx *remoting.Context, p *pullState) *clients.Subscription {
	h := &p.head
	if b.cfg().BrokerPermission&protocol.PermRead == 0 {
		forbidden(&ctx.Replier, forbiddenBroker, "the broker["+b.cfg().BrokerIP1+"] pulling message is forbidden")
		return nil
	}
	if ctx.Req.Code == wire.ReqLitePullMessage && !b.cfg().LitePullMessageEnable {
		forbidden(&ctx.Replier, forbiddenBroker, "the broker["+b.cfg().BrokerIP1+"] for lite pull consumer is forbidden")
		return nil
	}
	g := b.groups.Find(h.ConsumerGroup)
	if g == nil {
		ctx.Status(wire.SubscriptionGroupNotExist, "subscription group ["+h.ConsumerGroup+"] does not exist, "+faqSuffix)
		return nil
	}
	if !g.ConsumeEnable {
		forbidden(&ctx.Replier, forbiddenGroup, "subscription group no permission, "+h.ConsumerGroup)
		return nil
	}
	topic := b.topics.Get(h.Topic)
	if topic == nil {
		ctx.Status(wire.TopicNotExist, "topic["+h.Topic+"] not exist, apply first please! "+faqSuffix)
		return nil
	}
	if topic.Perm&protocol.PermRead == 0 {
		forbidden(&ctx.Replier, forbiddenTopic, "the topic["+h.Topic+"] pulling message is forbidden")
		return nil
	}
	if d := b.mappings.Of(h.Topic, h.Lo); d != nil {
		var here bool
		if p.static, here = b.mappings.LocatePull(&ctx.Replier, h, d); !here {
			return nil
		}
	}
	if h.QueueID < 0 || int(h.QueueID) >= topic.ReadQueueNums {
		ctx.Status(wire.InvalidParameter, fmt.Sprintf("queueId[%d] is illegal, topic:[%s] topicConfig.readQueueNums:[%d] "+
			"consumer:[/%s]",
			h.QueueID, h.Topic, topic.ReadQueueNums, ctx.Conn().RemoteAddr()))
		return nil
	}
	sub := b.subscribed(&ctx.Replier, h, g.ConsumeBroadcastEnable)
	if sub != nil && !filter.IsTag(sub.ExpressionType) && !b.cfg().EnablePropertyFilter {
		ctx.Status(wire.SystemError, "The broker does not support consumer to filter message by "+sub.ExpressionType)
		return nil
	}
	return sub
}

// resetPending answers a pull with the offset that an administrator set for the queue, once.
func (b *Broker) resetPending(ctx *remoting.Context, p *pullState) bool {
	h := &p.head
	if !b.cfg().UseServerSideResetOffset || !b.offsets.HasReset(h.ConsumerGroup, h.Topic, h.QueueID) {
		return false
	}
	if ctx.OnLoop() {
		ctx.Offload() // the queue's smallest offset may have to be read from a file
		return true
	}
	off, ok := b.offsets.TakeReset(h.ConsumerGroup, h.Topic, h.QueueID)
	if !ok {
		return false
	}
	b.answerReset(&ctx.Replier, p, off)
	return true
}

// read asks the store. A message count of 0 or less is Java's "as many as the limits allow".
func (b *Broker) read(p *pullState, sub *clients.Subscription, hotOnly bool) {
	h := &p.head
	p.query = store.GetQuery{Topic: h.Topic, QueueID: h.QueueID, Offset: h.QueueOffset, MaxCount: int(h.MaxMsgNums),
		HotOnly: hotOnly}
	if !sub.All || sub.Expr != nil {
		p.query.Filter = sub
	}
	if hotOnly { // it takes no time worth telling
		b.store.Get(&p.query, &p.res)
		return
	}
	began := time.Now()
	b.store.Get(&p.query, &p.res)
	b.stats.Times.Read(time.Since(began).Milliseconds())
}

// pullCode maps the store's status to the response code. Java: composeResponseHeader.
func (b *Broker) pullCode(p *pullState) int32 {
	switch p.res.Status {
	case store.Found:
		return wire.Success
	case store.NoMatchedMessage, store.MessageWasRemoving:
		return wire.PullRetryImmediately
	case store.NoMatchedLogicQueue, store.NoMessageInQueue:
		if p.head.QueueOffset != 0 {
			return wire.PullOffsetMoved
		}
		return wire.PullNotFound
	case store.OffsetFoundNull, store.OffsetOverflowOne:
		return wire.PullNotFound
	case store.NotReadable:
		return wire.SystemError
	}
	return wire.PullOffsetMoved
}

// maxSuspendMillis is how long a pull is held at most; clients ask for 15 to 30 s.
const maxSuspendMillis = 3_600_000

// suspendMillis is how long a pull may be held. Java: DefaultPullMessageResultHandler, case PULL_NOT_FOUND.
func (b *Broker) suspendMillis(h *wire.PullMessageRequestHeader) int64 {
	if !b.cfg().LongPollingEnable {
		return int64(b.cfg().ShortPollingTimeMills)
	}
	return min(h.SuspendTimeoutMillis, maxSuspendMillis)
}

func (b *Broker) answerPull(r *remoting.Replier, p *pullState, code int32) {
	messages, bytes := int64(0), int64(0)
	if code == wire.Success {
		messages, bytes = int64(p.res.Count), int64(p.res.Bytes)
		b.stats.Found.Add(1)
		b.stats.Gets.Add(messages)
		b.stats.GetBytes.Add(bytes)
	} else {
		b.stats.Missed.Add(1)
	}
	b.tableFull(b.pulled.Pulled(p.head.ConsumerGroup, p.head.Topic, p.head.QueueID, p.res.NextBeginOffset, messages,
		bytes))
	p.resp = wire.PullMessageResponseHeader{NextBeginOffset: p.res.NextBeginOffset, MinOffset: p.res.MinOffset,
		MaxOffset: p.res.MaxOffset, OffsetDelta: wire.NoOffsetDelta}
	if t := b.topics.Get(p.head.Topic); t != nil {
		p.resp.TopicSysFlag = int32(t.TopicSysFlag)
	}
	if g := b.groups.Get(p.head.ConsumerGroup); g != nil {
		p.resp.GroupSysFlag = int32(g.GroupSysFlag)
		if b.cfg().SlaveReadEnable {
			p.resp.SuggestWhichBrokerID = g.BrokerID
			if p.res.SuggestSlave {
				p.resp.SuggestWhichBrokerID = g.WhichBrokerWhenConsumeSlowly
			}
		}
	}
	remark := p.res.Status.String()
	if p.res.Err != nil {
		remark = p.res.Err.Error()
	}
	if p.static != nil && p.res.Err == nil {
		if code = p.static.Revise(code, p.head.QueueOffset, &p.resp); code != wire.Success {
			remark = ""
		}
	}
	remoting.Respond(r, code, remark, wire.PullMessageResponse, &p.resp, p.body())
}

// body gives the records in both forms: slices of the mapped log, and file ranges for the kernel.
func (p *pullState) body() remoting.Body {
	p.files = p.files[:0]
	for _, r := range p.res.Ranges {
		p.files = append(p.files, transport.FileRange{Fd: int(r.File.Fd()), Offset: r.Offset, Len: int(r.Len)})
	}
	return remoting.Body{Parts: p.res.Slices, Files: p.files}
}
