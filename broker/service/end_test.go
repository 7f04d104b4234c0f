package service

import (
	"errors"
	"fmt"
	"testing"

	"gorocket/broker/config"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/timer"
)

// half stores a half message of group p and returns it.
func (r *rig) half(topic, props string, change ...func(*Send)) record.View {
	r.t.Helper()
	at := r.store.MaxOffset(compat.TopicTransHalf, 0)
	r.send(topic, "UNIQ_KEY\x01U\x02TRAN_MSG\x01true\x02PGROUP\x01p\x02"+props, "body", change...)
	return r.at(compat.TopicTransHalf, 0, at)
}

// ending is the input that ends a half message.
func ending(m record.View, commit bool) *End {
	return &End{Group: "p", CommitLogOffset: m.PhysicalOffset, QueueOffset: m.QueueOffset, Commit: commit}
}

// TestCommit: a committed message is the one that was sent, in the queue that it was sent to, once.
func TestCommit(t *testing.T) {
	r := newRig(t)
	h := r.half("T", "TAGS\x01a\x02", to(2), func(m *Send) { m.Record.Flag = 3 })
	puts := r.d.Stats.Puts.Load()
	e := ending(h, true)
	if err := r.End.End(e); err != nil {
		t.Fatal(err)
	}
	got := r.at("T", 2, 0)
	if string(got.Body) != "body" || got.Flag != 3 || got.SysFlag&record.SysFlagTransaction != record.SysFlagCommit ||
		got.PreparedTransactionOffset != h.PhysicalOffset || got.BornHost != producer || got.BornTimestamp != birth {
		t.Errorf("%+v", got)
	}
	for name, want := range map[string]string{"TAGS": "a", "TRAN_MSG": "true", "REAL_TOPIC": "-", "REAL_QID": "-"} {
		has(t, got, name, want)
	}
	if n := r.d.Stats.Puts.Load(); n != puts+1 {
		t.Errorf("%d counted", n-puts)
	}
	if err := r.End.End(e); err != nil || r.store.MaxOffset("T", 2) != 1 {
		t.Errorf("the second end: %v, %d messages", err, r.store.MaxOffset("T", 2))
	}
	if e.s != nil || e.record.Body != nil {
		t.Error("the state keeps what the call was for")
	}
}

// TestRollback: nothing is stored, and a commit behind it changes nothing.
func TestRollback(t *testing.T) {
	r := newRig(t)
	h := r.half("T", "", to(0))
	for _, commit := range []bool{false, true} {
		if err := r.End.End(ending(h, commit)); err != nil || r.store.MaxOffset("T", 0) != 0 {
			t.Errorf("commit %v: %v, %d messages", commit, err, r.store.MaxOffset("T", 0))
		}
	}
}

// TestCommitDelayed: levels and times of delay count from the commit on.
func TestCommitDelayed(t *testing.T) {
	r := newRig(t)
	if err := r.End.End(ending(r.half("T", "DELAY\x0199\x02", to(1)), true)); err != nil {
		t.Fatal(err)
	}
	got := r.at(dispatch.ScheduleTopic, 4, 0)
	for name, want := range map[string]string{"REAL_TOPIC": "T", "REAL_QID": "1", "DELAY": "5", "TRAN_MSG": "-"} {
		has(t, got, name, want)
	}
	h := r.half("T", "TIMER_DELAY_SEC\x0160\x02", to(1))
	r.clock.Add(5000)
	if err := r.End.End(ending(h, true)); err != nil {
		t.Fatal(err)
	}
	has(t, r.at(timer.Topic, 0, 0), "TIMER_OUT_MS", itoa(r.base.timers.SlotTime(birth+65_000)))
	r.change(func(c *config.Config) { c.TimerWheelEnable = false })
	h = r.half("T", "TIMER_DELAY_SEC\x0160\x02", to(1))
	refused(t, r.End.End(ending(h, true)), Failed, "accurate timer message is not enabled")
	r.change(func(c *config.Config) { c.TimerWheelEnable = true })
	if err := r.End.End(ending(h, true)); err != nil || r.store.MaxOffset(timer.Topic, 0) != 2 {
		t.Errorf("a half message whose commit was refused can be committed later: %v", err)
	}
}

// TestEndRefusals: an end has to name the half message exactly, and its producer.
func TestEndRefusals(t *testing.T) {
	r := newRig(t)
	plain := r.send("T", "", "x", to(0))
	_, plainAt, _ := record.ParseMessageID(string(plain.MsgID))
	h := r.half("T", "", to(0))
	for what, c := range map[string]struct {
		change func(*End)
		why    Reason
		text   string
	}{
		"another offset":   {func(e *End) { e.CommitLogOffset++ }, UnknownOffset, noHalf},
		"beyond the log":   {func(e *End) { e.CommitLogOffset = 1 << 50 }, UnknownOffset, noHalf},
		"negative":         {func(e *End) { e.CommitLogOffset = -1 }, UnknownOffset, noHalf},
		"no half message":  {func(e *End) { e.CommitLogOffset = plainAt }, UnknownOffset, noHalf},
		"another group":    {func(e *End) { e.Group = "q" }, Mismatch, "The producer group wrong"},
		"another queue's":  {func(e *End) { e.QueueOffset++ }, Mismatch, "The transaction state table offset wrong"},
		"on an event loop": {func(e *End) { e.Group, e.NoWait = "q", true }, Mismatch, "The producer group wrong"},
	} {
		e := ending(h, true)
		c.change(e)
		t.Run(what, func(t *testing.T) { refused(t, soon(func() error { return r.End.End(e) }), c.why, c.text) })
	}
	if n := r.store.MaxOffset("T", 0); n != 1 {
		t.Errorf("%d messages", n)
	}
	nobody := r.send("T", "TRAN_MSG\x01true\x02", "of no group")
	_, at, _ := record.ParseMessageID(string(nobody.MsgID))
	refused(t, r.End.End(&End{CommitLogOffset: at, QueueOffset: 1, Commit: true}), BadProperty,
		"java.lang.NullPointerException: the half message has no PGROUP")
	if err := r.End.End(ending(h, true)); err != nil || r.store.MaxOffset("T", 0) != 2 {
		t.Errorf("after all refusals: %v", err)
	}
}

// TestEndTooLate: a producer that set an immunity time may not end the transaction behind it; its answer to a question
// may.
func TestEndTooLate(t *testing.T) {
	r := newRig(t)
	limit := int64(r.cfg.Load().TransactionTimeOut)
	h := r.half("T", "CHECK_IMMUNITY_TIME_IN_SECONDS\x01"+itoa(limit/1000+30)+"\x02", to(0))
	r.clock.Store(birth + limit + 30_001)
	refused(t, r.End.End(ending(h, true)), Expired, "")
	e := ending(h, true)
	e.FromCheck = true
	if err := r.End.End(e); err != nil || r.store.MaxOffset("T", 0) != 1 {
		t.Errorf("the answer to a question: %v", err)
	}
	r.clock.Store(birth)
	h = r.half("T", "CHECK_IMMUNITY_TIME_IN_SECONDS\x01"+itoa(limit/1000+30)+"\x02", to(0))
	r.clock.Store(birth + limit + 30_000)
	if err := r.End.End(ending(h, true)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

// TestEndIsBusy: who has the same half message is waited for, but not on an event loop.
func TestEndIsBusy(t *testing.T) {
	r := newRig(t)
	h := r.half("T", "", to(0))
	at, _ := r.d.Trans.Halves.Claim(h.QueueOffset)
	e := ending(h, true)
	e.NoWait = true
	if err := r.End.End(e); err != ErrWouldWait {
		t.Errorf("on an event loop: %v", err)
	}
	e.NoWait = false
	refused(t, r.End.End(e), Unavailable, "the half message is being ended or asked about")
	go r.d.Trans.Halves.Release(at, false)
	if err := r.End.End(e); err != nil || r.store.MaxOffset("T", 0) != 1 {
		t.Errorf("%v, %d messages", err, r.store.MaxOffset("T", 0))
	}
}

// TestCommitThatIsNotStored: the half message goes on waiting.
func TestCommitThatIsNotStored(t *testing.T) {
	r := newRig(t)
	h := r.half("T", "", to(0))
	for err, want := range map[error]struct {
		why  Reason
		text string
	}{record.ErrIllegal: {IllegalMessage, "The message is illegal, maybe msg body or properties length not matched. msg body "},
		store.ErrNoNextFile:  {NoRoom, "Create mapped file failed."},
		store.ErrNotWritable: {Unavailable, "Service not available now."}, errors.New("x"): {Failed, "UNKNOWN_ERROR"}} {
		e := &End{s: r.End}
		e.commitFailed(err)
		refused(t, e.refusal, want.why, want.text)
	}
	r.d.Topics.Remove("T")
	if err := r.End.End(ending(h, true)); err != nil || r.store.MaxOffset("T", 0) != 1 {
		t.Errorf("a topic that was deleted meanwhile: %v", err)
	}
}

// TestTopicOf: the name of a topic is made anew only when it changes.
func TestTopicOf(t *testing.T) {
	e := &End{Topic: "asked"}
	for _, name := range []string{"asked", "asked", "other", "other", "asked"} {
		if got := e.topicOf([]byte(name)); got != name {
			t.Errorf("%s for %s", got, name)
		}
	}
	name := []byte("other")
	e.topicOf(name)
	if n := testing.AllocsPerRun(100, func() { e.topicOf(name) }); n != 0 {
		t.Errorf("%v allocations for the same topic", n)
	}
}

// TestEndBeforeReplay: an end that comes to a broker that reads its op messages waits for that: what they name is not
// committed again.
func TestEndBeforeReplay(t *testing.T) {
	r := newRig(t)
	h := r.half("T", "", to(0))
	r.d.Trans.Stop()
	var op []byte
	for i := range 10_000 { // for a while
		op = fmt.Appendf(op[:0], "%d,", i%2000)
		if _, err := r.store.Append(&store.Record{Message: record.Message{Topic: compat.TopicTransOpHalf, Body: op,
			Properties: []byte("TAGS\x01d\x02")}}); err != nil {
			t.Fatal(err)
		}
	}
	r.d.Trans.Start()
	e := ending(h, true)
	e.NoWait = true
	if err := r.End.End(e); err != ErrWouldWait && err != nil {
		t.Error(err)
	}
	e.NoWait = false
	if err := r.End.End(e); err != nil {
		t.Error(err)
	}
	if n := r.store.MaxOffset("T", 0); n != 0 {
		t.Errorf("committed again: %d messages", n)
	}
}

// TestEndBelowProgress: a half message below the progress that was committed is not committed again; one that was given
// up is.
func TestEndBelowProgress(t *testing.T) {
	r := newRig(t)
	committed, givenUp := r.half("T", "", to(0)), r.half("T", "", to(0), func(m *Send) { m.Record.BornTimestamp++ })
	if err := r.End.End(ending(committed, true)); err != nil {
		t.Fatal(err)
	}
	if err := r.d.Committed.Commit(protocol.GroupTransactions, compat.TopicTransHalf, 0, 2); err != nil {
		t.Fatal(err)
	}
	r.d.Trans.Stop()
	r.d.Trans.Start()
	<-r.d.Trans.Replayed
	for what, c := range map[string]struct {
		half record.View
		want int64
	}{"committed": {committed, 1}, "given up": {givenUp, 2}} {
		e := ending(c.half, true)
		e.NoWait = true
		if err := r.End.End(e); err != ErrWouldWait {
			t.Errorf("%s, on the event loop: %v", what, err)
		}
		before := r.store.MaxOffset("T", 0)
		e.NoWait = false
		if err := r.End.End(e); err != nil || r.store.MaxOffset("T", 0)-before != c.want-1 {
			t.Errorf("%s: %v, %d messages more", what, err, r.store.MaxOffset("T", 0)-before)
		}
	}
}

// TestHalfWithoutAPlace: a half message that says no usable topic or queue is refused, and waits still.
func TestHalfWithoutAPlace(t *testing.T) {
	for _, props := range []string{"REAL_TOPIC\x01T\x02", "REAL_QID\x011\x02", "REAL_TOPIC\x01T\x02REAL_QID\x01x\x02",
		"REAL_TOPIC\x01T\x02REAL_QID\x01-1\x02", "REAL_TOPIC\x01\x02REAL_QID\x011\x02", "REAL_TOPIC\x01" +
			compat.TopicTransHalf +
			"\x02REAL_QID\x010\x02"} {
		r := newRig(t)
		a, err := r.store.Append(&store.Record{Message: record.Message{Topic: compat.TopicTransHalf, Body: []byte("x"),
			BornTimestamp: birth,
			Properties:    []byte("UNIQ_KEY\x01U\x02TRAN_MSG\x01true\x02PGROUP\x01p\x02" + props)}})
		if err != nil {
			t.Fatal(err)
		}
		e := &End{Group: "p", CommitLogOffset: a.Offset, QueueOffset: a.QueueOffset, Commit: true}
		err = r.End.End(e)
		if err == nil || r.store.MaxOffset("T", 1) != 0 {
			t.Errorf("%q: %v, %d messages", props, err, r.store.MaxOffset("T", 1))
			continue
		}
		if r.d.Trans.Halves.NextOpen(a.QueueOffset, a.QueueOffset+1) != a.QueueOffset {
			t.Errorf("%q: it has ended", props)
		}
	}
}

// TestMultiTagTopics: messages of topics with several tags say so, others do not.
func TestMultiTagTopics(t *testing.T) {
	r := newRig(t)
	for topic, kind := range map[string]string{"One": protocol.SingleTag, "Many": protocol.MultiTag} {
		c := protocol.NewTopicConfig(topic)
		c.TopicFilterType = kind
		if err := r.d.Topics.Update(c); err != nil {
			t.Fatal(err)
		}
		m := r.send(topic, "TAGS\x01a\x02", "x", to(0))
		if got := r.at(topic, 0, m.QueueOffset); got.SysFlag&record.SysFlagMultiTags != 0 != (kind == protocol.MultiTag) {
			t.Errorf("%s: flag %x", topic, got.SysFlag)
		}
	}
}

// TestLateIsStored: only what waits in vain for disk or slaves is stored all the same.
func TestLateIsStored(t *testing.T) {
	for err, want := range map[error]bool{store.ErrFlushTimeout: true, store.ErrReplicaTimeout: true,
		fmt.Errorf("x: %w", store.ErrFlushTimeout): true, store.ErrNotWritable: false, errors.New("x"): false} {
		if isLate(err) != want {
			t.Errorf("%v: late %v", err, !want)
		}
	}
}

// TestJoinsDuringCommit: who has to have a committed message is asked before and after it is stored: one that joins in
// between has to have it, one that leaves was to have it. Whoever does not wait waits for nobody.
func TestJoinsDuringCommit(t *testing.T) {
	r := newRig(t)
	r.send("T", "", "x", to(0))
	h := func() record.View { return r.half("T", "WAIT\x01true\x02", to(0)) }
	for _, c := range []struct {
		before, joins int64
		waits         bool
	}{{1, 0, false}, {1, 1, true}, {2, 0, true}, {2, -1, true}} {
		half := h()
		r.change(func(c *config.Config) {
			c.EnableControllerMode, c.BrokerRole, c.AllAckInSyncStateSet = true, "SYNC_MASTER", true
		})
		r.inSync.Store(c.before)
		r.joins.Store(c.joins)
		e := ending(half, true)
		if err := r.End.End(e); err != nil || e.Waits != c.waits {
			t.Errorf("%d in sync, %d more: waits %v, %v", c.before, c.joins, e.Waits, err)
		}
		r.joins.Store(0)
		r.change(func(c *config.Config) { c.EnableControllerMode, c.BrokerRole = false, "ASYNC_MASTER" })
	}
	half := r.half("T", "WAIT\x01false\x02", to(0))
	r.change(func(c *config.Config) { c.FlushDiskType = store.SyncFlush })
	e := ending(half, true)
	if err := r.End.End(e); err != nil || e.Waits {
		t.Errorf("a message that does not wait: waits %v, %v", e.Waits, err)
	}
}
