package service

import (
	"strings"
	"testing"

	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
)

// batchOf is a client's batch of n messages.
func batchOf(n int, body string) (b []byte) {
	for range n {
		b = record.AppendBatchItem(b, record.BatchItem{Body: []byte(body)})
	}
	return b
}

func TestLongBatch(t *testing.T) {
	cut := batchOf(2*store.LongBatch, "")
	for what, c := range map[string]struct {
		batch []byte
		want  bool
	}{
		"none": {nil, false}, "few": {batchOf(3, strings.Repeat("x", 100_000)), false},
		"as many as may be": {batchOf(store.LongBatch, "x"), false},
		"one more":          {batchOf(store.LongBatch+1, "x"), true}, "empty ones": {batchOf(190_000, ""), true},
		"malformed": {cut[:len(cut)-25*store.LongBatch], false},
	} {
		if got := longBatch(c.batch); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
	lying := batchOf(2*store.LongBatch, "")
	for i := range 4 {
		lying[i] = 0xff // the first length word, which nobody believes
	}
	if !longBatch(lying) {
		t.Error("a batch with a false length word is not long")
	}
}

// TestBatch: each message of a batch is one record; the answer names the first offset and all ids.
func TestBatch(t *testing.T) {
	r := newRig(t)
	r.send("T", "", "first", to(1))
	batch := func(m *Send) { m.Record.QueueID, m.Batch, m.Record.Body = 1, true, batchOf(3, "item") }
	m := r.send("T", "UNIQ_KEY\x01U\x02", "", batch)
	if m.QueueOffset != 1 || m.Stored.QueueID != 1 || string(m.UniqKey) != "U" || m.BatchUniqKey != "" {
		t.Errorf("%+v", m.Stored)
	}
	ids := strings.Split(string(m.MsgID), ",")
	if len(ids) != 3 {
		t.Fatalf("ids %q", m.MsgID)
	}
	for i, id := range ids {
		got := r.at("T", 1, int64(1+i))
		if string(got.AppendMessageID(nil)) != id || string(got.Body) != "item" || len(got.Properties) != 0 {
			t.Errorf("%d: %s, %q %q", i, id, got.Body, got.Properties)
		}
	}
	if n := r.d.Stats.Puts.Load(); n != 4 {
		t.Errorf("%d counted", n)
	}
	if n := r.d.Stats.Times.InMinute(); n != 4 {
		t.Errorf("%d times counted", n)
	}
	long := r.message("T", "", "")
	long.Batch, long.NoWait, long.Record.Body = true, true, batchOf(store.LongBatch+1, "")
	if err := r.Send.Send(long); err != ErrWouldWait {
		t.Errorf("a long batch on the event loop: %v", err)
	}
	if long.NoWait = false; r.Send.Send(long) != nil || r.store.MaxOffset("T", long.Stored.QueueID) < store.LongBatch {
		t.Error("a long batch is not stored on a worker")
	}
}

// TestBatchOfBatchTopic: a batch for a topic with batch queues is one record under as many offsets as it has messages.
func TestBatchOfBatchTopic(t *testing.T) {
	r := newRig(t)
	c := protocol.NewTopicConfig("B")
	c.ReadQueueNums, c.WriteQueueNums, c.Attributes = 1, 1, map[string]string{"+queue.type": "BatchCQ"}
	if err := r.d.Topics.Update(c); err != nil {
		t.Fatal(err)
	}
	batch := func(n int) func(*Send) {
		return func(m *Send) { m.Record.QueueID, m.Batch, m.Record.Body = 0, true, batchOf(n, "i") }
	}
	m := r.send("B", "UNIQ_KEY\x01U1\x02TAGS\x01a\x02", "", batch(3))
	if m.BatchUniqKey != "U1" || strings.Contains(string(m.MsgID), ",") || r.d.Stats.Puts.Load() != 3 {
		t.Errorf("%+v, %d counted", m.Stored, r.d.Stats.Puts.Load())
	}
	rec, err := r.store.ReadRecord(m.End-int64(recordSize(t, r, m)), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := record.Decode(rec)
	if err != nil || got.SysFlag&(record.SysFlagInnerBatch|record.SysFlagNeedUnwrap) !=
		record.SysFlagInnerBatch|record.SysFlagNeedUnwrap {
		t.Fatalf("%v %x", err, got.SysFlag)
	}
	has(t, got, "INNER_NUM", "3")
	has(t, got, "CLUSTER", "cluster")
	cut := r.message("B", "UNIQ_KEY\x01U2\x02", "")
	cut.Batch, cut.Record.Body = true, batchOf(2, "item")[:30]
	refused(t, r.Send.Send(cut), BadBatch, "java.nio.BufferUnderflowException")
	many := r.message("B", "UNIQ_KEY\x01U3\x02", "")
	many.Batch, many.Record.Body = true, batchOf(32_768, "")
	refused(t, r.Send.Send(many), IllegalMessage, "the message is illegal")
	if many = r.message("B", "UNIQ_KEY\x01U4\x02INNER_NUM\x015\x02", ""); true {
		many.Batch, many.Record.Body = true, batchOf(2, "i")
	}
	if err := r.Send.Send(many); err != nil {
		t.Errorf("INNER_NUM of the client: %v", err)
	}
}

// recordSize is the size of the record that a send has stored.
func recordSize(t *testing.T, r *rig, m *Send) (size int32) {
	t.Helper()
	_, at, err := record.ParseMessageID(string(m.MsgID))
	if err != nil {
		t.Fatal(err)
	}
	return int32(m.End - at)
}
