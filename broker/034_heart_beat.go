package broker

// HEART_BEAT (34), UNREGISTER_CLIENT (35), CHECK_CLIENT_CONFIG (46). Java: ClientManageProcessor.
//
// Quirks kept: a group's retry topic is created by its first heartbeat; groups that may not be created are passed over
// silently; V1 heartbeats are told IS_SUB_CHANGE=true always; a heartbeat V2 without subscriptions keeps those of the
// last full one.

import (
	"errors"
	"strconv"
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/filter"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func (b *Broker) heartbeatEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqHeartBeat, Mode: remoting.Pooled, Handle: b.heartbeat},
		{Code: wire.ReqUnregisterClient, Mode: remoting.Pooled, Handle: with(wire.UnregisterClientRequest,
			b.unregisterClient)},
		{Code: wire.ReqCheckClientConfig, Mode: remoting.Pooled, Handle: b.checkClientConfig},
	}
}

// Answers to heartbeats and to requests without the body that they need.
var (
	errNoBody = errors.New("java.lang.NullPointerException: the request has no body")
	errGroups = errors.New("the connection is in too many groups (maxClientGroups)")
)

// decodeBody reads a JSON body; none at all, or null, is what makes Java throw.
func decodeBody(ctx *remoting.Context, v any) error {
	if len(ctx.Req.Body) == 0 || string(ctx.Req.Body) == "null" {
		return errNoBody
	}
	return compat.Unmarshal(ctx.Req.Body, v)
}

func (b *Broker) heartbeat(ctx *remoting.Context) {
	var h clients.Heartbeat
	if err := decodeBody(ctx, &h); err != nil {
		fail(ctx, err)
		return
	}
	if err := h.Check(); err != nil {
		fail(ctx, err)
		return
	}
	who := clients.Client{Conn: ctx.Conn(), ID: h.ClientID, Language: ctx.Req.Language, Version: ctx.Req.Version,
		LastSeen: b.now().UnixMilli()}
	if b.debug() {
		consumers, producers := b.unknownGroups(&who, &h)
		defer b.logJoined(&who, consumers, producers)
	}
	subChange, newTopic := h.HeartbeatFingerprint == 0, false
	for i := range h.ConsumerDataSet {
		r, err := b.heartbeatOf(who, &h, &h.ConsumerDataSet[i])
		if err != nil {
			fail(ctx, err)
			return
		}
		subChange, newTopic = subChange || r.subChange, newTopic || r.newTopic
	}
	for _, p := range h.ProducerDataSet {
		b.tableFull(b.producers.Register(p.GroupName, who))
	}
	b.answerHeartbeat(ctx, subChange, newTopic)
}

// heartbeatWait is how long the answer to a heartbeat that made a retry topic waits for the NameServers to know it:
// 5.x clients ask for its route next. No worker waits meanwhile.
const heartbeatWait = 100 * time.Millisecond

func (b *Broker) answerHeartbeat(ctx *remoting.Context, subChange, newTopic bool) {
	resp := wire.HeartbeatResponseHeader{SupportV2: "true", SubChange: strconv.FormatBool(subChange)}
	answer := func(r *remoting.Replier) {
		remoting.Respond(r, wire.Success, "", wire.HeartbeatResponse, &resp, remoting.Body{})
	}
	if newTopic && b.forwards.tryAnswer(&ctx.Replier, func(r *remoting.Replier) {
		b.register.SettledWithin(heartbeatWait)
		answer(r)
	}) {
		return
	}
	answer(&ctx.Replier)
}

// beat is what the heartbeat of one consumer group has changed.
type beat struct {
	subChange bool // another fingerprint was known for it
	newTopic  bool // its retry topic is new
}

// heartbeatOf registers one consumer group.
func (b *Broker) heartbeatOf(who clients.Client, h *clients.Heartbeat, d *clients.ConsumerData) (r beat, err error) {
	g := b.groups.Find(d.GroupName)
	if g == nil {
		return r, nil
	}
	order := false
	for i := range d.SubscriptionDataSet {
		order = order || b.topics.IsOrder(d.SubscriptionDataSet[i].Topic)
	}
	sysFlag := 0
	if d.UnitMode {
		sysFlag = protocol.TopicFlagUnitSub
	}
	retry := compat.RetryTopicPrefix + d.GroupName
	r.newTopic = b.topics.Get(retry) == nil
	b.topics.Ensure(retry, g.RetryQueueNums, order, sysFlag)
	v2 := h.HeartbeatFingerprint != 0
	if !v2 || !h.WithoutSub {
		b.registerFilters(d)
	}
	if !b.consumers.Register(who, d, v2 && h.WithoutSub, g.NotifyConsumerIdsChangedEnable) {
		return r, errGroups
	}
	r.subChange = b.consumers.SwapFingerprint(d.GroupName, h.HeartbeatFingerprint) && v2
	return r, nil
}

func (b *Broker) unregisterClient(ctx *remoting.Context, h *wire.UnregisterClientRequestHeader) {
	if b.debug() {
		b.log.Debug().Str("peer", ctx.Conn().RemoteAddr()).Str("client", h.ClientID).
			Str("producerGroup", h.ProducerGroup).Str("group", h.ConsumerGroup).Msg("client left a group")
	}
	if h.ProducerGroup != "" {
		b.producers.Unregister(h.ProducerGroup, ctx.Conn())
	}
	if h.ConsumerGroup != "" {
		g := b.groups.Find(h.ConsumerGroup)
		b.consumers.Unregister(h.ConsumerGroup, ctx.Conn(), g == nil || g.NotifyConsumerIdsChangedEnable)
	}
	ctx.Status(wire.Success, "")
}

// checkClientBody is the body of CHECK_CLIENT_CONFIG. Java: CheckClientRequestBody.
type checkClientBody struct {
	SubscriptionData *clients.SubscriptionData `json:"subscriptionData"`
}

func (b *Broker) checkClientConfig(ctx *remoting.Context) {
	var c checkClientBody
	if err := decodeBody(ctx, &c); err != nil && !errors.Is(err, errNoBody) {
		fail(ctx, err)
		return
	}
	if s := c.SubscriptionData; s != nil && !filter.IsTag(s.ExpressionType) {
		if !b.cfg().EnablePropertyFilter {
			ctx.Status(wire.SystemError, "The broker does not support consumer to filter message by "+s.ExpressionType)
			return
		}
		if _, err := filter.CompileType(s.ExpressionType, s.SubString); err != nil {
			ctx.Status(wire.SubscriptionParseFailed, err.Error())
			return
		}
	}
	ctx.Status(wire.Success, "")
}
