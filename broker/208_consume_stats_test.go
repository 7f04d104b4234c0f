package broker

import (
	"fmt"
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// TestConsumeStats: progress on each queue of each topic with offsets; a live group is asked about its topics only.
func TestConsumeStats(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for i := range 3 {
		r.send("T", "", fmt.Sprint(i))
	}
	r.send("Other", "", "x")
	r.pull("g", "T", 0, "*", 0)
	r.commit("g", "T", 0, 2)
	r.commit("g", "Other", 0, 1)
	stats := func(more string) answer {
		return r.ask(wire.ReqGetConsumeStats, "consumerGroup=g"+more, "").is(t, 0, "")
	}
	queue0 := fmt.Sprintf(`"queueId":0,"topic":"T"}:{"brokerOffset":3,"consumerOffset":2,"lastTimestamp":%d,"pullOffset":3}`, r.record("T", 0, 1).StoreTimestamp)
	a := stats("").has(t, queue0, `"topic":"Other"}:{"brokerOffset":1,"consumerOffset":1`)
	if n := strings.Count(a.body, `"queueId"`); n != 8 {
		t.Errorf("%d queues: %s", n, a.body)
	}
	if n := strings.Count(stats("&topic=T").has(t, queue0).body, `"queueId"`); n != 4 {
		t.Errorf("%d queues of one topic", n)
	}
	r.ask(wire.ReqHeartBeat, "", beatBody("c1", "g", "T", 0, false)).is(t, 0, "")
	if a := stats(""); strings.Contains(a.body, "Other") || !strings.Contains(a.body, queue0) {
		t.Errorf("a live group: %s", a.body)
	}
	stats("&topic=none").same(t, `{"consumeTps":0.0,"offsetTable":{}}`)
	r.ask(wire.ReqGetConsumeStats, "", "").is(t, 1, "")
}
