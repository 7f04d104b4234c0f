package broker

import (
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// TestUpdateTopic: refusals change nothing; a change counts once, and the same again does not.
func TestUpdateTopic(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	version := func() int64 { return r.b.topics.CurrentVersion().Counter }
	before := version()
	for _, c := range []struct {
		fields string
		code   int32
		remark string
	}{
		{"topic=T", 1, ""},
		{createFields("", 1), 29, "The specified topic is blank."},
		{createFields("a%20b", 1), 29, "The specified topic: "},
		{createFields("TBW102", 1), 29, "The topic[TBW102] is conflict with system topic."},
		{createFields("SCHEDULE_TOPIC_XXXX", 1), 29, "The topic[SCHEDULE_TOPIC_XXXX] is conflict with system topic."},
		{createFields("T", -1), 29, "The specified topic: T, readQueueNums=-1 is not within 0..4096 (maxTopicQueueNums)"},
		{createFields("T", 1) + "&attributes=x", 1, "add/alter attribute format is wrong: x"},
		{createFields("T", 1) + "&attributes=%2Bno.such%3D1", 1, "unsupported key: no.such"},
		{strings.Replace(createFields("T", 1), "SINGLE_TAG", "NO_TAG", 1), 1,
			"org.apache.rocketmq.remoting.exception.RemotingCommandException: topicFilterType = [NO_TAG] value invalid"},
	} {
		r.ask(wire.ReqUpdateAndCreateTopic, c.fields, "").is(t, c.code, c.remark)
	}
	if r.b.topics.Get("T") != nil || version() != before {
		t.Errorf("a refused request changed the table: %d, before %d", version(), before)
	}
	create := createFields("T", 5) + "&attributes=%2Bmessage.type%3DFIFO"
	r.ask(wire.ReqUpdateAndCreateTopic, create, "").is(t, 0, createdRemark)
	c := r.b.topics.Get("T")
	if c == nil || c.ReadQueueNums != 5 || c.WriteQueueNums != 5 || c.Perm != 6 ||
		c.Attributes["message.type"] != "FIFO" ||
		version() != before+1 {
		t.Errorf("%+v, version %d, before %d", c, version(), before)
	}
	r.ask(wire.ReqUpdateAndCreateTopic, createFields("T", 5), "").is(t, 0, createdRemark)
	if version() != before+1 {
		t.Error("a change of nothing counts")
	}
	r.ask(wire.ReqUpdateAndCreateTopic, createFields("T", 2), "").is(t, 0, createdRemark)
	if c := r.b.topics.Get("T"); c.ReadQueueNums != 2 || c.Attributes["message.type"] != "FIFO" {
		t.Errorf("%+v", c)
	}
}

// TestUpdateTopicList: all or none of a list's names and numbers.
func TestUpdateTopicList(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	list := func(second string) answer {
		return r.ask(wire.ReqUpdateAndCreateTopicList, "",
			`{"topicConfigList":[{"topicName":"A","readQueueNums":1,"writeQueueNums":1,"perm":6,"topicFilterType":"SINGLE_TAG"},{"topicName":"`+
				second+`","readQueueNums":2,"writeQueueNums":2,"perm":6,"topicFilterType":"SINGLE_TAG"}]}`)
	}
	r.ask(wire.ReqUpdateAndCreateTopicList, "", "").is(t, 1, "java.lang.NullPointerException")
	list("b/c").is(t, 29, "The specified topic: ")
	if r.b.topics.Get("A") != nil {
		t.Error("half of a refused list acts")
	}
	list("B").is(t, 0, createdRemark)
	if a, b := r.b.topics.Get("A"), r.b.topics.Get("B"); a == nil || b == nil || b.ReadQueueNums != 2 {
		t.Errorf("%+v %+v", a, b)
	}
}

// TestDeleteTopic: queues, offsets and the entry go; a topic of the system and a name that is none stay.
func TestDeleteTopic(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	r.pull("g", "T", 0, "*", 0)
	r.commit("g", "T", 0, 1)
	remove := func(topic string) answer { return r.ask(wire.ReqDeleteTopicInBroker, "topic="+topic, "") }
	remove("").is(t, 29, "The specified topic is blank.")
	remove("TBW102").is(t, 29, "The topic[TBW102] is conflict with system topic.")
	remove("..").is(t, 29, "The specified topic")
	remove("T").is(t, 0, "")
	if r.b.topics.Get("T") != nil || r.b.offsets.Query("g", "T", 0) != -1 || r.b.pulled.Query("g", "T", 0) != -1 ||
		r.b.store.MaxOffset("T", 0) != 0 {
		t.Errorf("left: %+v, offset %d, queue end %d", r.b.topics.Get("T"), r.b.offsets.Query("g", "T", 0),
			r.b.store.MaxOffset("T", 0))
	}
	remove("T").is(t, 0, "") // twice is no error
}

// TestGetTopicConfig: the topic as it is, with its mapping only when asked for.
func TestGetTopicConfig(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	r.ask(wire.ReqGetTopicConfig, "topic=none", "").is(t, 17, "No topic in this broker. topic: none")
	r.ask(wire.ReqGetTopicConfig, "", "").is(t, 1, "")
	r.ask(wire.ReqGetTopicConfig, "topic=T", "").is(t, 0, "").has(t, `"topicName":"T"`, `"readQueueNums":4`, `"perm":6`)
	r.ask(wire.ReqUpdateAndCreateStaticTopic, createFields("S", 1), staticBody("S", "broker-a", 1)).is(t, 0, createdRemark)
	r.ask(wire.ReqGetTopicConfig, "topic=S&lo=true", "").is(t, 0, "").has(t, `"mappingDetail"`, `"bname":"broker-a"`)
	if a := r.ask(wire.ReqGetTopicConfig, "topic=S&lo=false", ""); strings.Contains(a.body, "hostedQueues") {
		t.Errorf("a mapping that nobody asked for: %s", a.body)
	}
}
