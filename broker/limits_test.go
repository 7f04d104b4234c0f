package broker

import (
	"errors"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// refusal returns code and remark of an answer.
func refused(t *testing.T, err error) (int32, string) {
	t.Helper()
	var re *remoting.ResponseError
	switch {
	case err == nil:
		return 0, ""
	case errors.As(err, &re):
		return re.Code, re.Remark
	}
	t.Fatal(err)
	return 0, ""
}

func (r *rig) createTopic(name string, read, write int32) (int32, string) {
	h := wire.CreateTopicRequestHeader{Topic: name, DefaultTopic: "TBW102", ReadQueueNums: read, WriteQueueNums: write,
		Perm: 6, TopicFilterType: protocol.SingleTag}
	_, err := call(r, wire.ReqUpdateAndCreateTopic, wire.CreateTopicRequest, &h, nil)
	return refused(r.t, err)
}

// bodied sends a request that has a body and no header that counts.
func (r *rig) bodied(code int32, text string) (int32, string) {
	_, err := call(r, code, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader), []byte(text))
	return refused(r.t, err)
}

// TestTopicNumbersAreChecked: a topic has at most maxTopicQueueNums queues, wherever it comes from.
func TestTopicNumbersAreChecked(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for _, n := range []int32{math.MaxInt32, 4097, -1, math.MinInt32} {
		if code, remark := r.createTopic("Big", n, 1); code != wire.InvalidParameter ||
			!strings.Contains(remark, "maxTopicQueueNums") {
			t.Errorf("17 with %d read queues: %d %q", n, code, remark)
		}
		if code, _ := r.createTopic("Big", 1, n); code != wire.InvalidParameter {
			t.Errorf("17 with %d write queues: %d", n, code)
		}
	}
	for _, text := range []string{`"readQueueNums":2147483647`, `"writeQueueNums":-1`, `"writeQueueNums":5000`} {
		if code, _ := r.bodied(wire.ReqUpdateAndCreateTopicList,
			`{"topicConfigList":[{"topicName":"Big",`+text+`}]}`); code != wire.InvalidParameter {
			t.Errorf("18 with %s: %d", text, code)
		}
	}
	for _, text := range []string{`"readQueueNums":2147483648`, `"perm":9223372036854775807`,
		`"topicSysFlag":-2147483649`} {
		if code, remark := r.bodied(wire.ReqUpdateAndCreateTopicList,
			`{"topicConfigList":[{"topicName":"Big",`+text+`}]}`); code != wire.SystemError ||
			!strings.Contains(remark, "can not cast to int") {
			t.Errorf("18 with %s: %d %q", text, code, remark)
		}
	}
	for _, text := range []string{`"retryQueueNums":2147483647`, `"retryQueueNums":4294967297`,
		`"retryMaxTimes":99999999999`} {
		if code, _ := r.bodied(wire.ReqUpdateAndCreateSubscriptiongroup, `{"groupName":"g",`+text+`}`); code == 0 {
			t.Errorf("200 with %s", text)
		}
	}
	if code, remark := r.createTopic("Ok", 4096, 0); code != 0 || r.b.topics.Get("Big") != nil {
		t.Errorf("4096 queues: %d %q", code, remark)
	}
}

// TestTopicsHaveALimit: by sends, by administrators, by retry topics that no group has.
func TestTopicsHaveALimit(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MaxTopicNum = 20
	r := startRig(t, cfg)
	made := 0
	for i := range 30 {
		if code, _ := r.trySend(fmt.Sprint("T", i), "", "x"); code == 0 {
			made++
		}
	}
	if n := r.b.topics.Len(); n != 20 || made == 0 {
		t.Errorf("%d topics, %d made", n, made)
	}
	if code, remark := r.createTopic("More", 1, 1); code != wire.SystemError || !strings.Contains(remark, "maxTopicNum") {
		t.Errorf("17: %d %q", code, remark)
	}
	if code, _ := r.trySend("%RETRY%nobody", "", "x"); code == 0 || r.b.topics.Get("%RETRY%nobody") != nil {
		t.Errorf("retry topic: %d", code)
	}
	if code, _ := r.createTopic("T0", 2, 2); code != 0 {
		t.Errorf("change: %d", code)
	}
	if _, err := call(r, wire.ReqDeleteTopicInBroker, wire.TopicRequest, &wire.TopicHeader{Topic: "T0"}, nil); err != nil {
		t.Fatal(err)
	}
	if code, remark := r.createTopic("More", 1, 1); code != 0 {
		t.Errorf("behind a deletion: %d %q", code, remark)
	}
}

func TestGroupsHaveALimit(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MaxSubscriptionGroupNum = 12
	r := startRig(t, cfg)
	for i := range 30 {
		r.b.groups.Find(fmt.Sprint("g", i))
	}
	if n := r.b.groups.Len(); n != 12 {
		t.Errorf("%d groups", n)
	}
	if code, remark := r.bodied(wire.ReqUpdateAndCreateSubscriptiongroup,
		`{"groupName":"more"}`); code != wire.SystemError || !strings.Contains(remark, "maxSubscriptionGroupNum") {
		t.Errorf("200: %d %q", code, remark)
	}
	for i := range 30 { // any client can call itself so
		r.b.groups.Find(fmt.Sprint("CID_RMQ_SYS_", i))
	}
	if n := r.b.groups.Len(); n != 12 || r.b.groups.Find("CID_RMQ_SYS_TRANS") == nil {
		t.Errorf("%d groups behind those with a system group's prefix", n)
	}
	long := `{"groupName":"g0","subscriptionDataSet":[` + strings.Repeat(`{"topic":"t","expression":"*"},`, 5000) +
		`{"topic":"t"}]}`
	if code, remark := r.bodied(wire.ReqUpdateAndCreateSubscriptiongroup, long); code == 0 ||
		!strings.Contains(remark, "bytes") {
		t.Errorf("a large configuration: %d %.80q", code, remark)
	}
}

// TestOffsetsOfQueuesThatAreNotThere are refused, and the others are counted.
func TestOffsetsOfQueuesThatAreNotThere(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MaxConsumerOffsetNum = 10
	r := startRig(t, cfg)
	r.send("T", "", "x") // four queues
	r.b.groups.Find("g")
	commit := func(group string, queue int32) (int32, string) {
		h := wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: group, Topic: "T", QueueID: queue, CommitOffset: 1}
		_, err := call(r, wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest, &h, nil)
		return refused(t, err)
	}
	for _, q := range []int32{4, -1, math.MaxInt32, 1 << 20} {
		if code, remark := commit("g", q); code != wire.InvalidParameter || !strings.HasPrefix(remark, "queueId[") {
			t.Errorf("queue %d: %d %q", q, code, remark)
		}
	}
	last := ""
	for g := range 4 {
		group := fmt.Sprint("g", g)
		r.b.groups.Find(group)
		for q := range int32(4) {
			if code, remark := commit(group, q); code != 0 {
				last = remark
			}
		}
	}
	if n := r.b.offsets.Len(); n != 10 || !strings.Contains(last, "maxConsumerOffsetNum") {
		t.Errorf("%d offsets, %q", n, last)
	}
	if code, remark := commit("g0", 0); code != 0 {
		t.Errorf("a known one: %d %q", code, remark)
	}
	if err := r.b.offsets.Commit(protocol.GroupTransactions, compat.TopicTransHalf, 0, 1); err != nil {
		t.Error(err)
	}
	r.b.offsets.RemoveGroup("g0")
	r.b.offsets.RemoveTopic(compat.TopicTransHalf)
	if n := r.b.offsets.Len(); n != 6 {
		t.Errorf("%d offsets behind a removal", n)
	}
	h := wire.ResetOffsetRequestHeader{Topic: "T", Group: "g", Timestamp: -1, QueueID: 77, Offset: -1}
	if _, err := call(r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &h, nil); err == nil {
		t.Error("a queue that is not there was reset")
	}
}

// TestStatsAnswersAreBounded: what would name more queues than fit into a frame is refused.
func TestStatsAnswersAreBounded(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	r := startRig(t, cfg)
	r.b.groups.Find("g")
	for i := range maxStatsQueues/4096 + 1 {
		name := fmt.Sprint("T", i)
		if code, remark := r.createTopic(name, 4096, 4096); code != 0 {
			t.Fatal(remark)
		}
		_ = r.b.offsets.Commit("g", name, 0, 0)
	}
	_, err := call(r, wire.ReqGetConsumeStats, wire.GetConsumeStatsRequest, &wire.ConsumeStatsHeader{ConsumerGroup: "g"},
		nil)
	if code, remark := refused(t, err); code != wire.SystemError || !strings.Contains(remark, "more than 100000 queues") {
		t.Errorf("208: %d %q", code, remark)
	}
	_, err = call(r, wire.ReqGetBrokerConsumeStats, wire.BrokerConsumeStatsRequest, &wire.BrokerConsumeStatsHeader{}, nil)
	if code, remark := refused(t, err); code != wire.SystemError || !strings.Contains(remark, "more than 100000 queues") {
		t.Errorf("317: %d %q", code, remark)
	}
}

// TestMetricsOfTables: every table that grows has its size and its limit; a name that is no text spoils nothing.
func TestMetricsOfTables(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.b.timerDelays.Of("bad\xff")
	_ = r.b.topics.Update(protocol.TopicConfig{TopicName: "bad\xff"})
	w := httptest.NewRecorder()
	r.b.exporter.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.String()
	for _, table := range []string{"topics", "groups", "consumer_offsets", "pull_offsets", "order_locks", "producers",
		"request_modes", "group_forbidden", "static_topics", "half_message_bits"} {
		for _, kind := range []string{"size", "limit"} {
			if !strings.Contains(text, "gorocket_table_"+kind+"{") || !strings.Contains(text, `table="`+table+`"`) {
				t.Errorf("no gorocket_table_%s of %s in %d %.300q", kind, table, w.Code, text)
			}
		}
	}
}

// TestNumbersOfModes: no number is passed on unchecked.
func TestNumbersOfModes(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "x")
	mode := func(n string) int32 {
		code, _ := r.bodied(wire.ReqSetMessageRequestMode,
			`{"topic":"T","consumerGroup":"g","mode":"PULL","popShareQueueNum":`+n+`}`)
		return code
	}
	if mode("4294967296") == 0 || mode("-5") == 0 || mode("0") != 0 {
		t.Error("popShareQueueNum is not checked")
	}
	_, err := call(r, wire.ReqDeleteTopicInBroker, wire.TopicRequest, &wire.TopicHeader{Topic: "T"}, nil)
	if err != nil || r.b.modes.Count() != 0 {
		t.Errorf("behind the topic: %d modes, %v", r.b.modes.Count(), err)
	}
	for i := range meta.MaxRequestModes {
		if err := r.b.modes.Set(meta.Mode{Topic: "other", ConsumerGroup: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	r.send("T", "", "x")
	if mode("0") == 0 || r.b.modes.Count() != meta.MaxRequestModes {
		t.Errorf("a full table takes one more, and has %d", r.b.modes.Count())
	}
}
