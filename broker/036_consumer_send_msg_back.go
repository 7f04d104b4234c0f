package broker

// CONSUMER_SEND_MSG_BACK (36): a consumer failed on a message and wants it later. Java:
// AbstractSendMessageProcessor.consumerSendMsgBack.
//
// Quirks kept: the limit is compared with >= here and with > for direct sends to the retry topic; retryQueueNums <= 0
// answers success and drops the message; the copy never waits for the disk (WAIT=false).

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

func (b *Broker) sendBackEntries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqConsumerSendMsgBack, Mode: remoting.Pooled,
		Handle: with(wire.ConsumerSendMsgBackRequest, b.sendBack)}}
}

func (b *Broker) sendBack(ctx *remoting.Context, h *wire.ConsumerSendMsgBackRequestHeader) {
	g := b.groups.Find(h.Group)
	if g == nil {
		ctx.Status(wire.SubscriptionGroupNotExist, "subscription group not exist, "+h.Group+" "+faqSuffix)
		return
	}
	if b.cfg().BrokerPermission&protocol.PermWrite == 0 {
		ctx.Status(wire.NoPermission, "the broker["+b.cfg().BrokerIP1+"] sending message is forbidden")
		return
	}
	if g.RetryQueueNums <= 0 {
		ctx.Status(wire.Success, "")
		return
	}
	sysFlag := 0
	if h.UnitMode {
		sysFlag = protocol.TopicFlagUnitSub
	}
	retry := b.topics.Ensure(compat.RetryTopicPrefix+h.Group, g.RetryQueueNums, false, sysFlag)
	if retry.Perm&protocol.PermWrite == 0 {
		ctx.Status(wire.NoPermission, "the topic["+retry.TopicName+"] sending message is forbidden")
		return
	}
	rec, err := b.store.ReadRecord(h.Offset, nil)
	if err != nil {
		ctx.Status(wire.SystemError, fmt.Sprintf("look message by offset failed, %d", h.Offset))
		return
	}
	m, err := record.Decode(rec)
	if err != nil {
		fail(ctx, err)
		return
	}
	b.storeAgain(ctx, h, g, &m)
}

// storeAgain puts the message into the retry topic after a delay, or into the dead letters.
func (b *Broker) storeAgain(ctx *remoting.Context, h *wire.ConsumerSendMsgBackRequestHeader,
	g *protocol.SubscriptionGroupConfig, m *record.View) {
	limit := int32(g.RetryMaxTimes)
	if ctx.Req.Version >= compat.VersionV3_4_9 && h.MaxReconsumeTimes != -1 {
		limit = h.MaxReconsumeTimes
	}
	tags, _ := m.Property(record.PropTags)
	r := store.Record{
		Message: record.Message{
			Topic: compat.RetryTopicPrefix + h.Group, QueueID: rand.Int32N(int32(g.RetryQueueNums)),
			Flag: m.Flag, SysFlag: m.SysFlag, BornTimestamp: m.BornTimestamp, BornHost: m.BornHost,
			StoreHost: b.storeHost, ReconsumeTimes: m.ReconsumeTimes + 1, Body: m.Body,
		},
		TagsCode: record.TagsCode(tags),
	}
	level := h.DelayLevel
	switch {
	case m.ReconsumeTimes >= limit || level < 0:
		b.deadLetters.Count(h.Group, originTopic(m))
		r.Topic, r.QueueID = compat.DLQTopicPrefix+h.Group, rand.Int32N(dlqQueues)
		b.topics.Ensure(r.Topic, dlqQueues, false, 0)
		level = 0
	case level == 0:
		level = 3 + m.ReconsumeTimes
	}
	props := b.sendBackProperties(m, level)
	if level > 0 {
		level = min(level, b.schedule.Max())
		p := sendProps{text: props, delay: level}
		p.parkForLevel(r.Topic, r.QueueID, level)
		props = p.text
		r.Topic, r.QueueID = dispatch.ScheduleTopic, level-1
	}
	r.Properties = props
	if _, err := b.store.Append(&r); err != nil {
		b.sendBackFailed(ctx, err)
		return
	}
	ctx.Status(wire.Success, "")
}

// originTopic is the topic that a message was sent to first.
func originTopic(m *record.View) string {
	if t, ok := m.Property(protocol.PropRetryTopic); ok {
		return string(t)
	}
	return string(m.Topic)
}

// sendBackProperties are the message's own with the retry marks.
func (b *Broker) sendBackProperties(m *record.View, level int32) []byte {
	p := m.Properties
	if _, ok := m.Property(protocol.PropRetryTopic); !ok {
		p = record.SetProperty(nil, p, protocol.PropRetryTopic, string(m.Topic))
	}
	if id, ok := m.Property(protocol.PropOriginID); !ok || len(id) == 0 {
		p = record.SetProperty(nil, p, protocol.PropOriginID, string(m.AppendMessageID(nil)))
	}
	p = record.SetProperty(nil, p, record.PropWait, "false")
	return record.SetProperty(nil, p, record.PropDelay, strconv.Itoa(int(min(level, b.schedule.Max()))))
}

func (b *Broker) sendBackFailed(ctx *remoting.Context, err error) {
	ctx.Status(wire.SystemError, "putMessageResult is not OK: "+err.Error())
}
