package static

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// Queue is the logic queue that a request names, as this broker knows it. Immutable. Java: TopicQueueMappingContext.
type Queue struct {
	Detail *protocol.TopicQueueMappingDetail
	ID     int32
	Items  []protocol.LogicQueueMappingItem // oldest first; empty when the queue is not hosted here
}

// QueueOf is the logic queue id of a mapping, as this broker knows it.
func QueueOf(d *protocol.TopicQueueMappingDetail, id int32) Queue {
	return Queue{d, id, d.HostedQueues[int(id)]}
}

// Leader returns the newest piece, nil without any.
func (q *Queue) Leader() *protocol.LogicQueueMappingItem { return q.Detail.Leader(int(q.ID)) }

// Leads tells whether the newest piece lies on this broker: then it answers for the whole queue.
func (q *Queue) Leads() bool {
	l := q.Leader()
	return l != nil && q.Local(l)
}

// Local tells whether a piece lies on this broker.
func (q *Queue) Local(it *protocol.LogicQueueMappingItem) bool {
	return it.Bname == q.Detail.Bname
}

// ErrNoItem is what Java runs into when no piece of a queue has its place yet.
var ErrNoItem = errors.New("java.lang.NullPointerException: no item of the logic queue has a logic offset")

// NotLeader answers a request for a queue that this broker does not lead.
func (q *Queue) NotLeader(r *remoting.Replier) { r.Status(wire.NotLeaderForQueue, q.NotLeaderText()) }

// NotLeaderText says that this broker does not lead the queue, in Java's words.
func (q *Queue) NotLeaderText() string {
	return fmt.Sprintf("%s-%d does not exit in request process of current broker %s", q.Detail.Topic, q.ID,
		q.Detail.Bname)
}

// AnyLed picks one of the queues that this broker leads, none if there is none. Java takes the first that is hosted,
// led or not.
func AnyLed(d *protocol.TopicQueueMappingDetail, none int32) int32 {
	var led []int32
	for id := range d.HostedQueues {
		if q := QueueOf(d, int32(id)); q.Leads() {
			led = append(led, int32(id))
		}
	}
	if len(led) == 0 {
		return none
	}
	return led[rand.IntN(len(led))]
}
