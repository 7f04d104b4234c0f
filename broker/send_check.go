package broker

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"gorocket/broker/meta"
	"gorocket/broker/stats"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// topicForSend checks a send and returns its topic, creating it where that is allowed; nil after it answered or asked
// for a worker. Java: SendMessageProcessor.preSend, AbstractSendMessageProcessor.msgCheck.
func (b *Broker) topicForSend(ctx *remoting.Context, h *wire.SendMessageRequestHeader) *meta.Topic {
	topic := b.topics.Find(h.Topic)
	if b.cfg().StartAcceptSendRequestTime > 0 && ctx.Received < b.cfg().StartAcceptSendRequestTime {
		b.sendFail(ctx, wire.SystemError, fmt.Sprintf("broker unable to service, until %d",
			b.cfg().StartAcceptSendRequestTime))
		return nil
	}
	if b.cfg().BrokerPermission&protocol.PermWrite == 0 && topic != nil && topic.Order {
		b.sendFail(ctx, wire.NoPermission, "the broker["+b.cfg().BrokerIP1+"] sending message is forbidden")
		return nil
	}
	if topic == nil || b.topics.Light && meta.IsLight(h.Topic) { // any light queue exists, whatever its name
		if err := compat.ValidateTopic(h.Topic); err != nil {
			b.sendFail(ctx, wire.InvalidParameter, err.Error())
			return nil
		}
	}
	if compat.IsSendForbidden(h.Topic) {
		b.sendFail(ctx, wire.NoPermission, "Sending message to topic["+h.Topic+"] is forbidden.")
		return nil
	}
	if topic == nil {
		if topic = b.createForSend(ctx, h); topic == nil {
			return nil
		}
	}
	if valid := max(topic.WriteQueueNums, topic.ReadQueueNums); int(h.QueueID) >= valid {
		b.sendFail(ctx, wire.InvalidParameter, fmt.Sprintf("request queueId[%d] is illegal, %s Producer: %s", h.QueueID,
			meta.DescribeTopic(&topic.TopicConfig), ctx.Conn().RemoteAddr()))
		return nil
	}
	return topic
}

// createForSend creates the topic of a first send, on a worker. nil when it answered, or when the send comes again:
// once the topic is in topics.json and the NameServers know it.
func (b *Broker) createForSend(ctx *remoting.Context, h *wire.SendMessageRequestHeader) *meta.Topic {
	if ctx.OnLoop() {
		ctx.Offload()
		return nil
	}
	retry := strings.HasPrefix(h.Topic, compat.RetryTopicPrefix)
	sysFlag := 0
	if h.UnitMode {
		sysFlag = protocol.TopicFlagUnit
		if retry {
			sysFlag = protocol.TopicFlagUnitSub
		}
	}
	name := strings.Clone(h.Topic)
	topic, why := b.topics.CreateByDefault(name, h.DefaultTopic, int(h.DefaultTopicQueueNums), sysFlag,
		b.cfg().AutoCreateTopicEnable)
	if topic == nil && retry {
		if why = ""; b.topics.Full() == nil {
			topic = b.topics.Ensure(name, 1, false, sysFlag)
		}
	}
	if topic == nil {
		b.sendFail(ctx, wire.TopicNotExist, "topic["+h.Topic+"] not exist, apply first please!"+faqSuffix)
		return nil
	}
	b.log.Info().Str("topic", name).Str("defaultTopic", h.DefaultTopic).Int("queues", topic.WriteQueueNums).
		Str("peer", ctx.Conn().RemoteAddr()).Str("note", why).
		Msg("topic created by a send")
	if b.comesAgain(ctx) {
		return nil
	}
	if e := b.topics.Find(name); e != nil {
		return e
	}
	return &meta.Topic{TopicConfig: *topic, Traffic: new(stats.TopicTraffic)} // deleted meanwhile
}

// comesAgain lets a send wait for topics.json and the NameServers without a worker; false when it has to go on at once.
// Without the file a kill would leave messages in the log whose topic nobody knows.
func (b *Broker) comesAgain(ctx *remoting.Context) bool {
	saved := b.persist.Soon()
	if saved == nil && !b.register.Unsettled() {
		return false
	}
	d := ctx.Detach()
	if d == nil {
		return false
	}
	waits := b.tryAside(&ctx.Replier, func(*remoting.Replier) {
		b.awaitSaved(saved)
		b.register.Settled()
		d.Resume()
	})
	if !waits {
		d.Drop()
	}
	return waits
}

// awaitSaved waits for what soon returned, for saveWait at most: a disk that hangs is no reason not to answer.
func (b *Broker) awaitSaved(saved <-chan struct{}) {
	if saved == nil {
		return
	}
	limit := time.NewTimer(saveWait)
	defer limit.Stop()
	select {
	case <-saved:
	case <-limit.C:
	case <-b.stop:
	}
}

// saveWait bounds how long a first send waits for topics.json.
const saveWait = time.Second

// dlqQueues is the number of queues of a dead letter topic. Java: DLQ_NUMS_PER_GROUP.
const dlqQueues = 1

// retryOrDeadLetter handles a direct send to a retry topic, the client's own resend of a failed consume: too many
// attempts, or an order lock of the group, lead to the dead letters. False after it answered. Java:
// SendMessageProcessor.handleRetryAndDLQ.
func (b *Broker) retryOrDeadLetter(ctx *remoting.Context, s *sendState) bool {
	r := &s.record
	group := retryGroup(r.Topic)
	g := b.groups.Find(group)
	if g == nil {
		b.sendFail(ctx, wire.SubscriptionGroupNotExist, "subscription group not exist, "+group+" "+faqSuffix)
		return false
	}
	limit := int32(g.RetryMaxTimes)
	if ctx.Req.Version >= compat.VersionV3_4_9 && s.head.MaxReconsumeTimes != -1 {
		limit = s.head.MaxReconsumeTimes
	}
	if r.ReconsumeTimes <= limit && !b.locks.AnyLive(group) {
		return true
	}
	b.deadLetters.Count(group, r.Topic)
	r.Topic = compat.DLQTopicPrefix + group
	b.topics.Ensure(r.Topic, dlqQueues, false, 0)
	r.QueueID = rand.Int32N(dlqQueues)
	s.props.set(record.PropDelay, "-1")
	s.props.delay = 0
	return true
}

// retryGroup takes the group out of a retry topic's name. Java: KeyBuilder.parseGroup (V2 names end with +topic).
func retryGroup(topic string) string {
	group := strings.TrimPrefix(topic, compat.RetryTopicPrefix)
	group, _, _ = strings.Cut(group, "+")
	return group
}
