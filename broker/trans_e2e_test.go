package broker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/broker/config"
	"gorocket/broker/trans"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// transConfig asks early and often.
func transConfig(t *testing.T, dir string) config.Config {
	c := testConfig(t, dir)
	c.TransactionTimeOut, c.TransactionCheckInterval, c.TransactionOpBatchInterval = 100, 100, 50
	return c
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
	asked := func(ctx *remoting.Context) {
		var q question
		if err := wire.CheckTransactionStateRequest.Decode(ctx.Req, nil, &q.h); err != nil {
			r.t.Error(err)
		}
		m, err := record.Decode(ctx.Req.Body)
		if err != nil {
			r.t.Error(err)
			return
		}
		q.body, q.m, q.view = string(m.Body), propMap(m.Properties), fmt.Sprintf("%s/%d/%d/%d", m.Topic, m.QueueID,
			m.QueueOffset, m.PhysicalOffset)
		p.asked <- q
	}
	p.cl = remotingtest.Client(r.t, remoting.Entry{Code: wire.ReqCheckTransactionState, Handle: asked})
	beat := fmt.Sprintf(`{"clientID":%q,"producerDataSet":[{"groupName":%q}],"consumerDataSet":[]}`, id, group)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := remoting.Call(ctx, p.cl, r.addr, wire.ReqHeartBeat, wire.HeartbeatRequest, &wire.HeartbeatRequestHeader{},
		[]byte(beat)); err != nil {
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
	if q.body != "a" || q.m["TRANSACTION_CHECK_TIMES"] != "1" || q.h.MsgID != "Ua" || q.h.TransactionID != "Ua" ||
		q.h.Topic != compat.TopicTransHalf || q.h.BrokerName != "broker-a" {
		t.Errorf("question %+v", q)
	}
	if q.h.TranStateTableOffset <= first.QueueOffset || q.view != fmt.Sprintf("T/0/%d/%d", q.h.TranStateTableOffset,
		q.h.CommitLogOffset) {
		t.Errorf("question %+v for half message %d", q, first.QueueOffset)
	}
	second := live.next(t)
	if second.m["TRANSACTION_CHECK_TIMES"] != "2" {
		t.Errorf("asked again: %+v", second)
	}
	// the answer and, late, the end that the producer sent by itself
	end := wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: second.h.TranStateTableOffset,
		CommitLogOffset: second.h.CommitLogOffset, CommitOrRollback: wire.TransactionCommit, FromTransactionCheck: true}
	if code, remark := r.end(end); code != 0 {
		t.Fatal(code, remark)
	}
	own := wire.EndTransactionRequestHeader{ProducerGroup: "g", CommitLogOffset: at,
		CommitOrRollback: wire.TransactionCommit}
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
	testutil.WaitFor(t, "progress", func() bool {
		return r.b.offsets.Query(protocol.GroupTransactions, compat.TopicTransHalf,
			0) == r.b.store.MaxOffset(compat.TopicTransHalf, 0) &&
			r.b.offsets.Query(protocol.GroupTransactions, compat.TopicTransOpHalf,
				0) == r.b.store.MaxOffset(compat.TopicTransOpHalf, 0)
	})
}

// TestTransactionImmunity: while a half message is immune nobody is asked, however often it is stored again, and an end
// at its first place ends it.
func TestTransactionImmunity(t *testing.T) {
	cfg := transConfig(t, t.TempDir())
	cfg.TransactionCheckMax = 3
	r := startRig(t, cfg)
	p := r.producer("g", "p")
	_, at := r.half("g", "T", "a", "CHECK_IMMUNITY_TIME_IN_SECONDS\x0130")
	b, _ := r.half("g", "T", "b", "CHECK_IMMUNITY_TIME_IN_SECONDS\x012")
	if q := p.next(t); q.body != "b" || q.m["TRAN_PREPARED_QUEUE_OFFSET"] != fmt.Sprint(b.QueueOffset) ||
		q.m["TRANSACTION_CHECK_TIMES"] != "1" {
		t.Errorf("asked %+v", q)
	}
	if n := r.b.store.MaxOffset(compat.TopicTransHalf, 0); n < 10 {
		t.Errorf("%d half messages: not stored again", n)
	}
	if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", CommitLogOffset: at,
		CommitOrRollback: wire.TransactionCommit}); code != 0 {
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
		if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: int64(i),
			CommitLogOffset: at[i], CommitOrRollback: kind}); code != 0 {
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

// TestTransactionCopiesAfterKill: a half message and its copies, all there again because the progress was lost, are
// one.
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
	r.b.trans.Stop()
	r.b.offsets.Commit(protocol.GroupTransactions, compat.TopicTransHalf, 0, 0)
	r.b.offsets.Commit(protocol.GroupTransactions, compat.TopicTransOpHalf, 0, 0)
	end := r.b.store.MaxOffset(compat.TopicTransHalf, 0)
	if end < 12 {
		t.Fatalf("only %d half messages", end)
	}
	r.stop()
	cfg.TransactionCheckInterval = 3_600_000
	r = startRig(t, cfg)
	<-r.b.trans.Replayed
	open := 0
	for i := r.b.trans.Halves.NextOpen(0, end); i < end; i = r.b.trans.Halves.NextOpen(i+1, end) {
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
		if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: v.QueueOffset,
			CommitLogOffset: offset, CommitOrRollback: wire.TransactionCommit}); code != 0 {
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

// TestTransactionSilentProducer: who does not answer is not asked about everything at once, but is asked about
// everything.
func TestTransactionSilentProducer(t *testing.T) {
	cfg := transConfig(t, t.TempDir())
	cfg.TransactionCheckInterval = 3_600_000
	r := startRig(t, cfg)
	p := r.producer("g", "p")
	for i := range 20 {
		r.half("g", "T", fmt.Sprint(i))
	}
	time.Sleep(150 * time.Millisecond)
	r.b.trans.Stop()
	d := r.b.transDeps()
	d.MaxQuestions, d.AnswerPatience = 5, 100*time.Millisecond
	d.Settings = func() trans.Settings {
		s := r.b.transSettings()
		s.CheckInterval = 10 * time.Millisecond
		return s
	}
	impatient := trans.NewService(d)
	stalls, began := testutil.WatchStalls(t), time.Now()
	impatient.Start()
	defer impatient.Stop()
	seen := map[string]int{}
	for range 20 {
		seen[p.next(t).body]++
	}
	if took := time.Since(began); took < 300*time.Millisecond || took > 2*time.Second+stalls.Lost() {
		t.Errorf("20 questions took %v, the machine stood still for %v", took, stalls.Lost())
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
	if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: resp.QueueOffset,
		CommitLogOffset: offset, CommitOrRollback: wire.TransactionCommit}); code != 0 {
		t.Fatal(code, remark)
	}
	testutil.WaitFor(t, "the message", func() bool {
		return r.b.store.MaxOffset("T", 0)+r.b.store.MaxOffset("T", 1)+r.b.store.MaxOffset("T", 2)+r.b.store.MaxOffset("T",
			3) == 1
	})
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("delivered after %v", took)
	}
	resp, offset = r.half("g", "T", "never", "TIMER_DELAY_MS\x019000000000000")
	if code, _ := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: resp.QueueOffset,
		CommitLogOffset: offset, CommitOrRollback: wire.TransactionCommit}); code != wire.MessageIllegal {
		t.Errorf("a delay beyond the limit: %d", code)
	}
}
