package broker

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// logicQueue is the logic queue that a request names, as this broker knows it. Immutable. Java: TopicQueueMappingContext.
type logicQueue struct {
	detail *protocol.TopicQueueMappingDetail
	id     int32
	items  []protocol.LogicQueueMappingItem // oldest first; empty when the queue is not hosted here
}

func logicQueueOf(d *protocol.TopicQueueMappingDetail, id int32) logicQueue {
	return logicQueue{d, id, d.HostedQueues[int(id)]}
}

// leader returns the newest piece, nil without any.
func (q *logicQueue) leader() *protocol.LogicQueueMappingItem { return q.detail.Leader(int(q.id)) }

// leads tells whether the newest piece lies on this broker: then it answers for the whole queue.
func (q *logicQueue) leads() bool {
	l := q.leader()
	return l != nil && q.local(l)
}

// local tells whether a piece lies on this broker.
func (q *logicQueue) local(it *protocol.LogicQueueMappingItem) bool {
	return it.Bname == q.detail.Bname
}

// errNoItem is what Java runs into when no piece of a queue has its place yet.
var errNoItem = errors.New("java.lang.NullPointerException: no item of the logic queue has a logic offset")

// notLeader answers a request for a queue that this broker does not lead.
func (q *logicQueue) notLeader(r *remoting.Replier) {
	r.Status(wire.NotLeaderForQueue, fmt.Sprintf("%s-%d does not exit in request process of current broker %s", q.detail.Topic, q.id, q.detail.Bname))
}

// toLeader points a send to the physical queue of its logic queue; without a queue it chooses one that this broker leads. False after it answered.
// Java: TopicQueueMappingManager.rewriteRequestForStaticTopic.
func (b *Broker) toLeader(ctx *remoting.Context, s *sendState, d *protocol.TopicQueueMappingDetail) bool {
	id := s.head.QueueID
	if id < 0 {
		id = anyLed(d, id)
	}
	q := logicQueueOf(d, id)
	if !q.leads() {
		q.notLeader(&ctx.Replier)
		return false
	}
	s.leader, s.logicID = q.leader(), id
	s.head.QueueID = int32(s.leader.QueueID)
	return true
}

// anyLed picks one of the queues that this broker leads, none if there is none. Java takes the first that is hosted, led or not.
func anyLed(d *protocol.TopicQueueMappingDetail, none int32) int32 {
	var led []int32
	for id := range d.HostedQueues {
		if q := logicQueueOf(d, int32(id)); q.leads() {
			led = append(led, int32(id))
		}
	}
	if len(led) == 0 {
		return none
	}
	return led[rand.IntN(len(led))]
}
