package service

import (
	"testing"

	"gorocket/remoting/protocol"
)

// A priority is the queue of the message, whatever the producer chose and the topic's type; what is delayed, in order
// or of a transaction has none.
func TestPriorityIsTheQueue(t *testing.T) {
	const priority = protocol.PropPriority + "\x01"
	r := newRig(t)
	for _, c := range []struct {
		props string
		queue int32
		kept  string
	}{{priority + "2\x02", 2, "2"}, {priority + "9\x02", 3, "9"}, {priority + "0\x02", 0, "0"},
		{priority + "-1\x02", 1, "-1"}, {priority + "x\x02", 1, "x"},
		{priority + "2\x02" + protocol.PropShardingKey + "\x01k\x02", 1, "-"}} {
		m := r.send("P", c.props, "body", to(1))
		if m.QueueID != c.queue {
			t.Errorf("%q goes to queue %d, want %d", c.props, m.QueueID, c.queue)
		}
		has(t, r.at("P", c.queue, m.QueueOffset), protocol.PropPriority, c.kept)
	}
}
