package broker

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

func TestTransactionCommitAndRollback(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.TransactionOpBatchInterval = 50
	r := startRig(t, cfg)
	a, aAt := r.half("g", "T", "a", "REAL_TOPIC\x01evil", "__transactionId__\x01evil")
	b, bAt := r.half("g", "T", "b")
	if a.QueueOffset != 0 || b.QueueOffset != 1 || string(a.TransactionID) != "Ua" {
		t.Fatalf("answers %+v %+v", a, b)
	}
	m := r.record(compat.TopicTransHalf, 0, 0)
	want := map[string]string{"TRAN_MSG": "true", "PGROUP": "g", "UNIQ_KEY": "Ua", "TAGS": "tag",
		"__transactionId__": "Ua", "REAL_TOPIC": "T", "REAL_QID": "0", "MSG_REGION": "DefaultRegion", "TRACE_ON": "true",
		"CLUSTER": "DefaultCluster"}
	if diff := cmp.Diff(want, propMap(m.Properties)); diff != "" || m.SysFlag&record.SysFlagTransaction != 0 {
		t.Errorf("half message, flag %x: %s", m.SysFlag, diff)
	}
	if got := r.bodies("T"); got != nil {
		t.Fatalf("visible before the commit: %v", got)
	}
	ok := func(code int32, remark string) {
		t.Helper()
		if code != 0 {
			t.Errorf("%d %s", code, remark)
		}
	}
	end := wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: 0, CommitLogOffset: aAt,
		CommitOrRollback: wire.TransactionCommit}
	ok(r.end(end))
	ok(r.end(end)) // twice is once
	ok(r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: 1, CommitLogOffset: bAt,
		CommitOrRollback: wire.TransactionRollback}))
	if diff := cmp.Diff([]string{"a"}, r.bodies("T")); diff != "" {
		t.Error(diff)
	}
	m = r.record("T", 0, 0)
	delete(want, "REAL_TOPIC")
	delete(want, "REAL_QID")
	if diff := cmp.Diff(want, propMap(m.Properties)); diff != "" ||
		m.SysFlag&record.SysFlagTransaction != record.SysFlagCommit || m.PreparedTransactionOffset != aAt {
		t.Errorf("committed message, flag %x, prepared %d: %s", m.SysFlag, m.PreparedTransactionOffset, diff)
	}
	testutil.WaitFor(t, "op message", func() bool { return r.b.store.MaxOffset(compat.TopicTransOpHalf, 0) == 1 })
	op := r.record(compat.TopicTransOpHalf, 0, 0)
	if string(op.Body) != "0,1," || string(op.Properties) != "TAGS\x01d\x02WAIT\x01true\x02" {
		t.Errorf("op message %q %q", op.Body, op.Properties)
	}
	if w, c, b := r.b.trans.Counts.Of("T").Snapshot(); w != 0 || c != 1 || b != 1 {
		t.Errorf("metrics %d %d %d", w, c, b)
	}
}

func TestTransactionRefusals(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	plain := r.send("T", "PGROUP\x01g\x02", "plain")
	_, plainAt, _ := record.ParseMessageID(string(plain.MsgID))
	_, at := r.half("g", "T", "a")
	_, late := r.half("g", "T", "b", "CHECK_IMMUNITY_TIME_IN_SECONDS\x011")
	good := wire.EndTransactionRequestHeader{ProducerGroup: "g", CommitLogOffset: at,
		CommitOrRollback: wire.TransactionCommit}
	cases := []struct {
		name   string
		change func(*wire.EndTransactionRequestHeader)
		code   int32
		remark string
	}{
		{"group", func(h *wire.EndTransactionRequestHeader) { h.ProducerGroup = "x" }, 1, "The producer group wrong"},
		{"queue offset", func(h *wire.EndTransactionRequestHeader) { h.TranStateTableOffset = 7 }, 1,
			"The transaction state table offset wrong"},
		{"nothing there", func(h *wire.EndTransactionRequestHeader) { h.CommitLogOffset = at + 3 }, 1, "Find prepared transaction message failed"},
		{"beyond the log", func(h *wire.EndTransactionRequestHeader) { h.CommitLogOffset = 1 << 60 }, 1, "Find prepared transaction message failed"},
		{"negative", func(h *wire.EndTransactionRequestHeader) { h.CommitLogOffset = -1 }, 1, "Find prepared transaction message failed"},
		{"no half message", func(h *wire.EndTransactionRequestHeader) { h.CommitLogOffset = plainAt }, 1, "Find prepared transaction message failed"},
		{"bad kind", func(h *wire.EndTransactionRequestHeader) { h.CommitOrRollback = 4 }, 1,
			"org.apache.rocketmq.remoting.exception.RemotingCommandException: commitOrRollback field wrong"},
	}
	for _, c := range cases {
		h := good
		c.change(&h)
		if code, remark := r.end(h); code != c.code || remark != c.remark {
			t.Errorf("%s: %d %q", c.name, code, remark)
		}
	}
	// 1 s is below transactionTimeOut, which counts then
	b := r.b
	cfg := *b.cfg()
	cfg.TransactionTimeOut = 0
	b.live.Store(&cfg)
	time.Sleep(1100 * time.Millisecond)
	h := good
	h.CommitLogOffset, h.TranStateTableOffset = late, 1
	if code, remark := r.end(h); code != wire.IllegalOperation || remark != "" {
		t.Errorf("too late: %d %q", code, remark)
	}
	h.FromTransactionCheck = true
	if code, remark := r.end(h); code != 0 {
		t.Errorf("late, but asked: %d %q", code, remark)
	}
	if diff := cmp.Diff([]string{"plain", "b"}, r.bodies("T")); diff != "" {
		t.Error(diff)
	}
	cfg.RejectTransactionMessage = true
	b.live.Store(&cfg)
	hs := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: "T", DefaultTopic: "TBW102", DefaultTopicQueueNums: 4,
		Properties: []byte("TRAN_MSG\x01true\x02"), MaxReconsumeTimes: -1}
	_, err := call(r, wire.ReqSendMessageV2, wire.SendMessageRequestV2, &hs, []byte("x"))
	if err == nil || !strings.Contains(err.Error(), "sending transaction message is forbidden") {
		t.Errorf("rejectTransactionMessage: %v", err)
	}
}
