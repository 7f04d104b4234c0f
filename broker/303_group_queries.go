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

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func (b *Broker) groupQueryEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqQueryConsumeTimeSpan, Mode: remoting.Blocking, Handle: with(wire.ConsumeTimeSpanRequest, b.timeSpan)},
		{Code: wire.ReqQueryCorrectionOffset, Mode: remoting.Blocking, Handle: with(wire.CorrectionOffsetRequest,
			b.correctionOffset)},
		{Code: wire.ReqGetAllProducerInfo, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			respondJSON(ctx,
				b.producers.Info())
		}},
		{Code: wire.ReqQuerySubscriptionByConsumer, Mode: remoting.Pooled,
			Handle: with(wire.QuerySubscriptionRequest, b.querySubscription)},
		{Code: wire.ReqUpdateAndGetGroupForbidden, Mode: remoting.Pooled,
			Handle: with(wire.GroupForbiddenRequest, b.groupForbidden)},
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

func (b *Broker) timeSpan(ctx *remoting.Context, h *wire.TopicGroupHeader) {
	topic := b.topics.Get(h.Topic)
	if topic == nil {
		ctx.Status(wire.TopicNotExist, "topic["+h.Topic+"] not exist")
		return
	}
	spans := timeSpans{ConsumeTimeSpanSet: []queueTimeSpan{}}
	for q := range int32(topic.WriteQueueNums) {
		spans.ConsumeTimeSpanSet = append(spans.ConsumeTimeSpanSet, b.spanOf(h, q, b.now().UnixMilli()))
	}
	respondJSON(ctx, spans)
}

func (b *Broker) spanOf(h *wire.TopicGroupHeader, queue int32, now int64) queueTimeSpan {
	end := b.store.MaxOffset(h.Topic, queue)
	s := queueTimeSpan{MessageQueue: b.queueOf(h.Topic, queue), MinTimeStamp: b.store.EarliestStoreTime(h.Topic, queue),
		MaxTimeStamp: b.store.StoreTimeAt(h.Topic, queue, end-1)}
	at := b.offsets.Query(h.Group, h.Topic, queue)
	s.ConsumeTimeStamp = s.MinTimeStamp
	if at > 0 {
		s.ConsumeTimeStamp = b.store.StoreTimeAt(h.Topic, queue, at-1)
	}
	if at < end {
		s.DelayTime = now - b.store.StoreTimeAt(h.Topic, queue, at)
	}
	return s
}

// correctionOffsets answers 308. Java: QueryCorrectionOffsetBody.
type correctionOffsets struct {
	CorrectionOffsets map[int]int64 `json:"correctionOffsets"`
}

func (b *Broker) correctionOffset(ctx *remoting.Context, h *wire.CorrectionOffsetHeader) {
	least := b.leastOffsets(h.Topic, strings.Split(h.FilterGroups, ","))
	for q, off := range b.offsets.CommittedOf(h.CompareGroup, h.Topic) {
		if have, ok := least[int(q)]; ok && have > off {
			least[int(q)] = math.MaxInt64
		}
	}
	respondJSON(ctx, correctionOffsets{least})
}

// leastOffsets gives for each queue the least committed offset of all groups but some; offsets below the queue's begin
// do not count.
func (b *Broker) leastOffsets(topic string, without []string) map[int]int64 {
	least := map[int]int64{}
	b.offsets.Each(func(k meta.OffsetKey) {
		if k.Topic != topic || slices.Contains(without, k.Group) {
			return
		}
		for q, off := range b.offsets.CommittedOf(k.Group, topic) {
			if off < b.store.MinOffset(topic, q) {
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

func (b *Broker) querySubscription(ctx *remoting.Context, h *wire.TopicGroupHeader) {
	respondJSON(ctx, subscriptionAnswer{Group: h.Group, Topic: h.Topic,
		SubscriptionData: b.liveSubscription(h.Group, h.Topic)})
}

// liveSubscription is what the group's members subscribed to, nil when nothing. Java:
// ConsumerManager.findSubscriptionData.
func (b *Broker) liveSubscription(group, topic string) *clients.SubscriptionData {
	if g := b.consumers.Get(group); g != nil {
		if s := g.Subscription(topic); s != nil {
			return &s.SubscriptionData
		}
	}
	return nil
}

// forbiddenAnswer answers 353. Java: GroupForbidden.
type forbiddenAnswer struct {
	Group    string `json:"group"`
	Readable bool   `json:"readable"`
	Topic    string `json:"topic"`
}

func (b *Broker) groupForbidden(ctx *remoting.Context, h *wire.GroupForbiddenHeader) {
	if h.Readable != "" {
		if err := b.forbid(h); err != nil {
			fail(ctx, err)
			return
		}
		b.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("topic", h.Topic).Str("group", h.Group).
			Str("readable", h.Readable).Msg("permission of a group to read a topic changed")
	}
	respondJSON(ctx, forbiddenAnswer{Group: h.Group, Readable: !b.groups.ReadForbidden(h.Group, h.Topic), Topic: h.Topic})
}

func (b *Broker) forbid(h *wire.GroupForbiddenHeader) error {
	if err := compat.ValidateGroup(h.Group); err != nil {
		return err
	}
	if err := compat.ValidateTopic(h.Topic); err != nil {
		return err
	}
	return b.groups.SetReadForbidden(h.Group, h.Topic, !strings.EqualFold(h.Readable, "true"))
}
