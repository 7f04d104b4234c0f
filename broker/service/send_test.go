package service

import (
	"errors"
	"strings"
	"testing"

	"gorocket/broker/config"
	"gorocket/broker/stats"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// TestSendStores: what is stored of a message, what the producer is told, what is counted.
func TestSendStores(t *testing.T) {
	r := newRig(t)
	m := r.send("T", "UNIQ_KEY\x01U1\x02TAGS\x01a\x02k\x01v\x02", "body", to(2), func(m *Send) {
		m.Record.Flag, m.Record.SysFlag, m.Record.ReconsumeTimes = 7, record.SysFlagCompressed, 1
	})
	got := r.at("T", 2, 0)
	if string(got.Body) != "body" || got.Flag != 7 || got.SysFlag&record.SysFlagCompressed == 0 ||
		got.ReconsumeTimes != 1 || got.BornTimestamp != birth || got.BornHost != producer ||
		got.StoreHost != r.d.StoreHost || got.QueueID != 2 {
		t.Errorf("%+v", got)
	}
	for name, want := range map[string]string{"UNIQ_KEY": "U1", "TAGS": "a", "k": "v", "MSG_REGION": "DefaultRegion",
		"TRACE_ON": "true", "CLUSTER": "cluster", "REAL_TOPIC": "-", "DELAY": "-"} {
		has(t, got, name, want)
	}
	if id := string(record.AppendMessageID(nil, r.d.StoreHost, got.PhysicalOffset)); string(m.MsgID) != id ||
		string(m.UniqKey) != "U1" || m.Stored.QueueID != 2 || m.QueueOffset != 0 || m.RecallHandle != "" || m.Sync {
		t.Errorf("told %+v, want %s", m.Stored, id)
	}
	if m.End != r.store.MaxPhyOffset() || m.End != got.PhysicalOffset+int64(got.Size) {
		t.Errorf("end %d, the log's %d", m.End, r.store.MaxPhyOffset())
	}
	if again := r.send("T", "", "x", to(2)); again.QueueOffset != 1 || len(again.UniqKey) != 32 {
		t.Errorf("the next one: %+v", again.Stored)
	}
	if r.d.Stats.Puts.Load() != 2 || r.d.Stats.PutBytes.Load() != r.store.MaxPhyOffset() ||
		r.d.Stats.Times.Counted.Load() != 2 || r.d.Stats.Times.InMinute() != 2 || r.d.Stats.Times.Failed.Load() != 0 {
		t.Errorf("counted %d, %d bytes, %d, failed %d", r.d.Stats.Puts.Load(), r.d.Stats.PutBytes.Load(),
			r.d.Stats.Times.Counted.Load(), r.d.Stats.Times.Failed.Load())
	}
}

// TestSendIsUsedAgain: a state that is used again carries nothing over from the send before.
func TestSendIsUsedAgain(t *testing.T) {
	r := newRig(t)
	m := r.message("T", "UNIQ_KEY\x01U1\x02TRAN_MSG\x01true\x02PGROUP\x01p\x02", "half")
	if err := r.Send.Send(m); err != nil {
		t.Fatal(err)
	}
	if m.half = true; string(m.UniqKey) != "U1" {
		t.Errorf("%q", m.UniqKey)
	}
	m.Reset()
	if m.Record.Body != nil || m.Properties != nil || m.half || m.leader != nil || m.topic != "" || m.TopicMade {
		t.Errorf("%+v", m)
	}
	next := r.message("T", "UNIQ_KEY\x01U2\x02", "plain")
	m.Record, m.Properties, m.MaxReconsume, m.Received = next.Record, next.Properties, -1, birth
	if err := r.Send.Send(m); err != nil {
		t.Fatal(err)
	}
	got := r.at("T", m.Stored.QueueID, 0)
	if string(got.Body) != "plain" || string(m.UniqKey) != "U2" {
		t.Errorf("%q %q", got.Body, m.UniqKey)
	}
	has(t, got, "TRAN_MSG", "-")
	m.props.text = make([]byte, 0, 65<<10)
	if m.Reset(); m.props.text != nil {
		t.Error("memory of a large message is kept")
	}
}

// TestSendOnTheLoop: an append that may not wait is written by Publish, with the time at which its request came.
func TestSendOnTheLoop(t *testing.T) {
	r := newRig(t)
	r.send("T", "", "makes the topic", to(1))
	onLoop := func(m *Send) { m.NoWait, m.Received = true, birth+5 }
	m := r.send("T", "", "x", to(0), onLoop)
	if n := r.store.MaxOffset("T", 0); n != 0 {
		t.Errorf("%d messages before Publish", n)
	}
	if n := r.d.Stats.Times.Counted.Load(); n != 1 {
		t.Errorf("%d counted: those of a turn are counted together", n)
	}
	if err := r.store.Publish(m.End); err != nil {
		t.Fatal(err)
	}
	if got := r.at("T", 0, 0); got.StoreTimestamp < birth+5 || string(got.Body) != "x" {
		t.Errorf("%+v", got)
	}
	if err := r.Send.Send(r.message("New", "", "x")); err != nil {
		t.Fatal(err)
	}
	unknown := r.message("Other", "", "x")
	unknown.NoWait = true
	if err := r.Send.Send(unknown); err != ErrWouldWait || r.d.Topics.Get("Other") != nil {
		t.Errorf("a topic is made on the event loop: %v", err)
	}
}

// TestStoreTimeNeverGoesBack: turns of two event loops that began one behind the other may append in the other order;
// who looks for a time in a queue relies on them being in order.
func TestStoreTimeNeverGoesBack(t *testing.T) {
	r := newRig(t)
	r.send("T", "", "makes the topic", to(1))
	last := int64(0)
	for i, received := range []int64{birth + 100_000_000_000, birth + 99_999_999_990, birth, birth + 100_000_000_001} {
		m := r.send("T", "", "x", to(0), func(m *Send) { m.NoWait, m.Received = true, received })
		if err := r.store.Publish(m.End); err != nil {
			t.Fatal(err)
		}
		got := r.at("T", 0, m.QueueOffset)
		if got.StoreTimestamp < last {
			t.Errorf("message %d has %d, the one before it %d", i, got.StoreTimestamp, last)
		}
		last = got.StoreTimestamp
	}
	if last != birth+100_000_000_001 {
		t.Errorf("the newest has %d", last)
	}
}

// TestSendSync: under SYNC_FLUSH a send asks for the disk, unless the producer does not wait for anything.
func TestSendSync(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.FlushDiskType = store.SyncFlush })
	m := r.send("T", "", "x")
	if !m.Sync {
		t.Fatal("no wait for the disk")
	}
	if err := r.kept(m); err != nil || r.store.FlushedOffset() < m.End {
		t.Errorf("%v, flushed up to %d of %d", err, r.store.FlushedOffset(), m.End)
	}
	for what, m := range map[string]*Send{"WAIT=false": r.send("T", "WAIT\x01false\x02", "x"),
		"one way": r.send("T", "", "x", func(m *Send) { m.NoPromise = true })} {
		if m.Sync {
			t.Errorf("%s waits for the disk", what)
		}
	}
	if n := r.d.Stats.Times.InMinute(); n != 3 {
		t.Errorf("%d times counted", n)
	}
	failed, p := r.d.Stats.Times.Failed.Load(), m.Promise()
	p.End = r.store.MaxPhyOffset() + 1
	limit := p.Received + int64(r.d.Config.Load().SyncFlushTimeout)
	if done, err := r.Send.Kept(&p, limit-1); done || err != nil {
		t.Errorf("decided before its time: %v", err)
	}
	if done, err := r.Send.Kept(&p, limit); !done || err != ErrFlushTimeout {
		t.Errorf("a slow disk: %v, %v", done, err)
	}
	if n := r.d.Stats.Times.Failed.Load(); n != failed+1 {
		t.Errorf("%d failures, want one more than %d", n, failed)
	}
}

// TestSendRefusals: reasons and words, in Java's order.
func TestSendRefusals(t *testing.T) {
	r := newRig(t)
	r.send("T", "", "x")
	r.group("g")
	order := protocol.NewTopicConfig("O")
	order.Order = true
	if err := r.d.Topics.Update(order); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		topic, props string
		change       func(*Send)
		why          Reason
		text         string
	}{
		"no body":          {"T", "", func(m *Send) { m.Record.Body = nil }, NoBody, "java.lang.NullPointerException"},
		"no number":        {"T", "DELAY\x01x\x02", nil, BadProperty, "java.lang.NumberFormatException"},
		"no queue":         {"T", "", to(4), BadArgument, "request queueId[4] is illegal"},
		"no name":          {"a b", "", nil, BadArgument, "The specified topic"},
		"a system's topic": {compat.TopicSchedule, "", nil, NotPermitted, "Sending message to topic[SCHEDULE_TOPIC_XXXX]"},
		"no default topic": {"U", "", func(m *Send) { m.DefaultTopic = "none" }, NoTopic, "topic[U] not exist"},
		"inner batch":      {"T", "", func(m *Send) { m.Record.SysFlag = record.SysFlagInnerBatch }, IllegalMessage, "the mess"},
		"inner number":     {"T", "INNER_NUM\x013\x02", nil, IllegalMessage, "the message is illegal"},
		"too large":        {"T", "", func(m *Send) { m.Record.Body = make([]byte, 4<<20+1) }, IllegalMessage, "the message"},
		"batch of retries": {"%RETRY%g", "", func(m *Send) { m.Batch = true }, IllegalMessage, "batch request does not"},
		"late batch":       {"T", "DELAY\x011\x02", func(m *Send) { m.Batch = true }, IllegalMessage, "the message is ill"},
		"half batch": {"T", "", func(m *Send) { m.Batch, m.Record.SysFlag = true, record.SysFlagPrepared },
			IllegalMessage, "the message is illegal"},
		"cut batch": {"T", "", func(m *Send) { m.Batch = true }, BadBatch, "java.nio.BufferUnderflowException"},
	} {
		m := r.message(c.topic, c.props, "body")
		if c.change != nil {
			c.change(m)
		}
		puts := r.d.Stats.Puts.Load()
		t.Run(what, func(t *testing.T) { refused(t, r.Send.Send(m), c.why, c.text) })
		if r.d.Stats.Puts.Load() != puts {
			t.Errorf("%s: counted as stored", what)
		}
	}
	r.change(func(c *config.Config) { c.BrokerPermission = protocol.PermRead })
	refused(t, r.Send.Send(r.message("O", "", "x")), NotPermitted, "the broker[10.0.0.1] sending message is forbidden")
	r.send("T", "", "clients obey the route, the broker does not look")
	r.change(func(c *config.Config) { c.StartAcceptSendRequestTime = birth + 1 })
	refused(t, r.Send.Send(r.message("T", "", "x")), NotYet, "broker unable to service, until "+itoa(birth+1))
	r.send("T", "", "x", func(m *Send) { m.Received = birth + 1 })
}

// TestSendToAClosedStore: a store that takes nothing any more is told apart from a message that it does not like.
func TestSendToAClosedStore(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.FlushDiskType = store.SyncFlush })
	r.send("T", "", "x")
	r.mem.Inject(func(op, _ string) error {
		if op == "sync" {
			return errors.New("the disk is broken")
		}
		return nil
	})
	refused(t, r.kept(r.send("T", "", "y")), Unavailable, "service not available now.")
	refused(t, r.Send.Send(r.message("T", "", "z")), Unavailable, "service not available now.")
	if n := r.d.Stats.Times.Failed.Load(); n != 2 {
		t.Errorf("%d failures", n)
	}
}

// TestNewTopic: the first send makes its topic by the default one, and is not stored before somebody has waited.
func TestNewTopic(t *testing.T) {
	r := newRig(t)
	m := r.message("T", "", "x")
	m.TopicMade, m.Unit = false, true
	if err := r.Send.Send(m); err != ErrNewTopic || r.store.MaxPhyOffset() != 0 {
		t.Fatalf("%v, the log has %d bytes", err, r.store.MaxPhyOffset())
	}
	c := r.d.Topics.Get("T")
	if c == nil || c.WriteQueueNums != 4 || c.ReadQueueNums != 4 || c.TopicSysFlag != protocol.TopicFlagUnit {
		t.Fatalf("%+v", c)
	}
	if err := r.Send.Send(m); err != nil {
		t.Errorf("the second time: %v", err)
	}
	if big := r.send("Big", "", "x", func(m *Send) { m.DefaultQueues = 100 }); r.d.Topics.Get("Big").WriteQueueNums != 8 {
		t.Errorf("%+v", big.Stored)
	}
	r.change(func(c *config.Config) { c.AutoCreateTopicEnable = false })
	refused(t, r.Send.Send(r.message("V", "", "x")), NoTopic, "topic[V] not exist, apply first please!")
	r.group("g")
	retry := r.send("%RETRY%g", "", "x", func(m *Send) { m.Unit = true })
	if c := r.d.Topics.Get("%RETRY%g"); c == nil || c.WriteQueueNums != 1 || c.TopicSysFlag != protocol.TopicFlagUnitSub {
		t.Errorf("retry topic %+v, %+v", c, retry.Stored)
	}
	r.d.Topics.Limit = func() int { return 1 }
	refused(t, r.Send.Send(r.message("%RETRY%h", "", "x")), NoTopic, "topic[%RETRY%h] not exist")
}

// TestRetryOrDeadLetter: a client that sends a failed message again itself: one attempt more than the limit leads to
// the dead letters, the limit does not.
func TestRetryOrDeadLetter(t *testing.T) {
	r := newRig(t)
	r.group("g", func(g *protocol.SubscriptionGroupConfig) { g.RetryMaxTimes = 3 })
	const dead = "%DLQ%g"
	try := func(attempts, asked int32) bool {
		t.Helper()
		before := r.store.MaxOffset(dead, 0)
		r.send("%RETRY%g", "DELAY\x012\x02", "x", func(m *Send) {
			m.Record.ReconsumeTimes, m.MaxReconsume = attempts, asked
		})
		return r.store.MaxOffset(dead, 0) > before
	}
	for _, c := range []struct {
		attempts, asked int32
		dead            bool
	}{{0, -1, false}, {3, -1, false}, {4, -1, true}, {1, 1, false}, {2, 1, true}, {16, 16, false}, {17, 16, true},
		{0, 0, false}, {1, 0, true}} {
		if got := try(c.attempts, c.asked); got != c.dead {
			t.Errorf("%d attempts of %d: dead %v", c.attempts, c.asked, got)
		}
	}
	got := r.at(dead, 0, 0)
	has(t, got, "DELAY", "-1")
	if n := r.d.DeadLetters.Snapshot()[stats.GroupTopic{Group: "g", Topic: "%RETRY%g"}]; n != 4 {
		t.Errorf("%d dead letters counted", n)
	}
	if n := r.store.MaxOffset(dispatch.ScheduleTopic, 1); n != 5 {
		t.Errorf("%d wait in level 2", n)
	}
	r.d.Locks.Lock("g", "c", []protocol.MessageQueue{{Topic: "T", BrokerName: "broker-a"}})
	if !try(0, -1) {
		t.Error("a group that reads in order gets a message again behind the next ones")
	}
	r.clock.Add(120_000)
	if try(0, -1) {
		t.Error("an order lock that has expired counts")
	}
	r.change(func(c *config.Config) { c.AutoCreateSubscriptionGroup = false })
	refused(t, r.Send.Send(r.message("%RETRY%none", "", "x")), NoGroup, "subscription group not exist, none")
}

// TestDelayLevels: a message with a level is parked in its queue, one beyond the highest in the highest.
func TestDelayLevels(t *testing.T) {
	r := newRig(t)
	for level, queue := range map[string]int32{"1": 0, "3": 2, "5": 4, "6": 4, "99": 4} {
		before := r.store.MaxOffset(dispatch.ScheduleTopic, queue)
		m := r.send("T", "DELAY\x01"+level+"\x02", "x", to(1))
		if m.Stored.QueueID != 1 || m.QueueOffset != before {
			t.Errorf("level %s: told %+v", level, m.Stored)
		}
		got := r.at(dispatch.ScheduleTopic, queue, before)
		has(t, got, "REAL_TOPIC", "T")
		has(t, got, "REAL_QID", "1")
		has(t, got, "DELAY", itoa(int64(queue+1)))
	}
	for _, none := range []string{"0", "-1"} {
		m := r.send("T", "DELAY\x01"+none+"\x02", "x", to(0))
		has(t, r.at("T", 0, m.QueueOffset), "REAL_TOPIC", "-")
	}
	m := r.send("T", "DELAY\x012\x02TIMER_DELAY_SEC\x0160\x02", "x", to(0))
	got := r.at(dispatch.ScheduleTopic, 1, m.QueueOffset)
	if has(t, got, "TIMER_DELAY_SEC", "-"); m.RecallHandle != "" {
		t.Error("a level and a time: the level wins, as in Java")
	}
}

// TestHalfMessage: a half message waits in its own topic with the real one in its properties; levels act later.
func TestHalfMessage(t *testing.T) {
	r := newRig(t)
	m := r.send("T", "UNIQ_KEY\x01U\x02TRAN_MSG\x01true\x02PGROUP\x01p\x02DELAY\x012\x02REAL_TOPIC\x01forged\x02"+
		"REAL_QID\x019\x02__transactionId__\x01forged\x02", "x", to(3), func(m *Send) {
		m.Record.SysFlag = record.SysFlagPrepared
	})
	got := r.at(compat.TopicTransHalf, 0, 0)
	for name, want := range map[string]string{"REAL_TOPIC": "T", "REAL_QID": "3", "__transactionId__": "U", "DELAY": "2"} {
		has(t, got, name, want)
	}
	if got.SysFlag&record.SysFlagTransaction != 0 || m.Stored.QueueID != 3 {
		t.Errorf("flag %x, told %+v", got.SysFlag, m.Stored)
	}
	if strings.Contains(string(got.Properties), "forged") {
		t.Errorf("what only the broker says was taken from the sender: %q", got.Properties)
	}
	again := r.send("T", "TRAN_MSG\x01true\x02DELAY\x011\x02", "a retry", func(m *Send) { m.Record.ReconsumeTimes = 1 })
	if n := r.store.MaxOffset(compat.TopicTransHalf, 0); n != 1 {
		t.Errorf("a retry of a committed message is a half message: %+v", again.Stored)
	}
	r.change(func(c *config.Config) { c.RejectTransactionMessage = true })
	refused(t, r.Send.Send(r.message("T", "TRAN_MSG\x01true\x02", "x")), NotPermitted,
		"the broker[10.0.0.1] sending transaction message is forbidden")
}
