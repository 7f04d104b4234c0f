package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// transConfig asks early and often.
func transConfig(t *testing.T, dir string) Config {
	c := testConfig(t, dir)
	c.TransactionTimeOut, c.TransactionCheckInterval, c.TransactionOpBatchInterval = 100, 100, 50
	return c
}

// half sends a half message and returns its answer and commit log offset.
func (r *rig) half(group, topic, body string, props ...string) (*wire.SendMessageResponseHeader, int64) {
	r.t.Helper()
	text := "TRAN_MSG\x01true\x02PGROUP\x01" + group + "\x02UNIQ_KEY\x01U" + body + "\x02TAGS\x01tag\x02"
	for _, p := range props {
		text += p + "\x02"
	}
	resp := r.send(topic, text, body)
	_, offset, err := record.ParseMessageID(string(resp.MsgID))
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, offset
}

// end sends END_TRANSACTION and returns code and remark.
func (r *rig) end(h wire.EndTransactionRequestHeader) (int32, string) {
	r.t.Helper()
	h.MsgID = []byte("m")
	_, err := call(r, wire.ReqEndTransaction, wire.EndTransactionRequest, &h, nil)
	var re *remoting.ResponseError
	if errors.As(err, &re) {
		return re.Code, re.Remark
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return 0, ""
}

// bodies returns the messages of queue 0 of a topic.
func (r *rig) bodies(topic string) []string {
	r.t.Helper()
	var all []string
	for {
		code, _, some := r.pull("reader", topic, int64(len(all)), "*", 0)
		if code != 0 || len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
}

// record returns the message at a place of a queue.
func (r *rig) record(topic string, queue int32, offset int64) record.View {
	r.t.Helper()
	phy, _, _, ok := r.b.store.OffsetInQueue(topic, queue, offset)
	if !ok {
		r.t.Fatalf("%s %d has no message %d", topic, queue, offset)
	}
	rec, err := r.b.store.ReadRecord(phy, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	m, err := record.Decode(rec)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func propMap(text []byte) map[string]string {
	m := map[string]string{}
	for {
		n, v, rest, ok := record.NextProperty(text)
		if !ok {
			return m
		}
		m[string(n)], text = string(v), rest
	}
}

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
	want := map[string]string{"TRAN_MSG": "true", "PGROUP": "g", "UNIQ_KEY": "Ua", "TAGS": "tag", "__transactionId__": "Ua", "REAL_TOPIC": "T", "REAL_QID": "0", "MSG_REGION": "DefaultRegion", "TRACE_ON": "true", "CLUSTER": "DefaultCluster"}
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
	end := wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: 0, CommitLogOffset: aAt, CommitOrRollback: wire.TransactionCommit}
	ok(r.end(end))
	ok(r.end(end)) // twice is once
	ok(r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: 1, CommitLogOffset: bAt, CommitOrRollback: wire.TransactionRollback}))
	if diff := cmp.Diff([]string{"a"}, r.bodies("T")); diff != "" {
		t.Error(diff)
	}
	m = r.record("T", 0, 0)
	delete(want, "REAL_TOPIC")
	delete(want, "REAL_QID")
	if diff := cmp.Diff(want, propMap(m.Properties)); diff != "" || m.SysFlag&record.SysFlagTransaction != record.SysFlagCommit || m.PreparedTransactionOffset != aAt {
		t.Errorf("committed message, flag %x, prepared %d: %s", m.SysFlag, m.PreparedTransactionOffset, diff)
	}
	waitFor(t, "op message", func() bool { return r.b.store.MaxOffset(compat.TopicTransOpHalf, 0) == 1 })
	op := r.record(compat.TopicTransOpHalf, 0, 0)
	if string(op.Body) != "0,1," || string(op.Properties) != "TAGS\x01d\x02WAIT\x01true\x02" {
		t.Errorf("op message %q %q", op.Body, op.Properties)
	}
	if c := r.b.trans.metrics.of("T"); c.waiting.Load() != 0 || c.commits.Load() != 1 || c.rollbacks.Load() != 1 {
		t.Errorf("metrics %d %d %d", c.waiting.Load(), c.commits.Load(), c.rollbacks.Load())
	}
}

func TestTransactionRefusals(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	plain := r.send("T", "PGROUP\x01g\x02", "plain")
	_, plainAt, _ := record.ParseMessageID(string(plain.MsgID))
	_, at := r.half("g", "T", "a")
	_, late := r.half("g", "T", "b", "CHECK_IMMUNITY_TIME_IN_SECONDS\x011")
	good := wire.EndTransactionRequestHeader{ProducerGroup: "g", CommitLogOffset: at, CommitOrRollback: wire.TransactionCommit}
	cases := []struct {
		name   string
		change func(*wire.EndTransactionRequestHeader)
		code   int32
		remark string
	}{
		{"group", func(h *wire.EndTransactionRequestHeader) { h.ProducerGroup = "x" }, 1, "The producer group wrong"},
		{"queue offset", func(h *wire.EndTransactionRequestHeader) { h.TranStateTableOffset = 7 }, 1, "The transaction state table offset wrong"},
		{"nothing there", func(h *wire.EndTransactionRequestHeader) { h.CommitLogOffset = at + 3 }, 1, noHalf},
		{"beyond the log", func(h *wire.EndTransactionRequestHeader) { h.CommitLogOffset = 1 << 60 }, 1, noHalf},
		{"negative", func(h *wire.EndTransactionRequestHeader) { h.CommitLogOffset = -1 }, 1, noHalf},
		{"no half message", func(h *wire.EndTransactionRequestHeader) { h.CommitLogOffset = plainAt }, 1, noHalf},
		{"bad kind", func(h *wire.EndTransactionRequestHeader) { h.CommitOrRollback = 4 }, 1, "org.apache.rocketmq.remoting.exception.RemotingCommandException: commitOrRollback field wrong"},
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
	hs := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: "T", DefaultTopic: "TBW102", DefaultTopicQueueNums: 4, Properties: []byte("TRAN_MSG\x01true\x02"), MaxReconsumeTimes: -1}
	_, err := call(r, wire.ReqSendMessageV2, wire.SendMessageRequestV2, &hs, []byte("x"))
	if err == nil || !strings.Contains(err.Error(), "sending transaction message is forbidden") {
		t.Errorf("rejectTransactionMessage: %v", err)
	}
}

// producer is a connection that registered for a group and gets its questions.
type producer struct {
	cl    *remoting.Client
	asked chan question
}

type question struct {
	h    wire.CheckTransactionStateRequestHeader
	body string
	m    map[string]string
	view string
}

func (r *rig) producer(group, id string) *producer {
	r.t.Helper()
	p := &producer{asked: make(chan question, 1000)}
	p.cl = newTestClient(r.t, remoting.Entry{Code: wire.ReqCheckTransactionState, Handle: func(ctx *remoting.Context) {
		var q question
		if err := wire.CheckTransactionStateRequest.Decode(ctx.Req, nil, &q.h); err != nil {
			r.t.Error(err)
		}
		m, err := record.Decode(ctx.Req.Body)
		if err != nil {
			r.t.Error(err)
			return
		}
		q.body, q.m, q.view = string(m.Body), propMap(m.Properties), fmt.Sprintf("%s/%d/%d/%d", m.Topic, m.QueueID, m.QueueOffset, m.PhysicalOffset)
		p.asked <- q
	}})
	beat := fmt.Sprintf(`{"clientID":%q,"producerDataSet":[{"groupName":%q}],"consumerDataSet":[]}`, id, group)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := remoting.Call(ctx, p.cl, r.addr, wire.ReqHeartBeat, wire.HeartbeatRequest, &wire.HeartbeatRequestHeader{}, []byte(beat)); err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (p *producer) next(t *testing.T) question {
	t.Helper()
	select {
	case q := <-p.asked:
		return q
	case <-time.After(10 * time.Second):
		t.Fatal("nobody asked within 10 s")
		return question{}
	}
}

func TestTransactionCheck(t *testing.T) {
	r := startRig(t, transConfig(t, t.TempDir()))
	dead, live := r.producer("g", "dead"), r.producer("g", "live")
	_ = dead.cl.Stop()
	first, at := r.half("g", "T", "a")
	q := live.next(t)
	if q.body != "a" || q.m["TRANSACTION_CHECK_TIMES"] != "1" || q.h.MsgID != "Ua" || q.h.TransactionID != "Ua" || q.h.Topic != compat.TopicTransHalf || q.h.BrokerName != "broker-a" {
		t.Errorf("question %+v", q)
	}
	if q.h.TranStateTableOffset <= first.QueueOffset || q.view != fmt.Sprintf("T/0/%d/%d", q.h.TranStateTableOffset, q.h.CommitLogOffset) {
		t.Errorf("question %+v for half message %d", q, first.QueueOffset)
	}
	second := live.next(t)
	if second.m["TRANSACTION_CHECK_TIMES"] != "2" {
		t.Errorf("asked again: %+v", second)
	}
	// the answer and, late, the end that the producer sent by itself
	end := wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: second.h.TranStateTableOffset, CommitLogOffset: second.h.CommitLogOffset, CommitOrRollback: wire.TransactionCommit, FromTransactionCheck: true}
	if code, remark := r.end(end); code != 0 {
		t.Fatal(code, remark)
	}
	own := wire.EndTransactionRequestHeader{ProducerGroup: "g", CommitLogOffset: at, CommitOrRollback: wire.TransactionCommit}
	if code, remark := r.end(own); code != 0 {
		t.Fatal(code, remark)
	}
	time.Sleep(400 * time.Millisecond)
	for len(live.asked) > 0 {
		if q := live.next(t); q.m["TRANSACTION_CHECK_TIMES"] > "3" {
			t.Errorf("asked after the end: %+v", q)
		}
	}
	if diff := cmp.Diff([]string{"a"}, r.bodies("T")); diff != "" {
		t.Error(diff)
	}
	waitFor(t, "progress", func() bool {
		return r.b.offsets.query(transGroup, compat.TopicTransHalf, 0) == r.b.store.MaxOffset(compat.TopicTransHalf, 0) &&
			r.b.offsets.query(transGroup, compat.TopicTransOpHalf, 0) == r.b.store.MaxOffset(compat.TopicTransOpHalf, 0)
	})
}

func TestTransactionDiscardAndResume(t *testing.T) {
	cfg := transConfig(t, t.TempDir())
	cfg.TransactionCheckMax = 2
	r := startRig(t, cfg)
	r.half("g", "T", "a") // nobody is there to ask
	waitFor(t, "given up", func() bool { return r.b.store.MaxOffset(compat.TopicTransCheckMax, 0) == 1 })
	m := r.record(compat.TopicTransCheckMax, 0, 0)
	if p := propMap(m.Properties); p["TRANSACTION_CHECK_TIMES"] != "2" || p["REAL_TOPIC"] != "T" || string(m.Body) != "a" {
		t.Errorf("given up: %v", p)
	}
	if c := r.b.trans.metrics.of("T"); c.waiting.Load() != 0 {
		t.Errorf("%d half messages", c.waiting.Load())
	}
	p := r.producer("g", "p")
	id := string(m.AppendMessageID(nil))
	resume := func(id string) error {
		_, err := call(r, wire.ReqResumeCheckHalfMessage, wire.ResumeCheckHalfMessageRequest, &wire.ResumeCheckHalfMessageRequestHeader{Topic: "T", MsgID: id}, nil)
		return err
	}
	plain := r.send("T", "", "plain")
	for _, bad := range []string{"", "zz", id[:31] + "F", string(plain.MsgID)} {
		if err := resume(bad); err == nil || !strings.Contains(err.Error(), "RMQ_SYS_TRANS_HALF_TOPIC") {
			t.Errorf("resume %q: %v", bad, err)
		}
	}
	if err := resume(id); err != nil {
		t.Fatal(err)
	}
	if q := p.next(t); q.body != "a" || q.m["TRANSACTION_CHECK_TIMES"] != "1" {
		t.Errorf("asked %+v", q)
	}
}

// TestTransactionImmunity: while a half message is immune nobody is asked, however often it is stored again, and an end at its first place ends it.
func TestTransactionImmunity(t *testing.T) {
	cfg := transConfig(t, t.TempDir())
	cfg.TransactionCheckMax = 3
	r := startRig(t, cfg)
	p := r.producer("g", "p")
	_, at := r.half("g", "T", "a", "CHECK_IMMUNITY_TIME_IN_SECONDS\x0130")
	b, _ := r.half("g", "T", "b", "CHECK_IMMUNITY_TIME_IN_SECONDS\x012")
	if q := p.next(t); q.body != "b" || q.m["TRAN_PREPARED_QUEUE_OFFSET"] != fmt.Sprint(b.QueueOffset) || q.m["TRANSACTION_CHECK_TIMES"] != "1" {
		t.Errorf("asked %+v", q)
	}
	if n := r.b.store.MaxOffset(compat.TopicTransHalf, 0); n < 10 {
		t.Errorf("%d half messages: not stored again", n)
	}
	if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", CommitLogOffset: at, CommitOrRollback: wire.TransactionCommit}); code != 0 {
		t.Fatal(code, remark)
	}
	time.Sleep(300 * time.Millisecond)
	if diff := cmp.Diff([]string{"a"}, r.bodies("T")); diff != "" {
		t.Error(diff)
	}
	for len(p.asked) > 0 {
		if q := p.next(t); q.body == "a" {
			t.Errorf("asked about an immune one: %+v", q)
		}
	}
}

// TestTransactionRestart: what ended stays ended, what did not is asked about.
func TestTransactionRestart(t *testing.T) {
	cfg := transConfig(t, t.TempDir())
	cfg.TransactionCheckInterval = 3_600_000
	r := startRig(t, cfg)
	const n = 3000
	at := make([]int64, n)
	for i := range at {
		_, at[i] = r.half("g", "T", fmt.Sprint(i))
	}
	for i := 1; i < n; i++ {
		kind := wire.TransactionCommit
		if i%2 == 0 {
			kind = wire.TransactionRollback
		}
		if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: int64(i), CommitLogOffset: at[i], CommitOrRollback: kind}); code != 0 {
			t.Fatal(i, code, remark)
		}
	}
	before := len(r.bodies("T"))
	r.stop()
	cfg.TransactionCheckInterval = 100
	r = startRig(t, cfg)
	p := r.producer("g", "p")
	if q := p.next(t); q.body != "0" {
		t.Errorf("asked about %s", q.body)
	}
	if got := len(r.bodies("T")); got != before || before != n/2 {
		t.Errorf("%d messages, %d before", got, before)
	}
	for len(p.asked) > 0 {
		if q := p.next(t); q.body != "0" {
			t.Errorf("asked about %s", q.body)
		}
	}
}

// TestTransactionCopiesAfterKill: a half message and its copies, all there again because the progress was lost, are one.
func TestTransactionCopiesAfterKill(t *testing.T) {
	cfg := transConfig(t, t.TempDir())
	r := startRig(t, cfg)
	p := r.producer("g", "p")
	_, at := r.half("g", "T", "a")
	_, _ = r.half("g", "T", "b")
	_, immune := r.half("g", "T", "c", "CHECK_IMMUNITY_TIME_IN_SECONDS\x0130")
	for range 6 {
		p.next(t)
	}
	// two that look the same are two
	_, same1 := r.half("g", "T", "same", "CHECK_IMMUNITY_TIME_IN_SECONDS\x01600")
	_, same2 := r.half("g", "T", "same", "CHECK_IMMUNITY_TIME_IN_SECONDS\x01600")
	r.b.trans.close()
	r.b.offsets.commit(transGroup, compat.TopicTransHalf, 0, 0)
	r.b.offsets.commit(transGroup, compat.TopicTransOpHalf, 0, 0)
	end := r.b.store.MaxOffset(compat.TopicTransHalf, 0)
	if end < 12 {
		t.Fatalf("only %d half messages", end)
	}
	r.stop()
	cfg.TransactionCheckInterval = 3_600_000
	r = startRig(t, cfg)
	<-r.b.trans.replayed
	open := 0
	for i := r.b.trans.halves.nextOpen(0, end); i < end; i = r.b.trans.halves.nextOpen(i+1, end) {
		open++
	}
	if open != 5 {
		t.Errorf("%d half messages are open, want 5", open)
	}
	for i, offset := range []int64{at, immune, same1, same2} {
		m, err := r.b.store.ReadRecord(offset, nil)
		if err != nil {
			t.Fatal(err)
		}
		v, err := record.Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: v.QueueOffset, CommitLogOffset: offset, CommitOrRollback: wire.TransactionCommit}); code != 0 {
			t.Error(i, code, remark)
		}
	}
	if diff := cmp.Diff([]string{"a", "c", "same", "same"}, r.bodies("T")); diff != "" {
		t.Error(diff)
	}
	r.stop()
	cfg.TransactionCheckInterval = 100
	r = startRig(t, cfg)
	p = r.producer("g", "p")
	for range 3 {
		if q := p.next(t); q.body != "b" {
			t.Errorf("asked about %s", q.body)
		}
	}
}

// TestTransactionSilentProducer: who does not answer is not asked about everything at once, but is asked about everything.
func TestTransactionSilentProducer(t *testing.T) {
	cfg := transConfig(t, t.TempDir())
	cfg.TransactionCheckInterval = 3_600_000
	r := startRig(t, cfg)
	p := r.producer("g", "p")
	for i := range 20 {
		r.half("g", "T", fmt.Sprint(i))
	}
	time.Sleep(150 * time.Millisecond)
	r.b.trans.close() // the test is the goroutine of the checks now
	r.b.trans.stop = make(chan struct{})
	r.b.trans.round.pace = questionPace{most: 5, patience: 100 * time.Millisecond}
	began := time.Now()
	r.b.trans.check()
	if took := time.Since(began); took < 300*time.Millisecond || took > 5*time.Second {
		t.Errorf("the round took %v", took)
	}
	seen := map[string]int{}
	for range 20 {
		seen[p.next(t).body]++
	}
	if len(seen) != 20 {
		t.Errorf("asked about %v", seen)
	}
}

// TestTransactionWithTimer: the delay counts from the commit; what the wheel refuses is not committed.
func TestTransactionWithTimer(t *testing.T) {
	cfg := transConfig(t, t.TempDir())
	cfg.TimerPrecisionMs = 100
	r := startRig(t, cfg)
	resp, offset := r.half("g", "T", "later", "TIMER_DELAY_MS\x01400")
	began := time.Now()
	if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: resp.QueueOffset, CommitLogOffset: offset, CommitOrRollback: wire.TransactionCommit}); code != 0 {
		t.Fatal(code, remark)
	}
	waitFor(t, "the message", func() bool {
		return r.b.store.MaxOffset("T", 0)+r.b.store.MaxOffset("T", 1)+r.b.store.MaxOffset("T", 2)+r.b.store.MaxOffset("T", 3) == 1
	})
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("delivered after %v", took)
	}
	resp, offset = r.half("g", "T", "never", "TIMER_DELAY_MS\x019000000000000")
	if code, _ := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: resp.QueueOffset, CommitLogOffset: offset, CommitOrRollback: wire.TransactionCommit}); code != wire.MessageIllegal {
		t.Errorf("a delay beyond the limit: %d", code)
	}
}
