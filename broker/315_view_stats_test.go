package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/remoting/wire"
)

// TestViewStats: what topics got and groups were handed in the last minute, under Java's names; what nobody counted is
// an error in Java's words.
func TestViewStats(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	view := func(name, key string) answer {
		return r.ask(wire.ReqViewBrokerStatsData, fmt.Sprintf("statsName=%s&statsKey=%s", name, key), "")
	}
	view("TOPIC_PUT_NUMS", "T").is(t, wire.SystemError, "The stats <TOPIC_PUT_NUMS> <T> not exist")
	view("NOTHING", "T").is(t, wire.SystemError, "The stats <NOTHING> <T> not exist")
	r.ask(wire.ReqViewBrokerStatsData, "statsName=NOTHING", "").is(t, wire.SystemError,
		"The stats <NOTHING> <null> not exist")
	for range 3 {
		r.send("T", "", "x")
	}
	if a := view("TOPIC_PUT_NUMS", "T").is(t, wire.Success, ""); !strings.Contains(a.body, `"statsMinute":{"avgpt":0.0,"sum":0,"tps":0.0}`) {
		t.Errorf("before the first sampling: %s", a.body)
	}
	r.join("g", "T")
	r.pull("g", "T", 0, "*", 0)
	r.b.counters().sample(time.Now())
	for key, want := range map[string]int64{"TOPIC_PUT_NUMS T": 3, "GROUP_GET_NUMS T@g": 1, "BROKER_PUT_NUMS DefaultCluster": 3,
		"BROKER_GET_NUMS DefaultCluster": 1} {
		name, of, _ := strings.Cut(key, " ")
		a := view(name, of).is(t, wire.Success, "")
		var d statsData
		if err := compat.Unmarshal([]byte(a.body), &d); err != nil || d.StatsMinute.Sum < want || d.StatsMinute.TPS <= 0 {
			t.Errorf("%s: %v %s", key, err, a.body)
		}
	}
	for _, key := range []string{"TOPIC_PUT_SIZE T", "GROUP_GET_SIZE T@g"} {
		name, of, _ := strings.Cut(key, " ")
		var d statsData
		a := view(name, of).is(t, wire.Success, "")
		if err := compat.Unmarshal([]byte(a.body), &d); err != nil || d.StatsMinute.Sum < 100 || d.StatsMinute.AvgPT < 50 {
			t.Errorf("%s: %v %s", key, err, a.body)
		}
	}
	if a := r.ask(wire.ReqGetTopicStatsInfo, "topic=T", ""); !strings.Contains(a.body, `"topicPutTps":0.3`) {
		t.Errorf("no rate in %s", a.body)
	}
	if a := r.ask(wire.ReqGetConsumeStats, "consumerGroup=g&topic=T", ""); !strings.Contains(a.body, `"consumeTps":0.`) {
		t.Errorf("no rate in %s", a.body)
	}
}
