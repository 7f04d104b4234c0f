package pop

import (
	"fmt"

	"gorocket/broker/service"
	"gorocket/remoting/protocol"
)

func refuse(why service.Reason, text string) error { return &service.Refusal{Reason: why, Text: text} }

func noTopic(topic string) error {
	return refuse(service.NoTopic, "topic["+topic+"] not exist, apply first please! "+service.FAQ)
}

// lateness is by how much a request may miss its own time, ms. Java: PopMessageRequestHeader.isTimeoutTooMuch.
const lateness = 500

// check looks at a pop in Java's order.
func (s *Service) check(p *Pop) error {
	c := s.cfg()
	switch {
	case p.now-p.Born-p.PollTime > lateness:
		return refuse(service.TooLate, "the broker["+c.BrokerIP1+"] pop message is timeout too much")
	case c.BrokerPermission&protocol.PermRead == 0:
		return refuse(service.NotPermitted, "the broker["+c.BrokerIP1+"] pop message is forbidden")
	case p.MaxCount > MaxMessages:
		return refuse(service.BadArgument, fmt.Sprintf("the broker[%s] pop message's num is greater than %d", c.BrokerIP1,
			MaxMessages))
	case s.timers == nil || !c.TimerWheelEnable:
		return refuse(service.Failed, "the broker["+c.BrokerIP1+
			"] pop message is forbidden because timerWheelEnable is false")
	}
	return s.checkReader(&p.Reader)
}

// Reader is who asks for messages, and of which queue: all of them when QueueID is negative.
type Reader struct {
	Group, Topic string
	QueueID      int32
	Peer         string // ip:port, for texts

	topic *protocol.TopicConfig
}

// checkReader looks at topic, queue and group in Java's order; the group is made where that is allowed.
func (s *Service) checkReader(r *Reader) error {
	if r.topic = s.d.Topics.Get(r.Topic); r.topic == nil {
		return noTopic(r.Topic)
	}
	if r.topic.Perm&protocol.PermRead == 0 {
		return refuse(service.NotPermitted, "the topic["+r.Topic+"] peeking message is forbidden")
	}
	if int(r.QueueID) >= r.topic.ReadQueueNums {
		return refuse(service.BadArgument, badQueue(r))
	}
	g := s.d.Groups.Find(r.Group)
	if g == nil {
		return refuse(service.NoGroup, "subscription group ["+r.Group+"] does not exist, "+service.FAQ)
	}
	if !g.ConsumeEnable {
		return refuse(service.NotPermitted, "subscription group no permission, "+r.Group)
	}
	return nil
}

func badQueue(r *Reader) string {
	return fmt.Sprintf("queueId[%d] is illegal, topic:[%s] topicConfig.readQueueNums:[%d] consumer:[/%s]", r.QueueID,
		r.Topic, r.topic.ReadQueueNums, r.Peer)
}
