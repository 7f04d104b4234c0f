package pop

import (
	"math/rand/v2"

	"gorocket/broker/service"
	"gorocket/remoting/protocol"
	"gorocket/store"
)

func mayRead(perm int) bool { return perm&protocol.PermRead != 0 }

func notPeeking(ip string) error {
	return refuse(service.NotPermitted, "the broker["+ip+"] peeking message is forbidden")
}

// maxPeeked is how many messages are shown at most; Java knows no limit.
const maxPeeked = 1024

// Peek shows messages without handing them out: p.Count is 0 when there is none. It may read files. The caller calls
// Release in either case. Errors are *service.Refusal. Java: PeekMessageProcessor.
func (s *Service) Peek(p *Pop) error {
	p.begin(s.now())
	p.MaxCount = min(p.MaxCount, maxPeeked)
	c := s.cfg()
	if !mayRead(c.BrokerPermission) {
		return notPeeking(c.BrokerIP1)
	}
	if err := s.checkReader(&p.Reader); err != nil {
		return err
	}
	dice := rand.IntN(100)
	retry := s.d.Topics.Get(RetryTopic(p.Topic, p.Group, c.EnableRetryTopicV2))
	if dice%5 == 0 {
		s.peekTopic(p, retry, dice)
	}
	if p.QueueID >= 0 {
		s.peekQueue(p, p.Topic, p.QueueID)
	} else {
		s.peekTopic(p, p.topic, dice)
	}
	if dice%5 != 0 && p.left() > 0 {
		s.peekTopic(p, retry, dice)
	}
	return nil
}

func (s *Service) peekTopic(p *Pop, t *protocol.TopicConfig, dice int) {
	if t == nil {
		return
	}
	for i := range t.ReadQueueNums {
		s.peekQueue(p, t.TopicName, int32((dice+i)%t.ReadQueueNums))
	}
}

func (s *Service) peekQueue(p *Pop, topic string, queue int32) {
	offset := s.peekAt(topic, p.Group, queue)
	p.Rest += max(0, s.store.MaxOffset(topic, queue)-offset)
	if p.left() <= 0 {
		return
	}
	res := p.result()
	p.query = store.GetQuery{Topic: topic, QueueID: queue, Offset: offset, MaxCount: p.left()}
	s.store.Get(&p.query, res)
	if res.Status == store.OffsetTooSmall || res.Status == store.OffsetOverflowBadly {
		p.query.Offset = res.NextBeginOffset
		s.store.Get(&p.query, res)
	}
	p.Parts = append(p.Parts, res.Slices...)
	p.Ranges = append(p.Ranges, res.Ranges...)
	p.Count += len(res.QueueOffsets)
}
