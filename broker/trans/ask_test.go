package trans

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/broker/clients"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
)

// question is what a producer was asked.
type question struct {
	h wire.CheckTransactionStateRequestHeader
	m record.View
}

// producer makes a member of group p, which hands on what it is asked.
func (r *rig) producer(t *testing.T, group string) (asked chan question, conn *remoting.Conn) {
	t.Helper()
	asked = make(chan question, 100)
	got := make(chan *remoting.Conn, 1)
	addr := remotingtest.Serve(t, remoting.Entry{Code: 1, Handle: func(ctx *remoting.Context) {
		got <- ctx.Conn()
		ctx.OK(nil)
	}})
	cl := remotingtest.Client(t, remoting.Entry{Code: wire.ReqCheckTransactionState, Handle: func(ctx *remoting.Context) {
		var q question
		err := wire.CheckTransactionStateRequest.Decode(ctx.Req, nil, &q.h)
		if err == nil {
			q.m, err = record.Decode(slices.Clone(ctx.Req.Body))
		}
		if err != nil {
			t.Error(err)
		}
		asked <- q
	}})
	if _, err := remoting.Call(t.Context(), cl, addr, 1, wire.None, new(wire.NoHeader), nil); err != nil {
		t.Fatal(err)
	}
	conn = <-got
	if err := r.d.Producers.Register(group, clients.Client{Conn: conn, ID: "p@1",
		LastSeen: r.now.UnixMilli()}); err != nil {
		t.Fatal(err)
	}
	return asked, conn
}

// half stores one half message of group p that is so old; more are properties.
func (r *rig) half(t *testing.T, body string, age time.Duration, more string) store.Appended {
	t.Helper()
	rec := store.Record{Message: record.Message{Topic: compat.TopicTransHalf, Body: []byte(body),
		BornTimestamp: r.now.Add(-age).UnixMilli(), Properties: []byte("REAL_TOPIC\x01T\x02REAL_QID\x013\x02PGROUP\x01p\x02" +
			"UNIQ_KEY\x01u" + body + "\x02TAGS\x01tag\x02" + more)}}
	a, err := r.store.Append(&rec)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func next(t *testing.T, asked chan question) question {
	t.Helper()
	select {
	case q := <-asked:
		return q
	case <-time.After(10 * time.Second):
		t.Fatal("nobody was asked")
		return question{}
	}
}

// TestQuestionNamesTheCopy: a producer is asked with its message as its topic would have it, and where the copy lies
// that
// it may end; a message whose queue is no number is asked about by nobody, and counts as asked.
func TestQuestionNamesTheCopy(t *testing.T) {
	r := newRig(t)
	asked, _ := r.producer(t, "p")
	r.half(t, "x", time.Minute, "")
	odd := store.Record{Message: record.Message{Topic: compat.TopicTransHalf, Body: []byte("odd"),
		BornTimestamp: r.now.Add(-time.Minute).UnixMilli(),
		Properties:    []byte("REAL_TOPIC\x01T\x02REAL_QID\x01x\x02PGROUP\x01p\x02")}}
	if _, err := r.store.Append(&odd); err != nil {
		t.Fatal(err)
	}
	r.half(t, "y", time.Minute, "")
	first := *r.last(t, compat.TopicTransHalf)
	r.now = time.UnixMilli(first.StoreTimestamp + 1)
	r.passes()
	r.check(make(chan struct{}))
	for i, body := range []string{"x", "y"} {
		q := next(t, asked)
		at := int64(3 + 2*i) // behind the three, the odd one's copy between
		copied, err := r.store.ReadRecord(q.h.CommitLogOffset, nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := record.Decode(copied)
		if err != nil || c.QueueOffset != at || string(c.Topic) != compat.TopicTransHalf || string(c.Body) != body {
			t.Errorf("%s: the copy is %d %s %q, %v", body, c.QueueOffset, c.Topic, c.Body, err)
		}
		if q.h.Topic != compat.TopicTransHalf || q.h.TranStateTableOffset != at || q.h.MsgID != "u"+body ||
			q.h.TransactionID != "u"+body || q.h.BrokerName != "broker-a" ||
			q.h.OffsetMsgID != string(record.AppendMessageID(nil, c.StoreHost, c.PhysicalOffset)) {
			t.Errorf("%s: asked with %+v", body, q.h)
		}
		times, _ := q.m.Property(protocol.PropCheckTimes)
		if string(q.m.Topic) != "T" || q.m.QueueID != 3 || string(q.m.Body) != body || q.m.QueueOffset != at ||
			q.m.PhysicalOffset != q.h.CommitLogOffset || string(times) != "1" {
			t.Errorf("%s: shown as %s/%d %q at %d, asked %s times", body, q.m.Topic, q.m.QueueID, q.m.Body, q.m.QueueOffset,
				times)
		}
	}
	if n := len(asked); n != 0 || r.round.asked != 3 {
		t.Errorf("%d more questions, %d counted", n, r.round.asked)
	}
	if r.store.MaxOffset(compat.TopicTransHalf, 0) != 6 || r.progress(compat.TopicTransHalf) != 3 {
		t.Errorf("%d half messages, progress %d", r.store.MaxOffset(compat.TopicTransHalf, 0),
			r.progress(compat.TopicTransHalf))
	}
}

// TestRoundStopsAtWhatFails: with a store that takes nothing nobody is asked and nothing is given up; the next round
// begins at the same place.
func TestRoundStopsAtWhatFails(t *testing.T) {
	r := newRig(t)
	asked, _ := r.producer(t, "p")
	r.half(t, "dead", 2*time.Hour, "")
	r.half(t, "x", time.Minute, "")
	r.now = time.UnixMilli(r.last(t, compat.TopicTransHalf).StoreTimestamp + 1)
	r.passes()
	r.mem.Inject(func(op, name string) error {
		if op == "write" && strings.Contains(name, "/commitlog/") {
			return errors.New("disk")
		}
		return nil
	})
	waiting := r.Counts.Add("T", 2)
	r.check(make(chan struct{}))
	r.mem.Inject(nil)
	if n, _, _ := waiting.Snapshot(); len(asked) != 0 || r.round.asked != 0 || n != 2 ||
		r.progress(compat.TopicTransHalf) > 0 {
		t.Errorf("%d questions, %d counted, %d wait, progress %d", len(asked), r.round.asked, n,
			r.progress(compat.TopicTransHalf))
	}
	if _, c := r.Halves.Claim(0); c != Claimed {
		t.Errorf("what failed is still claimed: %d", c)
	}
}

// TestRoundWaitsForWhoEndsIt: a half message that somebody ends this moment is looked at again in a moment.
func TestRoundWaitsForWhoEndsIt(t *testing.T) {
	for _, ends := range []bool{true, false} {
		r := newRig(t)
		asked, _ := r.producer(t, "p")
		r.half(t, "x", time.Minute, "")
		r.half(t, "y", time.Minute, "")
		r.now = time.UnixMilli(r.last(t, compat.TopicTransHalf).StoreTimestamp + 1)
		r.passes()
		at, c := r.Halves.Claim(0)
		if c != Claimed {
			t.Fatal(c)
		}
		done := make(chan struct{})
		go func() { r.check(make(chan struct{})); close(done) }()
		select {
		case <-done:
			t.Fatal("the round goes past what somebody has claimed")
		case <-time.After(30 * time.Millisecond):
		}
		r.Halves.Release(at, ends)
		<-done
		want := []string{"x", "y"}
		if ends {
			want = want[1:]
		}
		for _, body := range want {
			if q := next(t, asked); string(q.m.Body) != body {
				t.Errorf("ended %v: asked about %q, want %q", ends, q.m.Body, body)
			}
		}
		if len(asked) != 0 {
			t.Errorf("ended %v: %d more questions", ends, len(asked))
		}
	}
	r := newRig(t)
	r.half(t, "x", time.Minute, "")
	r.now = time.UnixMilli(r.last(t, compat.TopicTransHalf).StoreTimestamp + 1)
	r.passes()
	_, _ = r.Halves.Claim(0)
	stop := make(chan struct{})
	time.AfterFunc(20*time.Millisecond, func() { close(stop) })
	r.check(stop) // returns
}

// TestOffsetsThatWereReset: a progress that somebody set back is taken: what ended since is read again, what did not is
// asked about.
func TestOffsetsThatWereReset(t *testing.T) {
	r := newRig(t)
	asked, _ := r.producer(t, "p")
	for _, body := range []string{"a", "b", "c"} {
		r.half(t, body, time.Minute, "")
	}
	r.Halves.reset(0)
	r.replay(nil)
	r.now = time.UnixMilli(r.last(t, compat.TopicTransHalf).StoreTimestamp + 1)
	r.passes()
	for at := range int64(3) {
		_, _ = r.Halves.Claim(at)
		r.Halves.Release(at, true)
	}
	r.ops.add(4096, 0, 0) // the others are not in the op queue: who sets back wants them again
	r.writeOps(time.Now().Add(2 * r.d.Settings().OpBatchInterval))
	r.advance(3)
	if r.progress(compat.TopicTransHalf) != 3 {
		t.Fatal("progress", r.progress(compat.TopicTransHalf))
	}
	for _, topic := range []string{compat.TopicTransHalf, compat.TopicTransOpHalf} {
		if err := r.d.Offsets.Commit(protocol.GroupTransactions, topic, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	r.check(make(chan struct{}))
	for _, body := range []string{"b", "c"} {
		if q := next(t, asked); string(q.m.Body) != body {
			t.Errorf("asked about %q, want %q", q.m.Body, body)
		}
	}
	if len(asked) != 0 || r.Replaying() {
		t.Errorf("%d more questions, replaying %v", len(asked), r.Replaying())
	}
}

// TestAskInPlace: who stands in for the master asks about what is old enough, once a round, stores nothing, and notes
// what
// it ends.
func TestAskInPlace(t *testing.T) {
	r := newRig(t)
	asked, conn := r.producer(t, "p")
	r.half(t, "a", time.Minute, "")
	r.half(t, "young", time.Second, "")
	r.half(t, "ended", time.Minute, "")
	r.half(t, "immune", time.Minute, "CHECK_IMMUNITY_TIME_IN_SECONDS\x01600\x02")
	r.half(t, "future", -time.Minute, "")
	at := r.half(t, "b", time.Minute, "")
	r.Halves.reset(0)
	r.Halves.settle(2)
	for round := range 2 {
		r.askInPlace(make(chan struct{}))
		for _, body := range []string{"a", "future", "b"} {
			q := next(t, asked)
			if string(q.m.Body) != body {
				t.Errorf("round %d: asked about %q, want %q", round, q.m.Body, body)
			}
			if body == "b" && (q.h.TranStateTableOffset != 5 || q.h.CommitLogOffset != at.Offset || q.m.QueueOffset != 5) {
				t.Errorf("asked with %+v", q.h)
			}
		}
		if r.round.asked != 3 || r.store.MaxOffset(compat.TopicTransHalf, 0) != 6 || len(asked) != 0 {
			t.Errorf("round %d: %d asked, %d half messages, %d more questions", round, r.round.asked,
				r.store.MaxOffset(compat.TopicTransHalf, 0), len(asked))
		}
	}
	counts := r.Counts.Add("T", 6)
	r.EndedInPlace(ActedEnd{Group: "p", Topic: "T", CommitLogOffset: at.Offset, QueueOffset: 5}, true, 1000)
	if n, commits, _ := counts.Snapshot(); r.Acted.Len() != 1 || n != 5 || commits != 1 {
		t.Errorf("%d noted, %d wait, %d committed", r.Acted.Len(), n, commits)
	}
	settings := r.d.Settings
	r.d.Settings = func() Settings { s := settings(); s.Slave = true; return s }
	r.settleActed()
	if r.Halves.NextOpen(5, 6) != 6 || !r.Noted() {
		t.Error("what was ended waits still, or is to be noted by a slave")
	}
	r.d.Producers.Unregister("p", conn)
	r.askInPlace(make(chan struct{}))
	if r.round.asked != 0 || len(asked) != 0 {
		t.Errorf("nobody is there, %d asked", r.round.asked)
	}
	stopped := make(chan struct{})
	close(stopped)
	if err := r.d.Producers.Register("p", clients.Client{Conn: conn, ID: "p@1", LastSeen: r.now.UnixMilli()}); err != nil {
		t.Fatal(err)
	}
	if r.askInPlace(stopped); r.round.asked != 0 {
		t.Errorf("behind the end %d were asked", r.round.asked)
	}
}

// TestPaceOfQuestions: with so many questions unanswered a round waits for answers.
func TestPaceOfQuestions(t *testing.T) {
	for _, slave := range []bool{false, true} {
		r := newRig(t)
		asked, _ := r.producer(t, "p")
		r.round.pace = questionPace{most: 2, patience: time.Hour}
		for i := range 5 {
			r.half(t, fmt.Sprint(i), time.Minute, "")
		}
		r.now = time.UnixMilli(r.last(t, compat.TopicTransHalf).StoreTimestamp + 1)
		r.passes()
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			if slave {
				r.askInPlace(stop)
			} else {
				r.check(stop)
			}
			close(done)
		}()
		for range 2 {
			next(t, asked)
		}
		select {
		case q := <-asked:
			t.Errorf("slave %v: asked about %q though two are open", slave, q.m.Body)
		case <-time.After(30 * time.Millisecond):
		}
		r.Answered()
		if q := next(t, asked); string(q.m.Body) != "2" {
			t.Errorf("slave %v: asked about %q", slave, q.m.Body)
		}
		close(stop)
		<-done
	}
}

// TestServiceRuns: a service that was started asks every interval, notes ends after their interval and at the stop, and
// can be started again; a slave's writes nothing.
func TestServiceRuns(t *testing.T) {
	r := newRig(t)
	asked, _ := r.producer(t, "p")
	settings, slave := r.d.Settings, false
	r.d.Settings = func() Settings {
		s := settings()
		s.CheckInterval, s.OpBatchInterval, s.Slave = 20*time.Millisecond, 30*time.Millisecond, slave
		return s
	}
	ops := func() int64 { return r.store.MaxOffset(compat.TopicTransOpHalf, 0) }
	r.half(t, "a", time.Minute, "")
	r.half(t, "b", time.Minute, "")
	r.now = time.UnixMilli(r.last(t, compat.TopicTransHalf).StoreTimestamp + 1)
	r.passes()
	r.Start()
	for range 2 {
		next(t, asked)
	}
	testutil.WaitFor(t, "the op queue is read", func() bool { return !r.Replaying() })
	end := r.store.MaxOffset(compat.TopicTransHalf, 0)
	for at := range end {
		if place, c := r.Halves.Claim(at); c == Claimed {
			r.Halves.Release(place, true)
			r.Ended("T", at, place, true, 1000, 4096)
		}
	}
	testutil.WaitFor(t, "an op message", func() bool { return ops() > 0 && r.Noted() })
	_, commits, _ := r.Counts.Of("T").Snapshot()
	if commits != 2 {
		t.Errorf("%d commits are counted", commits)
	}
	r.half(t, "late", 0, "")
	_, _ = r.Halves.Claim(r.store.MaxOffset(compat.TopicTransHalf, 0) - 1)
	last := r.store.MaxOffset(compat.TopicTransHalf, 0) - 1
	r.Halves.Release(last, true)
	before := ops()
	r.Ended("T", last, last, false, 1000, 4096)
	r.Stop()
	if ops() <= before || r.progress(compat.TopicTransHalf) != last+1 {
		t.Errorf("at the stop %d op messages, progress %d, want %d", ops()-before, r.progress(compat.TopicTransHalf), last+1)
	}
	slave = true
	before = ops()
	r.Start()
	testutil.WaitFor(t, "the op queue is read", func() bool { return !r.Replaying() })
	r.ops.add(1, 1, 1)
	time.Sleep(50 * time.Millisecond)
	r.Stop()
	if ops() != before {
		t.Error("a slave writes op messages")
	}
}

// TestCommittedBefore: a committed copy is found by the message's id, birth and body; others of that id are not taken
// for
// it.
func TestCommittedBefore(t *testing.T) {
	for what, c := range map[string]struct {
		edit func(m *record.Message)
		want bool
	}{
		"the copy":         {func(*record.Message) {}, true},
		"not committed":    {func(m *record.Message) { m.SysFlag = 0 }, false},
		"rolled back":      {func(m *record.Message) { m.SysFlag = record.SysFlagTransaction }, false},
		"another body":     {func(m *record.Message) { m.Body = []byte("y") }, false},
		"a longer one":     {func(m *record.Message) { m.Body = []byte("xx") }, false},
		"born later":       {func(m *record.Message) { m.BornTimestamp++ }, false},
		"of another topic": {func(m *record.Message) { m.Topic = "U" }, false},
		"another id":       {func(m *record.Message) { m.Properties = []byte("UNIQ_KEY\x01other\x02") }, false},
	} {
		r := newRig(t)
		r.half(t, "x", time.Minute, "")
		half := r.last(t, compat.TopicTransHalf)
		m := record.Message{Topic: "T", Body: []byte("x"), BornTimestamp: half.BornTimestamp, SysFlag: record.SysFlagCommit,
			Properties: []byte("UNIQ_KEY\x01ux\x02")}
		c.edit(&m)
		if _, err := r.store.Append(&store.Record{Message: m}); err != nil {
			t.Fatal(err)
		}
		if got := r.CommittedBefore(half); got != c.want {
			t.Errorf("%s: found %v", what, got)
		}
		// a start finds the same in the log, behind what the op queue says
		r.Halves.reset(0)
		r.replay(nil)
		if ended := r.Halves.NextOpen(0, 1) == 1; ended != (c.want || what == "of another topic") {
			t.Errorf("%s: ended at a start: %v", what, ended)
		}
	}
	r := newRig(t)
	r.half(t, "x", time.Minute, "")
	half := *r.last(t, compat.TopicTransHalf)
	for _, p := range []string{"", "UNIQ_KEY\x01ux\x02", "REAL_TOPIC\x01T\x02"} {
		half.Properties = []byte(p)
		if r.CommittedBefore(&half) {
			t.Errorf("with %q it is found", p)
		}
	}
}

// TestReplayTellsAndJoins: copies that a kill left twice are one half message, which ends once, and op messages name
// the
// older place.
func TestReplayTellsAndJoins(t *testing.T) {
	r := newRig(t)
	r.half(t, "x", time.Minute, "")
	r.half(t, "y", time.Minute, "")
	r.half(t, "x", time.Minute, "TRANSACTION_CHECK_TIMES\x011\x02")
	r.Halves.reset(0)
	r.replay(nil)
	if at, c := r.Halves.Claim(0); c != Claimed || at != 2 {
		t.Errorf("the first place leads to %d, %d", at, c)
	}
	r.Halves.Release(2, true)
	var named []int64
	r.ops.waiting(func(half int64) { named = append(named, half) })
	if !slices.Equal(named, []int64{0}) || r.Halves.NextOpen(0, 3) != 1 || r.Halves.NextOpen(2, 3) != 3 {
		t.Errorf("op messages will name %v; open are %d, %d", named, r.Halves.NextOpen(0, 3), r.Halves.NextOpen(2, 3))
	}
}

// TestActedFile: the file keeps the ends, at most so many; a broken one is an error; what was told goes, the oldest
// first.
func TestActedFile(t *testing.T) {
	var a, b Acted
	marked := 0
	a.Changed, b.Changed = func() { marked++ }, func() {}
	for at := range int64(5) {
		a.Add(ActedEnd{Group: "g", Topic: "T", CommitLogOffset: at * 10, QueueOffset: at})
	}
	text, err := a.Encode()
	if err != nil || marked != 5 {
		t.Fatal(err, marked)
	}
	if err := b.Load(text); err != nil || !slices.Equal(b.List(), a.List()) {
		t.Errorf("%v, %v", b.List(), err)
	}
	if b.Load([]byte("{")) == nil || b.Len() != 5 {
		t.Error("half a file is taken")
	}
	if a.Told(2); a.Len() != 3 || a.List()[0].QueueOffset != 2 || marked != 6 {
		t.Errorf("%v, marked %d times", a.List(), marked)
	}
	if a.Told(7); a.Len() != 0 {
		t.Errorf("%v", a.List())
	}
	a.ends = make([]ActedEnd, maxActed-1)
	if a.Room() != nil {
		t.Error("one less than may be, and no room")
	}
	if n, err := a.Take([]byte(`{"ends":[{"queueOffset":7},{"queueOffset":7},{"queueOffset":8}]}`)); n != 1 || err != nil {
		t.Errorf("%d taken, %v", n, err)
	}
	if !errors.Is(a.Room(), ErrActedFull) {
		t.Error("there is room behind the last")
	}
}
