package service

import (
	"testing"

	"gorocket/broker/config"
	"gorocket/broker/stats"
	"gorocket/remoting/protocol"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// back sends a message back for group g.
func (r *rig) back(offset int64, level, limit int32) error {
	return r.Send.SendBack(&Back{Group: "g", Offset: offset, DelayLevel: level, MaxReconsume: limit})
}

// TestSendBackDelays: level 0 goes up with the attempts, a level of the consumer's is taken, none is above the highest.
func TestSendBackDelays(t *testing.T) {
	r := newRig(t)
	r.group("g")
	r.send("T", "TAGS\x01a\x02KEYS\x01k\x02", "body", to(1), func(m *Send) { m.Record.Flag = 5 })
	first := r.at("T", 1, 0)
	for _, c := range []struct {
		attempts, level int32
		queue           int32 // of the schedule topic: the level less one
	}{{0, 0, 2}, {1, 0, 3}, {2, 0, 4}, {3, 0, 4}, {0, 2, 1}, {3, 1, 0}, {0, 18, 4}} {
		m := r.send("T", "", "again", to(2), func(m *Send) { m.Record.ReconsumeTimes = c.attempts })
		at := r.store.MaxOffset(dispatch.ScheduleTopic, c.queue)
		if err := r.back(r.at("T", 2, m.QueueOffset).PhysicalOffset, c.level, 16); err != nil {
			t.Fatal(err)
		}
		got := r.at(dispatch.ScheduleTopic, c.queue, at)
		if got.ReconsumeTimes != c.attempts+1 {
			t.Errorf("%+v: %d attempts", c, got.ReconsumeTimes)
		}
		has(t, got, "DELAY", itoa(int64(c.queue+1)))
		has(t, got, "REAL_TOPIC", "%RETRY%g")
	}
	at := r.store.MaxOffset(dispatch.ScheduleTopic, 2)
	if err := r.back(first.PhysicalOffset, 0, -1); err != nil {
		t.Fatal(err)
	}
	got := r.at(dispatch.ScheduleTopic, 2, at)
	for name, want := range map[string]string{"RETRY_TOPIC": "T", "TAGS": "a", "KEYS": "k", "WAIT": "false",
		"ORIGIN_MESSAGE_ID": string(first.AppendMessageID(nil)), "REAL_QID": "0"} {
		has(t, got, name, want)
	}
	if string(got.Body) != "body" || got.Flag != 5 || got.BornTimestamp != birth || got.BornHost != producer {
		t.Errorf("%+v", got)
	}
	if c := r.d.Topics.Get("%RETRY%g"); c == nil || c.ReadQueueNums != 1 || c.Order {
		t.Errorf("retry topic %+v", c)
	}
}

// TestSendBackKeepsTheOrigin: a message that failed twice still says where it came from first.
func TestSendBackKeepsTheOrigin(t *testing.T) {
	r := newRig(t)
	r.group("g")
	m := r.send("T", "RETRY_TOPIC\x01First\x02ORIGIN_MESSAGE_ID\x01ID\x02", "x", to(0))
	if err := r.back(r.at("T", 0, m.QueueOffset).PhysicalOffset, -1, 16); err != nil {
		t.Fatal(err)
	}
	got := r.at("%DLQ%g", 0, 0)
	has(t, got, "RETRY_TOPIC", "First")
	has(t, got, "ORIGIN_MESSAGE_ID", "ID")
	if n := r.d.DeadLetters.Snapshot()[stats.GroupTopic{Group: "g", Topic: "First"}]; n != 1 {
		t.Errorf("dead letters %v", r.d.DeadLetters.Snapshot())
	}
}

// TestSendBackDeadLetters: at the limit, which is one attempt sooner than for a direct send, a message is dead.
func TestSendBackDeadLetters(t *testing.T) {
	r := newRig(t)
	r.group("g", func(g *protocol.SubscriptionGroupConfig) { g.RetryMaxTimes = 3 })
	for _, c := range []struct {
		attempts, level, limit int32
		dead                   bool
	}{{0, 0, -1, false}, {2, 0, -1, false}, {3, 0, -1, true}, {4, 0, -1, true}, {0, 0, 1, false}, {1, 0, 1, true},
		{3, 0, 4, false}, {0, 0, 0, true}, {0, -1, 16, true}} {
		m := r.send("T", "", "x", to(0), func(m *Send) { m.Record.ReconsumeTimes = c.attempts })
		before := r.store.MaxOffset("%DLQ%g", 0)
		if err := r.back(r.at("T", 0, m.QueueOffset).PhysicalOffset, c.level, c.limit); err != nil {
			t.Fatal(err)
		}
		if dead := r.store.MaxOffset("%DLQ%g", 0) > before; dead != c.dead {
			t.Errorf("%+v: dead %v", c, dead)
		}
	}
	has(t, r.at("%DLQ%g", 0, 0), "DELAY", "0")
	if c := r.d.Topics.Get("%DLQ%g"); c == nil || c.WriteQueueNums != 1 || c.Order {
		t.Errorf("dead letters' topic %+v", c)
	}
}

// TestSendBackRefusals: reasons and words, in Java's order.
func TestSendBackRefusals(t *testing.T) {
	r := newRig(t)
	r.group("g")
	m := r.send("T", "", "x", to(0))
	at := r.at("T", 0, m.QueueOffset).PhysicalOffset
	refused(t, r.back(at+1, 0, -1), UnknownOffset, "look message by offset failed, "+itoa(at+1))
	refused(t, r.back(1<<40, 0, -1), UnknownOffset, "look message by offset failed, ")
	retry := *r.d.Topics.Get("%RETRY%g")
	retry.Perm = protocol.PermRead
	if err := r.d.Topics.Update(retry); err != nil {
		t.Fatal(err)
	}
	refused(t, r.back(at, 0, -1), NotPermitted, "the topic[%RETRY%g] sending message is forbidden")
	r.group("g", func(g *protocol.SubscriptionGroupConfig) { g.RetryQueueNums = 0 })
	end := r.store.MaxPhyOffset()
	if err := r.back(at, 0, -1); err != nil || r.store.MaxPhyOffset() != end {
		t.Errorf("a group without retries: %v, %d bytes stored", err, r.store.MaxPhyOffset()-end)
	}
	r.change(func(c *config.Config) { c.BrokerPermission = protocol.PermRead })
	refused(t, r.back(at, 0, -1), NotPermitted, "the broker[10.0.0.1] sending message is forbidden")
	r.change(func(c *config.Config) { c.AutoCreateSubscriptionGroup = false })
	refused(t, r.Send.SendBack(&Back{Group: "none"}), NoGroup, "subscription group not exist, none")
}

// TestSendBackToAUnit: the retry topic of a consumer in a unit says so.
func TestSendBackToAUnit(t *testing.T) {
	r := newRig(t)
	r.group("g", func(g *protocol.SubscriptionGroupConfig) { g.RetryQueueNums = 3 })
	m := r.send("T", "", "x", to(0))
	if err := r.Send.SendBack(&Back{Group: "g", Offset: r.at("T", 0, m.QueueOffset).PhysicalOffset, DelayLevel: 1,
		MaxReconsume: 16, Unit: true}); err != nil {
		t.Fatal(err)
	}
	c := r.d.Topics.Get("%RETRY%g")
	if c.TopicSysFlag != protocol.TopicFlagUnitSub || c.WriteQueueNums != 3 {
		t.Errorf("%+v", c)
	}
	got := r.at(dispatch.ScheduleTopic, 0, 0)
	if id, _ := got.Property(record.PropRealQueue); len(id) != 1 || id[0] < '0' || id[0] > '2' {
		t.Errorf("queue %q of three", id)
	}
}
