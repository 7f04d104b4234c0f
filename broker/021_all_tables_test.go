package broker

import (
	"fmt"
	"testing"

	"gorocket/broker/delay"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// TestAllTables: what slaves copy is what the tables hold.
func TestAllTables(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	r.send("T", "DELAY\x011\x02", "delayed")
	r.pull("g", "T", 0, "*", 0)
	r.commit("g", "T", 2, 7)
	r.await("T", 2)
	topics := r.ask(wire.ReqGetAllTopicConfig, "", "").is(t, 0, "")
	var w protocol.TopicConfigAndMappingSerializeWrapper
	if err := compat.Unmarshal([]byte(topics.body), &w); err != nil || w.TopicConfigTable["T"] == nil ||
		w.TopicConfigTable["T"].ReadQueueNums != 4 {
		t.Errorf("topics: %v %v", err, w.TopicConfigTable["T"])
	}
	if v, all := r.b.topics.Snapshot(); topics.ext["totalTopicNum"] != fmt.Sprint(len(all)) ||
		len(w.TopicConfigTable) != len(all) || w.DataVersion != v {
		t.Errorf("%v topics of %d, version %+v of %+v", topics.ext, len(all), w.DataVersion, v)
	}
	groups := r.ask(wire.ReqGetAllSubscriptiongroupConfig, "", "").is(t, 0, "").has(t, `"g":{`, `"TOOLS_CONSUMER":{`)
	if want := fmt.Sprint(len(meta.SystemGroups) + 1); groups.ext["totalGroupNum"] != want {
		t.Errorf("%v groups, want %s", groups.ext, want)
	}
	r.ask(wire.ReqGetAllConsumerOffset, "", "").is(t, 0, "").has(t, `"T@g":{2:7}`)
	r.ask(wire.ReqGetAllDelayOffset, "", "").is(t, 0, "").has(t, `"offsetTable"`)
	var d delay.Offsets
	if err := compat.Unmarshal([]byte(r.ask(wire.ReqGetAllDelayOffset, "", "").body), &d); err != nil ||
		d.OffsetTable[1] != 1 {
		t.Errorf("delay offsets: %v %v", err, d)
	}
}
