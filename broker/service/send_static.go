package service

import (
	"gorocket/broker/static"
	"gorocket/remoting/protocol"
)

// toLeader points a send to the physical queue of its logic queue; without a queue it chooses one that this broker
// leads. Java: TopicQueueMappingManager.rewriteRequestForStaticTopic.
func (m *Send) toLeader(d *protocol.TopicQueueMappingDetail) error {
	id := m.Record.QueueID
	if id < 0 {
		id = static.AnyLed(d, id)
	}
	q := static.QueueOf(d, id)
	if !q.Leads() {
		return refuse(NotLeader, q.NotLeaderText())
	}
	m.leader, m.logicID = q.Leader(), id
	m.Record.QueueID = int32(m.leader.QueueID)
	return nil
}

// toLogical makes the answer name the logic queue. The offset of a half message stays: END_TRANSACTION has to repeat
// it, and it belongs to the queue of half messages. (Java rewrites it, and refuses the end of the transaction when the
// piece does not begin at 0.)
func (m *Send) toLogical() {
	m.QueueID = m.logicID
	if !m.props.tran {
		m.QueueOffset = m.leader.LogicalLoosely(m.QueueOffset)
	}
}
