package broker

import (
	"gorocket/broker/static"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
)

// toLeader points a send to the physical queue of its logic queue; without a queue it chooses one that this broker
// leads. False after it answered. Java: TopicQueueMappingManager.rewriteRequestForStaticTopic.
func (b *Broker) toLeader(ctx *remoting.Context, s *sendState, d *protocol.TopicQueueMappingDetail) bool {
	id := s.head.QueueID
	if id < 0 {
		id = static.AnyLed(d, id)
	}
	q := static.QueueOf(d, id)
	if !q.Leads() {
		q.NotLeader(&ctx.Replier)
		return false
	}
	s.leader, s.logicID = q.Leader(), id
	s.head.QueueID = int32(s.leader.QueueID)
	return true
}
