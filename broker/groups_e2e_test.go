package broker

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
)

// ask sends a request and decodes the JSON answer into out; it returns "code remark" of an error answer.
func ask[T any](r *rig, code int32, ht *wire.HeaderType[T], h *T, data string, out any) string {
	r.t.Helper()
	resp, err := call(r, code, ht, h, []byte(data))
	if re, ok := err.(*remoting.ResponseError); ok {
		return fmt.Sprintf("%d %s", re.Code, re.Remark)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if out != nil {
		if err := compat.Unmarshal(resp.Body, out); err != nil {
			r.t.Fatalf("request %d: %v in %s", code, err, resp.Body)
		}
	}
	return ""
}

func (r *rig) commit(group, topic string, queue int32, offset int64) {
	r.t.Helper()
	h := wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: group, Topic: topic, QueueID: queue, CommitOffset: offset}
	if _, err := call(r, wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest, &h, nil); err != nil {
		r.t.Fatal(err)
	}
}

// join makes the rig's client a member of a group.
func (r *rig) join(group, topic string) {
	r.t.Helper()
	beat := fmt.Sprintf(`{"clientID":"me@1","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY","groupName":%q,"messageModel":"CLUSTERING","subscriptionDataSet":[{"subString":"*","subVersion":1,"topic":%q,"tagsSet":[],"codeSet":[]}]}],"producerDataSet":[]}`, group, topic)
	if _, err := call(r, wire.ReqHeartBeat, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader), []byte(beat)); err != nil {
		r.t.Fatal(err)
	}
}

func TestUpdateBrokerConfig(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.BrokerConfigPath = filepath.Join(t.TempDir(), "broker.conf")
	const original = "# ours\nbrokerName = broker-a\n\n! the old value\nmaxMessageSize = 4194304\nfileReservedTime=48"
	if err := os.WriteFile(cfg.BrokerConfigPath, []byte(original), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startRig(t, cfg)
	var none wire.HeartbeatRequestHeader
	update := func(text string) string {
		return ask(r, wire.ReqUpdateBrokerConfig, wire.HeartbeatRequest, &none, text, nil)
	}
	for text, want := range map[string]string{
		"brokerConfigPath=x": "16 Can not update config in black list.", `a=\u12`: "1 string2Properties error", "longPollingEnable=false\nmaxMessageSize=x": `1 config key maxMessageSize: value "x"`,
		"listenPort=1234": "1 config key listenPort", "longPollingEnable=false\naclEnable=true": "1 config key aclEnable", "storePathRootDir=/x": "1 config key storePathRootDir",
		"longPollingEnable=false\nmaxMesageSize=9":                            "1 config key maxMesageSize: value \"9\": unknown key: do you mean maxMessageSize?",
		"longPollingEnable=false\nmapedFileSizeCommitLog=9":                   "1 config key mapedFileSizeCommitLog: value \"9\": unknown key: do you mean mappedFileSizeCommitLog?",
		"longPollingEnable=false\nflushIntervalCommitLog=9223372036854775807": "1 config key flushIntervalCommitLog",
	} {
		if got := update(text); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if !r.b.Config().LongPollingEnable {
		t.Error("a refused update acts")
	}
	if got := update("longPollingEnable=false\nsendThreadPoolQueueCapacity=7\nmaxMessageSize=10"); got != "" || r.b.Config().LongPollingEnable {
		t.Errorf("update: %q, longPollingEnable %v", got, r.b.Config().LongPollingEnable)
	}
	resp, err := call(r, wire.ReqGetBrokerConfig, wire.HeartbeatRequest, &none, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := string(resp.Body)
	if !strings.Contains(text, "longPollingEnable=false\n") || !strings.Contains(text, "sendThreadPoolQueueCapacity=7\n") {
		t.Errorf("configuration:\n%s", text)
	}
	if v := resp.GetString("version"); !strings.Contains(v, `"counter":1`) {
		t.Errorf("version %s", v)
	}
	if got := update("fileReservedTime=49"); got != "" {
		t.Error(got)
	}
	for name, want := range map[string]string{
		"":      "# ours\nbrokerName = broker-a\n\n! the old value\nmaxMessageSize=10\nfileReservedTime=49\nlongPollingEnable=false\nsendThreadPoolQueueCapacity=7\n",
		".orig": original,
		".bak":  "# ours\nbrokerName = broker-a\n\n! the old value\nmaxMessageSize=10\nfileReservedTime=48\nlongPollingEnable=false\nsendThreadPoolQueueCapacity=7\n",
	} {
		if file, err := os.ReadFile(cfg.BrokerConfigPath + name); err != nil || string(file) != want {
			t.Errorf("file%s: %q, %v, want %q", name, file, err, want)
		}
	}
	if again, _, err := LoadConfig(cfg.BrokerConfigPath); err != nil || again.LongPollingEnable || again.BrokerName != "broker-a" {
		t.Errorf("file read again: %v %v", again.LongPollingEnable, err)
	}
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: "T", DefaultTopic: "TBW102", DefaultTopicQueueNums: 4}
	if got := ask(r, wire.ReqSendMessageV2, wire.SendMessageRequestV2, &h, "more than ten bytes", nil); !strings.HasPrefix(got, "13 ") {
		t.Errorf("the new maxMessageSize does not act: %q", got)
	}
}

func TestRuntimeInfo(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "x")
	r.pull("g", "T", 0, "*", 0)
	r.b.stats.sample(time.Now())
	var kv protocol.KVTable
	if got := ask(r, wire.ReqGetBrokerRuntimeInfo, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader), "", &kv); got != "" {
		t.Fatal(got)
	}
	for key, want := range map[string]string{"msgPutTotalTodayNow": "1", "msgGetTotalTodayNow": "1", "brokerVersionDesc": "V5_5_0", "dispatchBehindBytes": "0", "brokerActive": "true"} {
		if got := kv.Table[key]; got != want && key != "dispatchBehindBytes" || got == "" {
			t.Errorf("%s=%s, want %s", key, got, want)
		}
	}
	if n := len(strings.Fields(kv.Table["putTps"])); n != 3 || strings.HasPrefix(kv.Table["putTps"], "0 ") {
		t.Errorf("putTps %q", kv.Table["putTps"])
	}
	if !strings.HasSuffix(humanBytes(3<<20), "3.0 MiB") || humanBytes(7) != "7 B" {
		t.Errorf("sizes: %s, %s", humanBytes(3<<20), humanBytes(7))
	}
}

func TestResetAtBroker(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for i := range 5 {
		r.send("T", "", fmt.Sprint(i))
	}
	r.pull("g", "T", 0, "*", 0)
	h := wire.ResetOffsetRequestHeader{Topic: "T", Group: "g", QueueID: 0, Offset: 2, Timestamp: -1}
	reset := func(edit func(*wire.ResetOffsetRequestHeader)) (string, resetOffsetBody) {
		q := h
		edit(&q)
		var out resetOffsetBody
		return ask(r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &q, "", &out), out
	}
	for want, edit := range map[string]func(*wire.ResetOffsetRequestHeader){
		"17 Topic none does not exist":                       func(h *wire.ResetOffsetRequestHeader) { h.Topic = "none" },
		"26 Group none does not exist":                       func(h *wire.ResetOffsetRequestHeader) { h.Group = "none" },
		"1 Target offset 7 not in consume queue range [0-5]": func(h *wire.ResetOffsetRequestHeader) { h.Offset = 7 },
	} {
		if got, _ := reset(edit); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	got, out := reset(func(*wire.ResetOffsetRequestHeader) {})
	if diff := cmp.Diff(map[protocol.MessageQueue]int64{{BrokerName: "broker-a", QueueID: 0, Topic: "T"}: 2}, out.OffsetTable); got != "" || diff != "" {
		t.Fatal(got, diff)
	}
	r.commit("g", "T", 0, 4) // ignored until the reset was told
	if off := r.b.offsets.query("g", "T", 0); off != 2 {
		t.Errorf("offset %d after a commit during the reset", off)
	}
	if code, _, _ := r.pull("g", "T", 5, "*", 0); code != wire.PullOffsetMoved {
		t.Errorf("the pull after the reset is answered %d", code)
	}
	if code, _, bodies := r.pull("g", "T", 2, "*", 0); code != 0 || len(bodies) != 3 {
		t.Errorf("after the reset: %d %v", code, bodies)
	}
	if _, out := reset(func(h *wire.ResetOffsetRequestHeader) { h.QueueID, h.Offset = -1, -1 }); len(out.OffsetTable) != 4 || out.OffsetTable[protocol.MessageQueue{BrokerName: "broker-a", Topic: "T"}] != 5 {
		t.Errorf("all queues to the end: %v", out.OffsetTable)
	}
}

func TestResetAtClientsAndStatus(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.UseServerSideResetOffset = false
	r := startRig(t, cfg)
	pushed := make(chan string, 1)
	r.cl = newTestClient(t,
		remoting.Entry{Code: wire.ReqResetConsumerClientOffset, Handle: func(ctx *remoting.Context) { pushed <- string(ctx.Req.Body) }},
		remoting.Entry{Code: wire.ReqGetConsumerStatusFromClient, Handle: func(ctx *remoting.Context) {
			ctx.OK([]byte(`{"messageQueueTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:3}}`))
		}},
		remoting.Entry{Code: wire.ReqGetConsumerRunningInfo, Handle: func(ctx *remoting.Context) {
			ctx.Status(77, "as the client says "+ctx.Req.GetString("jstackEnable"))
		}},
		remoting.Entry{Code: wire.ReqConsumeMessageDirectly, Handle: func(ctx *remoting.Context) {
			ctx.OK([]byte(fmt.Sprintf(`{"n":%d,"broker":%q}`, len(ctx.Req.Body), ctx.Req.GetString("brokerName"))))
		}})
	sent := r.send("T", "", "x")
	h := wire.ResetOffsetRequestHeader{Topic: "T", Group: "g", QueueID: -1, Offset: -1, Timestamp: 0, IsForce: true}
	r.b.groups.find("g")
	if got := ask(r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &h, "", nil); got != "1 THe consumer group <g> not exist" {
		t.Errorf("no offsets: %q", got)
	}
	for q := range int32(4) {
		r.commit("g", "T", q, 1)
	}
	if got := ask(r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &h, "", nil); !strings.HasPrefix(got, "206 Consumer not online") {
		t.Errorf("nobody online: %q", got)
	}
	r.join("g", "T")
	var out resetOffsetBody
	if got := ask(r, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, &h, "", &out); got != "" || len(out.OffsetTable) != 4 {
		t.Errorf("reset: %q %v", got, out)
	}
	var seen resetOffsetBody
	if err := compat.Unmarshal([]byte(<-pushed), &seen); err != nil || !maps.Equal(seen.OffsetTable, out.OffsetTable) {
		t.Errorf("pushed %v, %v", seen, err)
	}
	status := wire.ConsumerStatusRequestHeader{Topic: "T", Group: "g"}
	var st consumerStatusBody
	if got := ask(r, wire.ReqInvokeBrokerToGetConsumerStatus, wire.ConsumerStatusRequest, &status, "", &st); got != "" || st.ConsumerTable["me@1"][r.b.queueOf("T", 0)] != 3 {
		t.Errorf("status: %q %v", got, st)
	}
	info := wire.RunningInfoHeader{ConsumerGroup: "g", ClientID: "me@1", JstackEnable: true}
	if got := ask(r, wire.ReqGetConsumerRunningInfo, wire.RunningInfoRequest, &info, "", nil); got != "77 as the client says true" {
		t.Errorf("running info: %q", got)
	}
	info.ClientID = "you"
	if got := ask(r, wire.ReqGetConsumerRunningInfo, wire.RunningInfoRequest, &info, "", nil); got != "1 The Consumer <g> <you> not online" {
		t.Errorf("unknown client: %q", got)
	}
	direct := wire.ConsumeDirectlyHeader{ConsumerGroup: "g", ClientID: "me@1", MsgID: string(sent.MsgID), Topic: "T"}
	var result struct {
		N      int    `json:"n"`
		Broker string `json:"broker"`
	}
	if got := ask(r, wire.ReqConsumeMessageDirectly, wire.ConsumeDirectlyRequest, &direct, "", &result); got != "" || result.N < 90 || result.Broker != "broker-a" {
		t.Errorf("consumed directly: %q %+v", got, result)
	}
}

func TestGroupQueries(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for i := range 3 {
		r.send("T", "TAGS\x01A\x02", fmt.Sprint(i))
	}
	r.join("g", "T")
	r.commit("g", "T", 0, 2)
	r.b.groups.find("other")
	r.commit("other", "T", 0, 1)
	clone := wire.CloneGroupOffsetHeader{SrcGroup: "g", DestGroup: "copy"}
	if got := ask(r, wire.ReqCloneGroupOffset, wire.CloneGroupOffsetRequest, &clone, "", nil); got != "" || r.b.offsets.query("copy", "T", 0) != 2 {
		t.Errorf("clone: %q, offset %d", got, r.b.offsets.query("copy", "T", 0))
	}
	var corr correctionOffsets
	ask(r, wire.ReqQueryCorrectionOffset, wire.CorrectionOffsetRequest, &wire.CorrectionOffsetHeader{Topic: "T", CompareGroup: "g", FilterGroups: "other"}, "", &corr)
	if corr.CorrectionOffsets[0] != 2 || r.b.offsets.query("other", "T", 0) != 1 {
		t.Errorf("correction %v; offsets of a filtered group must stay", corr)
	}
	var span timeSpans
	tg := wire.TopicGroupHeader{Topic: "T", Group: "g"}
	ask(r, wire.ReqQueryConsumeTimeSpan, wire.ConsumeTimeSpanRequest, &tg, "", &span)
	if len(span.ConsumeTimeSpanSet) != 4 || span.ConsumeTimeSpanSet[0].MinTimeStamp <= 0 || span.ConsumeTimeSpanSet[0].MaxTimeStamp < span.ConsumeTimeSpanSet[0].ConsumeTimeStamp {
		t.Errorf("time span %+v", span)
	}
	var sub subscriptionAnswer
	ask(r, wire.ReqQuerySubscriptionByConsumer, wire.QuerySubscriptionRequest, &tg, "", &sub)
	if sub.SubscriptionData == nil || sub.SubscriptionData.SubString != "*" {
		t.Errorf("subscription %+v", sub)
	}
	var cq consumeQueueAnswer
	ask(r, wire.ReqQueryConsumeQueue, wire.QueryConsumeQueueRequest, &wire.ConsumeQueueRequestHeader{Topic: "T", Index: 1, Count: 5, ConsumerGroup: "g"}, "", &cq)
	if len(cq.QueueData) != 2 || cq.MaxQueueIndex != 3 || cq.QueueData[0].TagsCode != int64(compat.HashCode("A")) || cq.QueueData[0].PhysicOffset == 0 {
		t.Errorf("consume queue %+v", cq)
	}
	var stats consumeStatsList
	ask(r, wire.ReqGetBrokerConsumeStats, wire.BrokerConsumeStatsRequest, &wire.BrokerConsumeStatsHeader{}, "", &stats)
	if stats.TotalDiff < 1 || len(stats.ConsumeStatsList) < len(systemGroups) {
		t.Errorf("broker consume stats: %+v", stats)
	}
}

func TestForbiddenGroup(t *testing.T) {
	dir := t.TempDir()
	r := startRig(t, testConfig(t, dir))
	r.send("T", "", "x")
	r.join("g", "T")
	var a forbiddenAnswer
	ask(r, wire.ReqUpdateAndGetGroupForbidden, wire.GroupForbiddenRequest, &wire.GroupForbiddenHeader{Group: "g", Topic: "T", Readable: "false"}, "", &a)
	h := wire.PullMessageRequestHeader{ConsumerGroup: "g", Topic: "T", MaxMsgNums: 32}
	if got := ask(r, wire.ReqPullMessage, wire.PullMessageRequest, &h, "", nil); a.Readable || got != "16 the consumer group[g] is forbidden for topic[T]" {
		t.Errorf("forbidden: %+v, pull %q", a, got)
	}
	ask(r, wire.ReqUpdateAndGetGroupForbidden, wire.GroupForbiddenRequest, &wire.GroupForbiddenHeader{Group: "g", Topic: "T", Readable: "true"}, "", &a)
	if code, _, _ := r.pull("g", "T", 0, "*", 0); !a.Readable || code != 0 {
		t.Errorf("allowed again: %+v, pull %d", a, code)
	}
}

func TestAllocate(t *testing.T) {
	var queues []protocol.MessageQueue
	for i := range 7 {
		queues = append(queues, protocol.MessageQueue{QueueID: i})
	}
	ids := []string{"a", "b", "c"}
	for _, c := range []struct {
		strategy, id string
		want         []int
	}{
		{"AVG", "a", []int{0, 1, 2}}, {"AVG", "b", []int{3, 4}}, {"AVG", "c", []int{5, 6}}, {"AVG", "x", nil},
		{"AVG_BY_CIRCLE", "a", []int{0, 3, 6}}, {"AVG_BY_CIRCLE", "c", []int{2, 5}}, {"AVG_BY_CIRCLE", "x", nil},
	} {
		got, ok := allocate(c.strategy, queues, ids, c.id)
		var n []int
		for _, q := range got {
			n = append(n, q.QueueID)
		}
		if !ok || !slices.Equal(n, c.want) {
			t.Errorf("%s of %s: %v, want %v", c.strategy, c.id, n, c.want)
		}
	}
	if _, ok := allocate("MINE", queues, ids, "a"); ok {
		t.Error("an unknown strategy gives an assignment")
	}
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "x")
	var none wire.HeartbeatRequestHeader
	mode := func(text string) string {
		return ask(r, wire.ReqSetMessageRequestMode, wire.HeartbeatRequest, &none, text, nil)
	}
	for text, want := range map[string]string{
		`{"topic":"%RETRY%g","consumerGroup":"g","mode":"PULL"}`: "16 retry topic", `{"topic":"none","consumerGroup":"g","mode":"PULL"}`: "17 topic[none] not exist",
		`{"topic":"T","consumerGroup":"g","mode":"POP"}`: "1 message request mode POP", `{"topic":"T","consumerGroup":"g","mode":"PULL"}`: "",
	} {
		if got := mode(text); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q", text, got)
		}
	}
	var w requestModeWrapper
	ask(r, wire.ReqGetAllMessageRequestMode, wire.HeartbeatRequest, &none, "", &w)
	if w.MessageRequestModeMap["T"]["g"].Mode != modePull {
		t.Errorf("modes %+v", w)
	}
	var as assignments
	ask(r, wire.ReqQueryAssignment, wire.HeartbeatRequest, &none, `{"topic":"T","consumerGroup":"g","clientId":"c","strategyName":"AVG","messageModel":"CLUSTERING"}`, &as)
	if as.MessageQueueAssignments != nil {
		t.Errorf("without a NameServer nothing is known, but the answer is %+v", as)
	}
}

// TestCleanByHand: the three cleaning codes; an unknown topic loses its queues, a known one and a system topic keep theirs.
func TestCleanByHand(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("Known", "", "body")
	r.send("Known", "DELAY\x011\x02", "body")
	if _, err := r.b.store.Append(&store.Record{
		Message: record.Message{
			Topic: "Gone", Body: []byte("x"), StoreHost: r.b.storeHost, BornHost: r.b.storeHost,
		},
	}); err != nil {
		t.Fatal(err)
	}
	var none wire.HeartbeatRequestHeader
	for _, code := range []int32{wire.ReqCleanExpiredConsumequeue, wire.ReqCleanUnusedTopic, wire.ReqDeleteExpiredCommitlog} {
		if got := ask(r, code, wire.HeartbeatRequest, &none, "", nil); got != "" {
			t.Errorf("%d: %s", code, got)
		}
	}
	if got := r.b.store.Topics(); !slices.Equal(got, []string{"Known", store.ScheduleTopic}) {
		t.Errorf("topics with queues: %v", got)
	}
}
