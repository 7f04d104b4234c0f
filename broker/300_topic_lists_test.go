package broker

import (
	"testing"

	"gorocket/remoting/wire"
)

// TestTopicLists: groups of a topic and topics of a group, by members and by offsets; the system's topics.
func TestTopicLists(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "x")
	r.b.groups.Find("byOffset")
	r.commit("byOffset", "T", 0, 1)
	r.ask(wire.ReqHeartBeat, "", beatBody("c1", "member", "T", 0, false)).is(t, 0, "")
	r.ask(wire.ReqQueryTopicConsumeByWho, "topic=T", "").is(t, 0, "").same(t, `{"groupList":["byOffset","member"]}`)
	r.ask(wire.ReqQueryTopicConsumeByWho, "topic=none", "").is(t, 0, "").same(t, `{"groupList":[]}`)
	r.ask(wire.ReqQueryTopicConsumeByWho, "", "").is(t, 1, "")
	r.ask(wire.ReqQueryTopicsByConsumer, "group=byOffset", "").is(t, 0, "").has(t, `"topicList":["T"]`,
		`"brokerAddr":"`+r.addr+`"`)
	r.ask(wire.ReqQueryTopicsByConsumer, "group=none", "").is(t, 0, "").has(t, `"topicList":[]`)
	r.ask(wire.ReqGetSystemTopicListFromBroker, "", "").is(t, 0, "").has(t, `"TBW102"`, `"SCHEDULE_TOPIC_XXXX"`,
		`"broker-a"`)
}
