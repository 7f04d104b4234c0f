package broker

import (
	"fmt"
	"testing"

	"gorocket/compat"
	"gorocket/remoting/wire"
)

// TestQueryConsumeQueue: entries from a place on, and what is said of places and queues that are not there.
func TestQueryConsumeQueue(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for i := range 4 {
		r.send("T", "TAGS\x01A\x02", fmt.Sprint(i))
	}
	query := func(topic string, index, count int, group string) answer {
		return r.ask(wire.ReqQueryConsumeQueue, fmt.Sprintf("topic=%s&queueId=0&index=%d&count=%d&consumerGroup=%s", topic,
			index, count, group), "")
	}
	query("none", 0, 1, "").is(t, 1, "0@none is not exist!")
	query("T", 4, 1, "").is(t, 0, "Index 4 of 0@T is not exist!").same(t, "")
	query("T", -1, 1, "").is(t, 0, "Index -1 of 0@T is not exist!")
	var a consumeQueueAnswer
	for _, c := range []struct{ index, count, want int }{{0, 2, 2}, {3, 10, 1}, {1, 0, 0}} {
		if err := compat.Unmarshal([]byte(query("T", c.index, c.count, "").is(t, 0, "").body), &a); err != nil ||
			len(a.QueueData) != c.want {
			t.Errorf("%+v: %d entries, %v", c, len(a.QueueData), err)
		}
		if a.MaxQueueIndex != 4 || a.MinQueueIndex != 0 {
			t.Errorf("%+v: %d to %d", c, a.MinQueueIndex, a.MaxQueueIndex)
		}
		for i, d := range a.QueueData {
			m := r.record("T", 0, int64(c.index+i))
			if d.PhysicOffset != m.PhysicalOffset || d.PhysicSize != m.Size || d.TagsCode != int64(compat.HashCode("A")) {
				t.Errorf("entry %d: %+v", c.index+i, d)
			}
		}
	}
	query("T", 0, 1, "g").is(t, 0, "").has(t, `"filterData":"g@T is not online!"`)
}
