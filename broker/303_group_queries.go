package broker

// What tools ask about a group: QUERY_CONSUME_TIME_SPAN (303), QUERY_CORRECTION_OFFSET (308), GET_ALL_PRODUCER_INFO
// (328), QUERY_SUBSCRIPTION_BY_CONSUMER (345), UPDATE_AND_GET_GROUP_FORBIDDEN (353). Java: AdminBrokerProcessor.
//
// One quirk is not kept: Java's 308 deletes the offsets of the groups named in filterGroups; here they are only left
// out of the answer.

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// groupQueries answers what tools ask about groups.
type groupQueries struct {
	liveConfig
	topics    *meta.Topics
	groups    *meta.Groups
	consumers *clients.Consumers
	producers *clients.Producers
	offsets   *meta.Offsets
	store     *store.Store
	now       func() time.Time
	log       zerolog.Logger
}

func (x *groupQueries) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqQueryConsumeTimeSpan, Mode: remoting.Blocking, Handle: with(wire.ConsumeTimeSpanRequest, x.timeSpan)},
		{Code: wire.ReqQueryCorrectionOffset, Mode: remoting.Blocking, Handle: with(wire.CorrectionOffsetRequest,
			x.correctionOffset)},
		{Code: wire.ReqGetAllProducerInfo, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			respondJSON(ctx,
				x.producers.Info())
		}},
		{Code: wire.ReqQuerySubscriptionByConsumer, Mode: remoting.Pooled,
			Handle: with(wire.QuerySubscriptionRequest, x.querySubscription)},
		{Code: wire.ReqUpdateAndGetGroupForbidden, Mode: remoting.Pooled,
			Handle: with(wire.GroupForbiddenRequest, x.groupForbidden)},
	}
}

// queueTimeSpan is one queue in 303; times in ms. Java: QueueTimeSpan.
type queueTimeSpan struct {
	ConsumeTimeStamp int64                 `json:"consumeTimeStamp"`
	DelayTime        int64                 `json:"delayTime"`
	MaxTimeStamp     int64                 `json:"maxTimeStamp"`
	MessageQueue     protocol.MessageQueue `json:"messageQueue"`
	MinTimeStamp     int64                 `json:"minTimeStamp"`
}

// timeSpans answers 303. Java: QueryConsumeTimeSpanBody.
type timeSpans struct {
	ConsumeTimeSpanSet []queueTimeSpan `json:"consumeTimeSpanSet"`
}

func (x *groupQueries) timeSpan(ctx *remoting.Context, h *wire.TopicGroupHeader) {
	topic := x.topics.Get(h.Topic)
	if topic == nil {
		ctx.Status(wire.TopicNotExist, "topic["+h.Topic+"] not exist")
		return
	}
	spans := timeSpans{ConsumeTimeSpanSet: []queueTimeSpan{}}
	for q := range int32(topic.WriteQueueNums) {
		spans.ConsumeTimeSpanSet = append(spans.ConsumeTimeSpanSet, x.spanOf(h, q, x.now().UnixMilli()))
	}
	respondJSON(ctx, spans)
}

func (x *groupQueries) spanOf(h *wire.TopicGroupHeader, queue int32, now int64) queueTimeSpan {
	end := x.store.MaxOffset(h.Topic, queue)
	s := queueTimeSpan{MessageQueue: queueOf(x.cfg(), h.Topic, queue),
		MinTimeStamp: x.store.EarliestStoreTime(h.Topic, queue),
		MaxTimeStamp: x.store.StoreTimeAt(h.Topic, queue, end-1)}
	at := x.offsets.Query(h.Group, h.Topic, queue)
	s.ConsumeTimeStamp = s.MinTimeStamp
	if at > 0 {
		s.ConsumeTimeStamp = x.store.StoreTimeAt(h.Topic, queue, at-1)
	}
	if at < end {
		s.DelayTime = now - x.store.StoreTimeAt(h.Topic, queue, at)
	}
	return s
}

// correctionOffsets answers 308. Java: QueryCorrectionOffsetBody.
type correctionOffsets struct {
	CorrectionOffsets map[int]int64 `json:"correctionOffsets"`
}

func (x *groupQueries) correctionOffset(ctx *remoting.Context, h *wire.CorrectionOffsetHeader) {
	least := x.leastOffsets(h.Topic, strings.Split(h.FilterGroups, ","))
	for q, off := range x.offsets.CommittedOf(h.CompareGroup, h.Topic) {
		if have, ok := least[int(q)]; ok && have > off {
			least[int(q)] = math.MaxInt64
		}
	}
	respondJSON(ctx, correctionOffsets{least})
}

// leastOffsets gives for each queue the least committed offset of all groups but some; offsets below the queue's begin
// do not count.
func (x *groupQueries) leastOffsets(topic string, without []string) map[int]int64 {
	least := map[int]int64{}
	x.offsets.Each(func(k meta.OffsetKey) {
		if k.Topic != topic || slices.Contains(without, k.Group) {
			return
		}
		for q, off := range x.offsets.CommittedOf(k.Group, topic) {
			if off < x.store.MinOffset(topic, q) {
				continue
			}
			if have, ok := least[int(q)]; !ok || off < have {
				least[int(q)] = off
			}
		}
	})
	return least
}

// subscriptionAnswer answers 345. Java: QuerySubscriptionResponseBody.
type subscriptionAnswer struct {
	Group            string                    `json:"group"`
	SubscriptionData *clients.SubscriptionData `json:"subscriptionData,omitempty"`
	Topic            string                    `json:"topic"`
}

func (x *groupQueries) querySubscription(ctx *remoting.Context, h *wire.TopicGroupHeader) {
	respondJSON(ctx, subscriptionAnswer{Group: h.Group, Topic: h.Topic,
		SubscriptionData: x.consumers.Subscribed(h.Group, h.Topic)})
}

// forbiddenAnswer answers 353. Java: GroupForbidden.
type forbiddenAnswer struct {
	Group    string `json:"group"`
	Readable bool   `json:"readable"`
	Topic    string `json:"topic"`
}

func (x *groupQueries) groupForbidden(ctx *remoting.Context, h *wire.GroupForbiddenHeader) {
	if h.Readable != "" {
		if err := x.forbid(h); err != nil {
			fail(ctx, err)
			return
		}
		x.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("topic", h.Topic).Str("group", h.Group).
			Str("readable", h.Readable).Msg("permission of a group to read a topic changed")
	}
	respondJSON(ctx, forbiddenAnswer{Group: h.Group, Readable: !x.groups.ReadForbidden(h.Group, h.Topic), Topic: h.Topic})
}

func (x *groupQueries) forbid(h *wire.GroupForbiddenHeader) error {
	if err := compat.ValidateGroup(h.Group); err != nil {
		return err
	}
	if err := compat.ValidateTopic(h.Topic); err != nil {
		return err
	}
	return x.groups.SetReadForbidden(h.Group, h.Topic, !strings.EqualFold(h.Readable, "true"))
}
