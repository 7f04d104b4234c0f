package broker

import (
	"fmt"
	"maps"
	"slices"
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

// TestTablesByPages: pages are in the order of names, at most splitMetadataSize long, and begin anew when the version
// is not the present one; one that is left comes with the page before it; no field at all, or the switch off: all.
func TestTablesByPages(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.SplitMetadataSize = 5
	r := startRig(t, cfg)
	for i := range 10 {
		_ = r.b.topics.Update(protocol.NewTopicConfig(fmt.Sprintf("page%d", i)))
		_ = r.b.groups.Update(protocol.NewSubscriptionGroupConfig(fmt.Sprintf("page%d", i)))
	}
	v, all := r.b.topics.Snapshot()
	version, _ := compat.Marshal(v)
	names := slices.Sorted(maps.Keys(all))
	n := len(names)
	ask := func(fields string) (got []string) {
		t.Helper()
		var w protocol.TopicConfigAndMappingSerializeWrapper
		a := r.ask(wire.ReqGetAllTopicConfig, fields, "").is(t, 0, "")
		if err := compat.Unmarshal([]byte(a.body), &w); err != nil || a.ext["totalTopicNum"] != fmt.Sprint(n) ||
			w.DataVersion != v {
			t.Errorf("%s: %v, %v, %+v", fields, err, a.ext, w.DataVersion)
		}
		return slices.Sorted(maps.Keys(w.TopicConfigTable))
	}
	for fields, want := range map[string][]string{
		"":                         names,
		"topicSeq=0":               names[:5],
		"topicSeq=0&maxTopicNum=2": names[:2],
		"topicSeq=3&maxTopicNum=9&dataVersion=" + string(version): names[3:8],
		"maxTopicNum=3":                           names[:3],
		"topicSeq=3&maxTopicNum=2":                names[:2],
		"topicSeq=3&maxTopicNum=2&dataVersion={}": names[:2],
		fmt.Sprintf("topicSeq=%d&maxTopicNum=3&dataVersion=%s", n-4, version):    names[n-4:],
		fmt.Sprintf("topicSeq=%d&maxTopicNum=3&dataVersion=%s", n+4, version):    nil,
		fmt.Sprintf("topicSeq=%d&maxTopicNum=-3&dataVersion=%s", -4, version):    nil,
		fmt.Sprintf("topicSeq=%d&maxTopicNum=1&dataVersion=%s", n-1, version):    names[n-1:],
		fmt.Sprintf("topicSeq=1&maxTopicNum=2147483647&dataVersion=%s", version): names[1:6],
	} {
		if got := ask(fields); !slices.Equal(got, want) {
			t.Errorf("%q: %q, not %q", fields, got, want)
		}
	}
	g := r.ask(wire.ReqGetAllSubscriptiongroupConfig, "groupSeq=0&maxGroupNum=2", "").is(t, 0, "")
	var w protocol.SubscriptionGroupWrapper
	if err := compat.Unmarshal([]byte(g.body), &w); err != nil || len(w.SubscriptionGroupTable) != 2 ||
		g.ext["totalGroupNum"] != fmt.Sprint(10+len(meta.SystemGroups)) {
		t.Errorf("groups: %v %v %d", err, g.ext, len(w.SubscriptionGroupTable))
	}
	cfg.EnableSplitMetadata = false
	r.b.live.Store(&cfg)
	if got := ask("topicSeq=0&maxTopicNum=2"); !slices.Equal(got, names) {
		t.Errorf("with enableSplitMetadata=false: %q", got)
	}
}
