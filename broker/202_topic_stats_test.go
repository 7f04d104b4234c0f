package broker

import (
	"fmt"
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// TestTopicStats: first and last offset and the last store time of each queue.
func TestTopicStats(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for i := range 3 {
		r.send("T", "", fmt.Sprint(i))
	}
	r.ask(wire.ReqGetTopicStatsInfo, "topic=none", "").is(t, 17, "topic[none] not exist")
	r.ask(wire.ReqGetTopicStatsInfo, "", "").is(t, 1, "")
	a := r.ask(wire.ReqGetTopicStatsInfo, "topic=T", "").is(t, 0, "").has(t,
		fmt.Sprintf(`{"brokerName":"broker-a","queueId":0,"topic":"T"}:{"lastUpdateTimestamp":%d,"maxOffset":3,"minOffset":0}`, r.record("T", 0, 2).StoreTimestamp),
		`{"brokerName":"broker-a","queueId":3,"topic":"T"}:{"lastUpdateTimestamp":0,"maxOffset":0,"minOffset":0}`)
	if n := strings.Count(a.body, `"queueId"`); n != 4 {
		t.Errorf("%d queues", n)
	}
}
