package broker

// QUERY_CONSUME_QUEUE (321): entries of a consume queue, for mqadmin queryCq. Java:
// AdminBrokerProcessor.queryConsumeQueue.

import (
	"fmt"

	"gorocket/broker/clients"
	"gorocket/broker/filter"
	"gorocket/broker/meta"
	"gorocket/broker/service"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// queueEntries shows entries of a consume queue.
type queueEntries struct {
	topics    *meta.Topics
	consumers *clients.Consumers
	filters   *expressions
	puller    *service.Puller
	store     *store.Store
}

func (q *queueEntries) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqQueryConsumeQueue, Mode: remoting.Blocking,
		Handle: with(wire.QueryConsumeQueueRequest, q.queryConsumeQueue)}}
}

// consumeQueueData is one entry. Java: ConsumeQueueData.
type consumeQueueData struct {
	BitMap         string `json:"bitMap,omitempty"`
	Eval           bool   `json:"eval"`
	ExtendDataJSON string `json:"extendDataJson,omitempty"`
	Msg            string `json:"msg,omitempty"`
	PhysicOffset   int64  `json:"physicOffset"`
	PhysicSize     int32  `json:"physicSize"`
	TagsCode       int64  `json:"tagsCode"`
}

// consumeQueueAnswer answers 321. Java: QueryConsumeQueueResponseBody.
type consumeQueueAnswer struct {
	FilterData       string                    `json:"filterData,omitempty"`
	MaxQueueIndex    int64                     `json:"maxQueueIndex"`
	MinQueueIndex    int64                     `json:"minQueueIndex"`
	QueueData        []consumeQueueData        `json:"queueData"`
	SubscriptionData *clients.SubscriptionData `json:"subscriptionData,omitempty"`
}

// maxQueueData bounds an answer of 321: Java has no limit.
const maxQueueData = 10_000

func (q *queueEntries) queryConsumeQueue(ctx *remoting.Context, h *wire.ConsumeQueueRequestHeader) {
	end := q.store.MaxOffset(h.Topic, h.QueueID)
	if end == 0 && q.topics.Get(h.Topic) == nil {
		ctx.Status(wire.SystemError, fmt.Sprintf("%d@%s is not exist!", h.QueueID, h.Topic))
		return
	}
	a := consumeQueueAnswer{MaxQueueIndex: end, MinQueueIndex: q.store.MinOffset(h.Topic, h.QueueID)}
	sub, err := q.describeFilter(h, &a)
	if err != nil {
		fail(ctx, err)
		return
	}
	if h.Index < a.MinQueueIndex || h.Index >= end {
		ctx.Status(wire.Success, fmt.Sprintf("Index %d of %d@%s is not exist!", h.Index, h.QueueID, h.Topic))
		return
	}
	a.QueueData = []consumeQueueData{}
	for at := h.Index; at < min(end, h.Index+min(int64(h.Count), maxQueueData)); at++ {
		offset, size, tags, ok := q.store.OffsetInQueue(h.Topic, h.QueueID, at)
		if !ok {
			break
		}
		a.QueueData = append(a.QueueData, consumeQueueData{PhysicOffset: offset, PhysicSize: size, TagsCode: tags})
		if err := q.describeExt(h, at, sub, &a.QueueData[len(a.QueueData)-1]); err != nil {
			fail(ctx, err)
			return
		}
	}
	respondJSON(ctx, a)
}

// describeFilter says what the group of the request subscribes to; the result judges entries, nil when there is no such
// group.
func (q *queueEntries) describeFilter(h *wire.ConsumeQueueRequestHeader,
	a *consumeQueueAnswer) (s *clients.Subscription,
	err error) {
	if h.ConsumerGroup == "" {
		return nil, nil
	}
	if a.SubscriptionData = q.consumers.Subscribed(h.ConsumerGroup, h.Topic); a.SubscriptionData == nil {
		a.FilterData = h.ConsumerGroup + "@" + h.Topic + " is not online!"
		return nil, nil
	}
	data := q.filters.Get(h.Topic, h.ConsumerGroup)
	a.FilterData, err = data.JSON()
	if s = clients.NewSubscription(*a.SubscriptionData); !filter.IsTag(s.ExpressionType) {
		s = q.puller.WithExpression(s, data)
	}
	return s, err
}

// extUnit is the form of Java's CqExtUnit.
type extUnit struct {
	BitMapSize   int16  `json:"bitMapSize"`
	FilterBitMap []byte `json:"filterBitMap,omitempty"`
	MsgStoreTime int64  `json:"msgStoreTime"`
	Size         int16  `json:"size"`
	TagsCode     int64  `json:"tagsCode"`
}

// describeExt adds what the extended consume queue knows of an entry.
func (q *queueEntries) describeExt(h *wire.ConsumeQueueRequestHeader, at int64, s *clients.Subscription,
	d *consumeQueueData) error {
	u, addr, ok := q.store.ExtInQueue(h.Topic, h.QueueID, at)
	if !ok {
		if addr != 0 {
			d.Msg = fmt.Sprintf("Cq extend not exist!addr: %d", addr)
		}
		return nil
	}
	text, err := compat.Marshal(extUnit{int16(len(u.BitMap)), u.BitMap, u.StoreTimestamp, u.Size, u.TagsCode})
	d.ExtendDataJSON = string(text)
	for i := len(u.BitMap) - 1; i >= 0; i-- {
		d.BitMap += fmt.Sprintf("%08b", u.BitMap[i])
		if i%8 == 0 {
			d.BitMap += "\n" // Java: BitsArray.toString
		}
	}
	d.Eval = s != nil && s.MatchTagsCode(u.TagsCode) && s.MatchBitMap(u.StoreTimestamp, u.BitMap)
	return err
}
