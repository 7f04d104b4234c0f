package service

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"gorocket/broker/meta"
	"gorocket/broker/stats"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store/record"
)

// topicFor checks a send and returns its topic, making it where that is allowed. Java: SendMessageProcessor.preSend,
// AbstractSendMessageProcessor.msgCheck.
func (s *Sender) topicFor(m *Send) (*meta.Topic, error) {
	r, c := &m.Record, s.cfg()
	topic := s.Topics.Find(r.Topic)
	if c.StartAcceptSendRequestTime > 0 && m.Received < c.StartAcceptSendRequestTime {
		return nil, refuse(NotYet, fmt.Sprintf("broker unable to service, until %d", c.StartAcceptSendRequestTime))
	}
	if c.BrokerPermission&protocol.PermWrite == 0 && topic != nil && topic.Order {
		return nil, refuse(NotPermitted, "the broker["+c.BrokerIP1+"] sending message is forbidden")
	}
	if topic == nil || s.Topics.Light && meta.IsLight(r.Topic) { // any light queue exists, whatever its name
		if err := compat.ValidateTopic(r.Topic); err != nil {
			return nil, refuse(BadArgument, err.Error())
		}
	}
	if compat.IsSendForbidden(r.Topic) {
		return nil, refuse(NotPermitted, "Sending message to topic["+r.Topic+"] is forbidden.")
	}
	if topic == nil {
		var err error
		if topic, err = s.makeTopic(m); err != nil {
			return nil, err
		}
	}
	if valid := max(topic.WriteQueueNums, topic.ReadQueueNums); int(r.QueueID) >= valid {
		return nil, refuse(BadArgument, fmt.Sprintf("request queueId[%d] is illegal, %s Producer: %s", r.QueueID,
			meta.DescribeTopic(&topic.TopicConfig), r.BornHost))
	}
	return topic, nil
}

// makeTopic makes the topic of a first send, where waiting is allowed.
func (s *Sender) makeTopic(m *Send) (*meta.Topic, error) {
	if m.NoWait {
		return nil, ErrWouldWait
	}
	r := &m.Record
	retry := strings.HasPrefix(r.Topic, compat.RetryTopicPrefix)
	sysFlag := 0
	if m.Unit {
		sysFlag = protocol.TopicFlagUnit
		if retry {
			sysFlag = protocol.TopicFlagUnitSub
		}
	}
	name := strings.Clone(r.Topic)
	topic, why := s.Topics.CreateByDefault(name, m.DefaultTopic, int(m.DefaultQueues), sysFlag,
		s.cfg().AutoCreateTopicEnable)
	if topic == nil && retry {
		if why = ""; s.Topics.Full() == nil {
			topic = s.Topics.Ensure(name, 1, false, sysFlag)
		}
	}
	if topic == nil {
		return nil, refuse(NoTopic, "topic["+r.Topic+"] not exist, apply first please!"+FAQ)
	}
	s.Log.Info().Str("topic", name).Str("defaultTopic", m.DefaultTopic).Int("queues", topic.WriteQueueNums).
		Str("peer", r.BornHost.String()).Str("note", why).
		Msg("topic created by a send")
	if !m.TopicMade {
		return nil, ErrNewTopic
	}
	if e := s.Topics.Find(name); e != nil {
		return e, nil
	}
	return &meta.Topic{TopicConfig: *topic, Traffic: new(stats.TopicTraffic)}, nil // deleted meanwhile
}

// dlqQueues is the number of queues of a dead letter topic. Java: DLQ_NUMS_PER_GROUP.
const dlqQueues = 1

// retryOrDeadLetter handles a direct send to a retry topic, the client's own resend of a failed consume: too many
// attempts, or an order lock of the group, lead to the dead letters. Java: SendMessageProcessor.handleRetryAndDLQ.
func (s *Sender) retryOrDeadLetter(m *Send) error {
	r := &m.Record
	group := retryGroup(r.Topic)
	g := s.Groups.Find(group)
	if g == nil {
		return refuse(NoGroup, "subscription group not exist, "+group+" "+FAQ)
	}
	limit := int32(g.RetryMaxTimes)
	if m.MaxReconsume != -1 {
		limit = m.MaxReconsume
	}
	if r.ReconsumeTimes <= limit && !s.Locks.AnyLive(group) {
		return nil
	}
	s.DeadLetters.Count(group, r.Topic)
	r.Topic = compat.DLQTopicPrefix + group
	s.Topics.Ensure(r.Topic, dlqQueues, false, 0)
	r.QueueID = rand.Int32N(dlqQueues)
	m.props.set(record.PropDelay, "-1")
	m.props.delay = 0
	return nil
}

// retryGroup takes the group out of a retry topic's name. Java: KeyBuilder.parseGroup (V2 names end with +topic).
func retryGroup(topic string) string {
	group := strings.TrimPrefix(topic, compat.RetryTopicPrefix)
	group, _, _ = strings.Cut(group, "+")
	return group
}
