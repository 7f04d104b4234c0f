package service

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// Back is a message on which a consumer failed and that it wants later.
type Back struct {
	Group        string
	Offset       int64 // of the message in the commit log
	DelayLevel   int32 // negative: to the dead letters; 0: by the number of attempts
	MaxReconsume int32 // attempts before the dead letters; -1: as the group says
	Unit         bool  // UNIT_MODE of the consumer
	// Refusal tells why the consumer may not have a message of that topic, "" when it may; nil: it may have all.
	Refusal func(topic string) string
}

// SendBack stores a copy of a message for one group: in its retry topic behind a delay level, or in its dead letters.
// It may read files and wait. Errors are *Refusal. Java: AbstractSendMessageProcessor.consumerSendMsgBack.
func (s *Sender) SendBack(k *Back) error {
	g := s.Groups.Find(k.Group)
	if g == nil {
		return refuse(NoGroup, "subscription group not exist, "+k.Group+" "+FAQ)
	}
	if s.cfg().BrokerPermission&protocol.PermWrite == 0 {
		return refuse(NotPermitted, "the broker["+s.cfg().BrokerIP1+"] sending message is forbidden")
	}
	if g.RetryQueueNums <= 0 {
		return nil
	}
	sysFlag := 0
	if k.Unit {
		sysFlag = protocol.TopicFlagUnitSub
	}
	retry := s.Topics.Ensure(compat.RetryTopicPrefix+k.Group, g.RetryQueueNums, false, sysFlag)
	if retry.Perm&protocol.PermWrite == 0 {
		return refuse(NotPermitted, "the topic["+retry.TopicName+"] sending message is forbidden")
	}
	rec, err := s.store.ReadRecord(k.Offset, nil)
	if err != nil {
		return refuse(UnknownOffset, fmt.Sprintf("look message by offset failed, %d", k.Offset))
	}
	m, err := record.Decode(rec)
	if err != nil {
		return refuse(Failed, err.Error())
	}
	if k.Refusal != nil {
		if why := k.Refusal(string(m.Topic)); why != "" {
			return refuse(NotPermitted, why)
		}
	}
	return s.storeAgain(k, g, &m)
}

// storeAgain puts the message into the retry topic after a delay, or into the dead letters.
func (s *Sender) storeAgain(k *Back, g *protocol.SubscriptionGroupConfig, m *record.View) error {
	limit := int32(g.RetryMaxTimes)
	if k.MaxReconsume != -1 {
		limit = k.MaxReconsume
	}
	tags, _ := m.Property(record.PropTags)
	r := store.Record{
		Message: record.Message{
			Topic: compat.RetryTopicPrefix + k.Group, QueueID: rand.Int32N(int32(g.RetryQueueNums)),
			Flag: m.Flag, SysFlag: m.SysFlag, BornTimestamp: m.BornTimestamp, BornHost: m.BornHost,
			StoreHost: s.StoreHost, ReconsumeTimes: m.ReconsumeTimes + 1, Body: m.Body,
		},
		TagsCode: record.TagsCode(tags),
	}
	level := k.DelayLevel
	switch {
	case m.ReconsumeTimes >= limit || level < 0:
		s.DeadLetters.Count(k.Group, originTopic(m))
		r.Topic, r.QueueID = compat.DLQTopicPrefix+k.Group, rand.Int32N(dlqQueues)
		s.Topics.Ensure(r.Topic, dlqQueues, false, 0)
		level = 0
	case level == 0:
		level = 3 + m.ReconsumeTimes
	}
	props := s.retryProperties(m, level)
	if level > 0 {
		level = min(level, s.Levels.Max())
		p := properties{text: props, delay: level}
		p.parkForLevel(r.Topic, r.QueueID, level)
		props = p.text
		r.Topic, r.QueueID = dispatch.ScheduleTopic, level-1
	}
	r.Properties = props
	done, err := s.store.Append(&r)
	if err == nil {
		err = s.promised(done.End())
	}
	if err != nil {
		return refuse(Failed, "putMessageResult is not OK: "+err.Error())
	}
	return nil
}

// originTopic is the topic that a message was sent to first.
func originTopic(m *record.View) string {
	if t, ok := m.Property(protocol.PropRetryTopic); ok {
		return string(t)
	}
	return string(m.Topic)
}

// retryProperties are the message's own with the retry marks.
func (s *Sender) retryProperties(m *record.View, level int32) []byte {
	p := m.Properties
	if _, ok := m.Property(protocol.PropRetryTopic); !ok {
		p = record.SetProperty(nil, p, protocol.PropRetryTopic, string(m.Topic))
	}
	if id, ok := m.Property(protocol.PropOriginID); !ok || len(id) == 0 {
		p = record.SetProperty(nil, p, protocol.PropOriginID, string(m.AppendMessageID(nil)))
	}
	p = record.SetProperty(nil, p, record.PropWait, "false")
	return record.SetProperty(nil, p, record.PropDelay, strconv.Itoa(int(min(level, s.Levels.Max()))))
}
