package broker

// QUERY_CONSUME_QUEUE (321): entries of a consume queue, for mqadmin queryCq. Java: AdminBrokerProcessor.queryConsumeQueue.

import (
	"fmt"

	"gorocket/remoting"
)

func (b *Broker) queryConsumeQueueEntries() []remoting.Entry {
	return []remoting.Entry{{Code: remoting.ReqQueryConsumeQueue, Mode: remoting.Blocking, Handle: with(remoting.QueryConsumeQueueRequest, b.queryConsumeQueue)}}
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
	FilterData       string             `json:"filterData,omitempty"`
	MaxQueueIndex    int64              `json:"maxQueueIndex"`
	MinQueueIndex    int64              `json:"minQueueIndex"`
	QueueData        []consumeQueueData `json:"queueData"`
	SubscriptionData *subscriptionData  `json:"subscriptionData,omitempty"`
}

// maxQueueData bounds an answer of 321: Java has no limit.
const maxQueueData = 10_000

func (b *Broker) queryConsumeQueue(ctx *remoting.Context, h *remoting.ConsumeQueueRequestHeader) {
	end := b.store.MaxOffset(h.Topic, h.QueueID)
	if end == 0 && b.topics.get(h.Topic) == nil {
		ctx.Status(remoting.SystemError, fmt.Sprintf("%d@%s is not exist!", h.QueueID, h.Topic))
		return
	}
	a := consumeQueueAnswer{MaxQueueIndex: end, MinQueueIndex: b.store.MinOffset(h.Topic, h.QueueID)}
	if h.ConsumerGroup != "" {
		if a.SubscriptionData = b.liveSubscription(h.ConsumerGroup, h.Topic); a.SubscriptionData == nil {
			a.FilterData = h.ConsumerGroup + "@" + h.Topic + " is not online!"
		} else {
			a.FilterData = "null"
		}
	}
	if h.Index < a.MinQueueIndex || h.Index >= end {
		ctx.Status(remoting.Success, fmt.Sprintf("Index %d of %d@%s is not exist!", h.Index, h.QueueID, h.Topic))
		return
	}
	a.QueueData = []consumeQueueData{}
	for at := h.Index; at < min(end, h.Index+min(int64(h.Count), maxQueueData)); at++ {
		offset, size, tags, ok := b.store.OffsetInQueue(h.Topic, h.QueueID, at)
		if !ok {
			break
		}
		a.QueueData = append(a.QueueData, consumeQueueData{PhysicOffset: offset, PhysicSize: size, TagsCode: tags})
	}
	respondJSON(ctx, a)
}
