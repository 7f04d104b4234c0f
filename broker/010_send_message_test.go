package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
)

// TestBatchClaims: what only the broker says about a batch is refused from a client (MESSAGE_ILLEGAL); sysFlag and
// properties decide which queue entries a record has, in a running broker and after a crash.
func TestBatchClaims(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	r := startRig(t, cfg)
	r.send("T", "", "first")
	attributes := wire.CreateTopicRequestHeader{Topic: "B", DefaultTopic: "TBW102", ReadQueueNums: 1,
		WriteQueueNums: 1, Perm: 6,
		TopicFilterType: "SINGLE_TAG", Attributes: "+queue.type=BatchCQ"}
	if _, err := call(r, wire.ReqUpdateAndCreateTopic, wire.CreateTopicRequest, &attributes, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, topic string
		sysFlag     int32
		head, item  string
		want        int32
	}{
		{"plain", "T", 0, "", "A\x01b\x02", wire.Success},
		{"light queues, which Java ignores in a batch", "T", 0, "", "INNER_MULTI_DISPATCH\x01%LMQ%a\x02",
			wire.Success},
		{"prepared", "T", record.SysFlagPrepared, "", "", wire.MessageIllegal},
		{"commit", "T", record.SysFlagCommit, "", "", wire.MessageIllegal},
		{"rollback", "T", record.SysFlagRollback, "", "", wire.MessageIllegal},
		{"inner batch", "T", record.SysFlagInnerBatch, "", "", wire.MessageIllegal},
		{"number in the header", "T", 0, "INNER_NUM\x013\x02", "", wire.MessageIllegal},
		{"number in an item", "B", 0, "", "INNER_NUM\x013\x02", wire.MessageIllegal},
		{"base in an item", "B", 0, "", "INNER_BASE\x0130000\x02", wire.MessageIllegal},
		{"light offset in an item", "T", 0, "", "INNER_MULTI_DISPATCH\x01%LMQ%a\x02INNER_MULTI_QUEUE_OFFSET\x017\x02",
			wire.MessageIllegal},
		{"prepared, to batch queues", "B", record.SysFlagPrepared, "UNIQ_KEY\x01u\x02", "", wire.MessageIllegal},
	} {
		before := r.b.store.MaxPhyOffset()
		body := record.AppendBatchItem(nil, record.BatchItem{Body: []byte("x"), Properties: []byte(c.item)})
		h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: c.topic, DefaultTopic: "TBW102",
			Batch: true, SysFlag: c.sysFlag,
			Properties: []byte(c.head)}
		_, err := call(r, wire.ReqSendBatchMessage, wire.SendMessageRequestV2, &h, body)
		code := int32(wire.Success)
		var refused *remoting.ResponseError
		if errors.As(err, &refused) {
			code = refused.Code
		} else if err != nil {
			t.Fatal(err)
		}
		if code != c.want || (code != wire.Success) != (r.b.store.MaxPhyOffset() == before) {
			t.Errorf("%s: code %d, want %d; log %d..%d", c.name, code, c.want, before, r.b.store.MaxPhyOffset())
		}
	}
}

// TestOffsetsOfClientsAreDropped: a single message comes in without the properties that say where a record stands in
// its queues.
func TestOffsetsOfClientsAreDropped(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	out := r.send("T", "A\x01b\x02INNER_BASE\x017\x02INNER_MULTI_QUEUE_OFFSET\x019\x02", "x")
	m := r.record("T", out.QueueID, out.QueueOffset)
	for _, name := range []string{record.PropInnerBase, record.PropMultiQueueOffset} {
		if v, ok := m.Property(name); ok {
			t.Errorf("%s was stored: %q", name, v)
		}
	}
	if v, _ := m.Property("A"); string(v) != "b" {
		t.Errorf("A is %q", v)
	}
}

func TestSyncFlushAnswersAfterTheDisk(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.FlushDiskType = store.SyncFlush
	r := startRig(t, cfg)
	for i := range 20 {
		r.send("T", "", fmt.Sprint(i))
		if flushed, end := r.b.store.FlushedOffset(), r.b.store.MaxPhyOffset(); flushed < end {
			t.Fatalf("answered at %d with only %d on disk", end, flushed)
		}
	}
}

// TestInnerBatch: a batch for a topic with batch queues is one record, found under one offset for each message, also
// after a restart.
func TestInnerBatch(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	r := startRig(t, cfg)
	create := wire.CreateTopicRequestHeader{Topic: "B", DefaultTopic: "TBW102", ReadQueueNums: 1, WriteQueueNums: 1,
		Perm: 6, TopicFilterType: "SINGLE_TAG", Attributes: "+queue.type=BatchCQ"}
	if _, err := call(r, wire.ReqUpdateAndCreateTopic, wire.CreateTopicRequest, &create, nil); err != nil {
		t.Fatal(err)
	}
	var batch []byte
	for i := range 3 {
		batch = appendBatchItem(batch, fmt.Sprintf("m%d", i))
	}
	for round := range 2 {
		h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: "B", DefaultTopic: "TBW102", Batch: true,
			Properties: []byte("UNIQ_KEY\x01batch\x02")}
		resp, err := call(r, wire.ReqSendBatchMessage, wire.SendMessageRequestV2, &h, batch)
		if err != nil {
			t.Fatal(err)
		}
		var out wire.SendMessageResponseHeader
		if err := wire.SendMessageResponse.Decode(resp, nil, &out); err != nil {
			t.Fatal(err)
		}
		if out.BatchUniqID != "batch" || out.QueueOffset != int64(3*round) || strings.Contains(string(out.MsgID), ",") {
			t.Errorf("round %d: %+v", round, out)
		}
	}
	if end := r.b.store.MaxOffset("B", 0); end != 6 {
		t.Errorf("queue ends at %d, want 6", end)
	}
	h := wire.PullMessageRequestHeader{ConsumerGroup: "g", Topic: "B", QueueOffset: 4, MaxMsgNums: 32,
		SysFlag: wire.PullFlagSubscription, Subscription: "*"}
	resp, err := call(r, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := record.Decode(resp.Body)
	if err != nil || m.SysFlag&record.SysFlagInnerBatch == 0 || m.QueueOffset != 3 {
		t.Errorf("record %+v, %v", m, err)
	}
	r.stop()
	again := startRig(t, cfg)
	if end := again.b.store.MaxOffset("B", 0); end != 6 {
		t.Errorf("after a restart the queue ends at %d, want 6", end)
	}
}

// appendBatchItem encodes one message of a client batch. Java: MessageDecoder.encodeMessage.
func appendBatchItem(b []byte, body string) []byte {
	be := binary.BigEndian
	b = be.AppendUint32(b, uint32(22+len(body)))
	b = append(b, make([]byte, 12)...) // magic, CRC, flag
	b = be.AppendUint32(b, uint32(len(body)))
	b = append(b, body...)
	return be.AppendUint16(b, 0)
}

// TestSendRefusals: what a client sends wrong is answered as Java answers it, nothing is stored and no topic is made.
func TestSendRefusals(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	with := func(topic string, queue int, more string) string { return sendFields(topic, queue) + more }
	long := strings.Repeat("t", 128)
	for _, c := range []struct {
		what, fields, body string
		code               int32
		remark             string
	}{
		{"no header", "", "x", 1, ""},
		{"no body", with("T", 0, ""), "", 1, "java.lang.NullPointerException"},
		{"queue behind the last", with("T", 4, ""), "x", 29,
			"request queueId[4] is illegal, TopicConfig [topicName=T, readQueueNums=4, writeQueueNums=4, perm=RW-,"},
		{"illegal topic", with("a/b", 0, ""), "x", 29, "The specified topic"},
		{"long topic", with(long, 0, ""), "x", 29, "The specified topic"},
		{"reserved topic", with(compat.TopicTransHalf, 0, ""), "x", 16,
			"Sending message to topic[RMQ_SYS_TRANS_HALF_TOPIC] is forbidden."},
		{"delay that is no number", with("T", 0, "&properties=DELAY%01x%02"), "x", 1, "java.lang.NumberFormatException"},
		{"inner batch by a client", with("T", 0, "&properties=INNER_NUM%012%02"), "x", 13, "the message is illegal"},
		{"batch to a retry topic", with("%25RETRY%25g", 0, "&batch=true"), batchBody("a"), 13,
			"batch request does not support retry group"},
		{"batch with a delay", with("T", 0, "&batch=true&properties=DELAY%011%02"), batchBody("a"), 13,
			"the message is illegal"},
		{"batch that is cut", with("T", 0, "&batch=true"), batchBody("a", "b")[:20], 1, "java.nio.BufferUnderflowException"},
	} {
		a := r.ask(wire.ReqSendMessage, c.fields, c.body)
		if a.code != c.code || !strings.HasPrefix(a.remark, c.remark) {
			t.Errorf("%s: %d %q, want %d %q", c.what, a.code, a.remark, c.code, c.remark)
		}
	}
	if got := r.bodies("T"); len(got) != 1 {
		t.Errorf("stored: %q", got)
	}
	if r.b.topics.Get("a/b") != nil || r.b.topics.Get(long) != nil {
		t.Error("a refused send made its topic")
	}
}

// TestSendOfAbsentTopic: without autoCreateTopicEnable the topic is not made, and the answer carries the region as all
// that Java builds after decoding.
func TestSendOfAbsentTopic(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.AutoCreateTopicEnable = false
	r := startRig(t, cfg)
	a := r.ask(wire.ReqSendMessage, sendFields("New", 0), "x").is(t, 17, "topic[New] not exist, apply first please!")
	if a.ext["MSG_REGION"] != "DefaultRegion" || a.ext["TRACE_ON"] != "true" {
		t.Errorf("fields %v", a.ext)
	}
	if r.b.topics.Get("New") != nil {
		t.Error("the topic was made")
	}
}

// TestSendAnswer: the fields of an answer, for both headers, and a queue that the broker chooses.
func TestSendAnswer(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	a := r.ask(wire.ReqSendMessage, sendFields("T", 2)+"&properties=UNIQ_KEY%01U1%02", "v1").is(t, 0, "")
	for k, want := range map[string]string{"queueId": "2", "queueOffset": "0", "transactionId": "U1",
		"MSG_REGION": "DefaultRegion"} {
		if a.ext[k] != want {
			t.Errorf("%s=%s, want %s", k, a.ext[k], want)
		}
	}
	if len(a.ext["msgId"]) != 32 || !strings.HasPrefix(a.ext["msgId"], "7F000001") {
		t.Errorf("msgId %s", a.ext["msgId"])
	}
	v2 := "a=p&b=T&c=TBW102&d=4&e=2&f=0&g=1&h=0&j=0&k=false&m=false"
	if a := r.ask(wire.ReqSendMessageV2, v2, "v2").is(t, 0, ""); a.ext["queueOffset"] != "1" {
		t.Errorf("the second of queue 2: %v", a.ext)
	}
	queues := map[string]bool{}
	for range 60 {
		queues[r.ask(wire.ReqSendMessage, sendFields("T", -1), "any").is(t, 0, "").ext["queueId"]] = true
	}
	if len(queues) != 4 {
		t.Errorf("queues that the broker chose: %v", queues)
	}
	if m := r.record("T", 2, 1); m.BornTimestamp != 1 || string(m.Body) != "v2" {
		t.Errorf("stored %+v", m)
	}
	before := r.b.store.MaxOffset("T", 3)
	b := r.ask(wire.ReqSendMessage, sendFields("T", 3)+"&batch=true", batchBody("a", "b", "c")).is(t, 0, "")
	if ids := strings.Split(b.ext["msgId"], ","); len(ids) != 3 || b.ext["queueOffset"] != itoa(before) {
		t.Errorf("batch: %v", b.ext)
	}
	if end := r.b.store.MaxOffset("T", 3); end != before+3 {
		t.Errorf("queue 3 ends at %d", end)
	}
}

// TestSendToRetryTopicBoundary: a consumer's own resend goes to the dead letters with one attempt more than the limit
// allows, not before, and while its group holds an order lock.
func TestSendToRetryTopicBoundary(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(wire.ReqUpdateAndCreateSubscriptiongroup, "", `{"groupName":"g","retryMaxTimes":3,"retryQueueNums":1}`).is(t, 0,
		"")
	resend := func(times int, more string) string {
		t.Helper()
		f := strings.Replace(sendFields("%25RETRY%25g", 0), "reconsumeTimes=0", fmt.Sprint("reconsumeTimes=", times), 1)
		before := r.b.store.MaxOffset("%DLQ%g", 0)
		r.ask(wire.ReqSendMessage, f+more, "again").is(t, 0, "")
		if r.b.store.MaxOffset("%DLQ%g", 0) > before {
			return "dead"
		}
		return "retry"
	}
	for _, c := range []struct {
		times int
		more  string
		want  string
	}{{3, "", "retry"}, {4, "", "dead"}, {1, "&maxReconsumeTimes=1", "retry"}, {2, "&maxReconsumeTimes=1", "dead"},
		{4, "&maxReconsumeTimes=4", "retry"}, {4, "&maxReconsumeTimes=-1", "dead"}} {
		if got := resend(c.times, c.more); got != c.want {
			t.Errorf("%d attempts%s: %s, want %s", c.times, c.more, got, c.want)
		}
	}
	mq := []protocol.MessageQueue{{BrokerName: "broker-a", Topic: "T"}}
	r.b.locks.Lock("g", "c", mq)
	if got := resend(1, ""); got != "dead" {
		t.Errorf("with an order lock: %s", got)
	}
	r.ask(wire.ReqUpdateBrokerConfig, "", "autoCreateSubscriptionGroup=false").is(t, 0, "")
	r.ask(wire.ReqSendMessage, sendFields("%25RETRY%25unknown", 0), "x").is(t, 26, "subscription group not exist")
}

// batchBody is the body of a batch of messages.
func batchBody(bodies ...string) string {
	var b []byte
	for _, body := range bodies {
		b = appendBatchItem(b, body)
	}
	return string(b)
}
