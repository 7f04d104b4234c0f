package broker

import (
	"errors"
	"testing"

	"gorocket/remoting"
	"gorocket/remoting/wire"
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
	if got := string(withoutOffsets([]byte("A\x01b\x02INNER_BASE\x017\x02"))); got != "A\x01b\x02" {
		t.Errorf("%q", got)
	}
}
