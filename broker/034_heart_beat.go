package broker

// HEART_BEAT (34), UNREGISTER_CLIENT (35), CHECK_CLIENT_CONFIG (46). Java: ClientManageProcessor.
//
// Quirks kept: a group's retry topic is created by its first heartbeat; groups that may not be created are passed over
// silently; V1 heartbeats are told IS_SUB_CHANGE=true always; a heartbeat V2 without subscriptions keeps those of the
// last full one.

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/cluster"
	"gorocket/broker/filter"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

// heartbeats handles what clients say about themselves.
type heartbeats struct {
	liveConfig
	topics      *meta.Topics
	groups      *meta.Groups
	consumers   *clients.Consumers
	producers   *clients.Producers
	expressions *expressions
	register    *cluster.Registrar
	forwards    *asides
	now         func() time.Time
	log         zerolog.Logger
	throttled   *throttle.Log
	doors
}

func (x *heartbeats) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqHeartBeat, Mode: remoting.Pooled, Handle: x.heartbeat},
		{Code: wire.ReqUnregisterClient, Mode: remoting.Pooled, Handle: with(wire.UnregisterClientRequest,
			x.unregisterClient)},
		{Code: wire.ReqCheckClientConfig, Mode: remoting.Pooled, Handle: x.checkClientConfig},
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

func (x *heartbeats) heartbeat(ctx *remoting.Context) {
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
		LastSeen: x.now().UnixMilli()}
	if x.log.Debug().Enabled() {
		consumers, producers := x.unknownGroups(&who, &h)
		defer x.logJoined(&who, consumers, producers)
	}
	subChange, newTopic := h.HeartbeatFingerprint == 0, false
	for i := range h.ConsumerDataSet {
		r, err := x.heartbeatOf(who, &h, &h.ConsumerDataSet[i])
		if err != nil {
			fail(ctx, err)
			return
		}
		subChange, newTopic = subChange || r.subChange, newTopic || r.newTopic
	}
	if len(h.ProducerDataSet) > 0 { // anybody can say the name of a group: it is shown half messages of its topics only
		who.MayPub = x.later(ctx, auth.Pub)
	}
	for _, p := range h.ProducerDataSet {
		tableFull(x.throttled, x.producers.Register(p.GroupName, who))
	}
	x.answerHeartbeat(ctx, subChange, newTopic)
}

// heartbeatWait is how long the answer to a heartbeat that made a retry topic waits for the NameServers to know it:
// 5.x clients ask for its route next. No worker waits meanwhile.
const heartbeatWait = 100 * time.Millisecond

func (x *heartbeats) answerHeartbeat(ctx *remoting.Context, subChange, newTopic bool) {
	resp := wire.HeartbeatResponseHeader{SupportV2: "true", SubChange: strconv.FormatBool(subChange)}
	answer := func(r *remoting.Replier) {
		remoting.Respond(r, wire.Success, "", wire.HeartbeatResponse, &resp, remoting.Body{})
	}
	if newTopic && x.forwards.tryAnswer(&ctx.Replier, func(r *remoting.Replier) {
		x.register.SettledWithin(heartbeatWait)
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
func (x *heartbeats) heartbeatOf(who clients.Client, h *clients.Heartbeat, d *clients.ConsumerData) (r beat,
	err error) {
	g := x.groups.Find(d.GroupName)
	if g == nil {
		return r, nil
	}
	order := false
	for i := range d.SubscriptionDataSet {
		order = order || x.topics.IsOrder(d.SubscriptionDataSet[i].Topic)
	}
	sysFlag := 0
	if d.UnitMode {
		sysFlag = protocol.TopicFlagUnitSub
	}
	retry := compat.RetryTopicPrefix + d.GroupName
	r.newTopic = x.topics.Get(retry) == nil
	x.topics.Ensure(retry, g.RetryQueueNums, order, sysFlag)
	v2 := h.HeartbeatFingerprint != 0
	if !v2 || !h.WithoutSub {
		x.expressions.register(d)
	}
	if !x.consumers.Register(who, d, v2 && h.WithoutSub, g.NotifyConsumerIdsChangedEnable) {
		return r, errGroups
	}
	r.subChange = x.consumers.SwapFingerprint(d.GroupName, h.HeartbeatFingerprint) && v2
	return r, nil
}

func (x *heartbeats) unregisterClient(ctx *remoting.Context, h *wire.UnregisterClientRequestHeader) {
	if x.log.Debug().Enabled() {
		x.log.Debug().Str("peer", ctx.Conn().RemoteAddr()).Str("client", h.ClientID).
			Str("producerGroup", h.ProducerGroup).Str("group", h.ConsumerGroup).Msg("client left a group")
	}
	if h.ProducerGroup != "" {
		x.producers.Unregister(h.ProducerGroup, ctx.Conn())
	}
	if h.ConsumerGroup != "" {
		g := x.groups.Find(h.ConsumerGroup)
		x.consumers.Unregister(h.ConsumerGroup, ctx.Conn(), g == nil || g.NotifyConsumerIdsChangedEnable)
	}
	ctx.Status(wire.Success, "")
}

// checkClientBody is the body of CHECK_CLIENT_CONFIG. Java: CheckClientRequestBody.
type checkClientBody struct {
	SubscriptionData *clients.SubscriptionData `json:"subscriptionData"`
}

func (x *heartbeats) checkClientConfig(ctx *remoting.Context) {
	var c checkClientBody
	if err := decodeBody(ctx, &c); err != nil && !errors.Is(err, errNoBody) {
		fail(ctx, err)
		return
	}
	if s := c.SubscriptionData; s != nil && !filter.IsTag(s.ExpressionType) {
		if !x.cfg().EnablePropertyFilter {
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

// unknownGroups lists the groups of a heartbeat in which its connection is new.
func (x *heartbeats) unknownGroups(who *clients.Client, h *clients.Heartbeat) (consumers, producers []string) {
	in := x.consumers.GroupsOf(who.Conn)
	for i := range h.ConsumerDataSet {
		if g := h.ConsumerDataSet[i].GroupName; !slices.Contains(in, g) {
			consumers = append(consumers, g)
		}
	}
	in = x.producers.GroupsOf(who.Conn)
	for _, p := range h.ProducerDataSet {
		if !slices.Contains(in, p.GroupName) {
			producers = append(producers, p.GroupName)
		}
	}
	return consumers, producers
}

// logJoined tells which of these groups the client is in by now.
func (x *heartbeats) logJoined(who *clients.Client, consumers, producers []string) {
	tell := func(kind string, wanted, in []string) {
		for _, g := range wanted {
			if slices.Contains(in, g) {
				x.log.Debug().Str("peer", who.Conn.RemoteAddr()).Str("client", who.ID).Str(kind, g).
					Stringer("language", who.Language).Int32("version", who.Version).Msg("client joined a group")
			}
		}
	}
	tell("group", consumers, x.consumers.GroupsOf(who.Conn))
	tell("producerGroup", producers, x.producers.GroupsOf(who.Conn))
}
