package service

import (
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gorocket/broker/clients"
	"gorocket/broker/config"
	"gorocket/broker/static"
	"gorocket/remoting/protocol"
	"gorocket/store/record"
)

// pull is a pull of group g from queue 0 with the subscription in it.
func (r *rig) pull(topic, expression string, offset int64, change ...func(*Pull)) (*Pull, error) {
	p := &Pull{PullRequest: PullRequest{Group: "g", Topic: topic, Carried: true, Expression: expression,
		ExpressionType: "TAG", Peer: "10.0.0.9:1", Reading: static.Reading{Offset: offset, Commit: -1, MaxCount: 32}}}
	for _, c := range change {
		c(p)
	}
	return p, r.Pull.Pull(p)
}

// bodies are those of what a pull found.
func bodies(t *testing.T, p *Pull) (all []string) {
	t.Helper()
	for _, rec := range p.Found.Slices {
		m, err := record.Decode(rec)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(m.Body))
	}
	return all
}

// TestPull: what is found, what is not, and where the group goes on.
func TestPull(t *testing.T) {
	r := newRig(t)
	r.group("g")
	for _, m := range []struct{ tag, body string }{{"a", "one"}, {"b", "two"}, {"a", "three"}} {
		r.send("T", "TAGS\x01"+m.tag+"\x02", m.body, to(0))
	}
	for what, c := range map[string]struct {
		expression string
		offset     int64
		count      int32
		status     static.PullStatus
		text       string
		next       int64
		bodies     []string
	}{
		"all":            {"*", 0, 32, static.PullFound, "FOUND", 3, []string{"one", "two", "three"}},
		"no expression":  {"", 1, 32, static.PullFound, "FOUND", 3, []string{"two", "three"}},
		"one":            {"*", 0, 1, static.PullFound, "FOUND", 1, []string{"one"}},
		"of a tag":       {"a", 0, 32, static.PullFound, "FOUND", 3, []string{"one", "three"}},
		"of two tags":    {"b || c", 0, 32, static.PullFound, "FOUND", 3, []string{"two"}},
		"of another tag": {"c", 0, 32, static.PullRetry, "NO_MATCHED_MESSAGE", 3, nil},
		"at the end":     {"*", 3, 32, static.PullNothing, "OFFSET_OVERFLOW_ONE", 3, nil},
		"behind it":      {"*", 4, 32, static.PullMoved, "OFFSET_OVERFLOW_BADLY", 3, nil},
	} {
		p, err := r.pull("T", c.expression, c.offset, func(p *Pull) { p.MaxCount = c.count })
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if got := bodies(t, p); p.Status != c.status || p.Text != c.text || p.Next != c.next || p.Min != 0 || p.Max != 3 ||
			p.Delta != static.NoDelta || !slices.Equal(got, c.bodies) {
			t.Errorf("%s: %d %s, next %d of %d..%d, %q", what, p.Status, p.Text, p.Next, p.Min, p.Max, got)
		}
		p.Release()
	}
	r.send("T", "", "of the next queue", to(2))
	for offset, want := range map[int64]static.PullStatus{0: static.PullNothing, 1: static.PullMoved} {
		if p, err := r.pull("T", "*", offset, func(p *Pull) { p.QueueID = 3 }); err != nil || p.Status != want {
			t.Errorf("an empty queue at %d: %v %d", offset, err, p.Status)
		}
	}
}

// TestPullAnswered: what is counted, and what the answer tells of topic and group.
func TestPullAnswered(t *testing.T) {
	r := newRig(t)
	r.group("g", func(g *protocol.SubscriptionGroupConfig) {
		g.GroupSysFlag, g.BrokerID, g.WhichBrokerWhenConsumeSlowly = 5, 3, 7
	})
	r.send("T", "", "one", to(0))
	r.send("T", "", "two", to(0))
	c := *r.d.Topics.Get("T")
	c.TopicSysFlag = 9
	if err := r.d.Topics.Update(c); err != nil {
		t.Fatal(err)
	}
	p, err := r.pull("T", "*", 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.d.Pulled.Query("g", "T", 0); n != -1 {
		t.Errorf("noted at %d before the answer", n)
	}
	r.Pull.Answered(p)
	if p.TopicSysFlag != 9 || p.GroupSysFlag != 5 || p.SuggestBroker != 0 {
		t.Errorf("%+v", p)
	}
	if r.d.Stats.Found.Load() != 1 || r.d.Stats.Gets.Load() != 2 || r.d.Stats.Missed.Load() != 0 ||
		r.d.Stats.GetBytes.Load() != int64(p.Found.Bytes) || r.d.Pulled.Query("g", "T", 0) != 2 {
		t.Errorf("found %d, %d messages, %d bytes, next %d", r.d.Stats.Found.Load(), r.d.Stats.Gets.Load(),
			r.d.Stats.GetBytes.Load(), r.d.Pulled.Query("g", "T", 0))
	}
	p.Release()
	if p, err = r.pull("T", "*", 2); err != nil {
		t.Fatal(err)
	}
	r.change(func(c *config.Config) { c.SlaveReadEnable = true })
	if r.Pull.Answered(p); r.d.Stats.Missed.Load() != 1 || r.d.Stats.Found.Load() != 1 || p.SuggestBroker != 3 {
		t.Errorf("missed %d, suggested %d", r.d.Stats.Missed.Load(), p.SuggestBroker)
	}
	if p.Found.SuggestSlave = true; true {
		r.Pull.Answered(p)
	}
	if p.SuggestBroker != 7 {
		t.Errorf("a group that lags is sent to %d", p.SuggestBroker)
	}
}

// TestPullCommits: the offset in a pull is committed when its messages are found at once, and only a real one.
func TestPullCommits(t *testing.T) {
	r := newRig(t)
	r.group("g")
	r.send("T", "", "x", to(0))
	for _, c := range []struct{ commit, want int64 }{{-1, -1}, {-5, -1}, {0, 0}, {7, 7}} {
		if _, err := r.pull("T", "*", 0, func(p *Pull) { p.Commit = c.commit }); err != nil {
			t.Fatal(err)
		}
		if got := r.d.Committed.Query("g", "T", 0); got != c.want {
			t.Errorf("commit of %d: %d", c.commit, got)
		}
	}
	if _, err := r.pull("T", "*", 0, func(p *Pull) { p.Commit, p.QueueID = 3, 99 }); err == nil ||
		r.d.Committed.Query("g", "T", 99) != -1 {
		t.Error("an offset was committed for a pull that was refused")
	}
}

// TestPullOfColdMessages: on an event loop a pull whose messages are on the disk only is given back: nothing is
// committed, and nothing found is kept. One that may wait finds them.
func TestPullOfColdMessages(t *testing.T) {
	r := newRig(t)
	r.group("g")
	r.send("T", "", "x", to(0))
	for range 10 { // what was written long ago may be on the disk only
		r.send("Big", "", strings.Repeat("b", 4<<20-1), to(0))
	}
	r.mem.Inject(func(op, _ string) error {
		if op == "resident" {
			return syscall.EAGAIN
		}
		return nil
	})
	ask := func(noWait bool) (*Pull, error) {
		return r.pull("T", "*", 0, func(p *Pull) { p.Commit, p.NoWait = 7, noWait })
	}
	p, err := ask(true)
	if err != ErrWouldWait || p.Found.Count != 0 || len(p.Found.Slices) != 0 || r.d.Committed.Query("g", "T", 0) != -1 {
		t.Errorf("on an event loop: %v, %d messages, committed %d", err, p.Found.Count, r.d.Committed.Query("g", "T", 0))
	}
	p, err = ask(false)
	if err != nil || !slices.Equal(bodies(t, p), []string{"x"}) || r.d.Committed.Query("g", "T", 0) != 7 {
		t.Errorf("on a worker: %v, %q, committed %d", err, bodies(t, p), r.d.Committed.Query("g", "T", 0))
	}
	p.Release()
}

// TestPullRefusals: reasons, scopes and words, in Java's order.
func TestPullRefusals(t *testing.T) {
	r := newRig(t)
	r.group("g")
	r.group("off", func(g *protocol.SubscriptionGroupConfig) { g.ConsumeEnable = false })
	r.send("T", "", "x", to(0))
	writeOnly := protocol.NewTopicConfig("W")
	writeOnly.Perm = protocol.PermWrite
	if err := r.d.Topics.Update(writeOnly); err != nil {
		t.Fatal(err)
	}
	check := func(why Reason, scope Scope, text string, change ...func(*Pull)) {
		t.Helper()
		_, err := r.pull("T", "*", 0, change...)
		refused(t, err, why, text)
		if f, ok := err.(*Refusal); ok && f.Scope != scope {
			t.Errorf("scope %d, want %d", f.Scope, scope)
		}
	}
	check(NotPermitted, ScopeGroup, "subscription group no permission, off", func(p *Pull) { p.Group = "off" })
	check(NoTopic, ScopeNone, "topic[U] not exist, apply first please! \nSee", func(p *Pull) { p.Topic = "U" })
	check(NotPermitted, ScopeTopic, "the topic[W] pulling message is forbidden", func(p *Pull) { p.Topic = "W" })
	for _, queue := range []int32{-1, 4} {
		check(BadArgument, ScopeNone, "queueId["+itoa(int64(queue))+"] is illegal, topic:[T] topicConfig.readQueueNums:[4] "+
			"consumer:[/10.0.0.9:1]", func(p *Pull) { p.QueueID = queue })
	}
	check(BadSubscription, ScopeNone, "parse the consumer's subscription failed", func(p *Pull) { p.Expression = "||" })
	sql := func(text string) func(*Pull) {
		return func(p *Pull) { p.Expression, p.ExpressionType = text, "SQL92" }
	}
	check(Failed, ScopeNone, "The broker does not support consumer to filter message by SQL92", sql("a > 1"))
	r.change(func(c *config.Config) { c.EnablePropertyFilter = true })
	check(BadSubscription, ScopeNone, "parse the consumer's subscription failed", sql("a >"))
	own := func(p *Pull) { p.Carried, p.SubVersion = false, 5 }
	check(NoSubscription, ScopeNone, "the consumer's group info not exist\nSee", own)
	r.change(func(c *config.Config) { c.AutoCreateSubscriptionGroup = false })
	check(NoGroup, ScopeNone, "subscription group [none] does not exist, \nSee", func(p *Pull) { p.Group = "none" })
	r.change(func(c *config.Config) { c.LitePullMessageEnable = false })
	check(NotPermitted, ScopeBroker, "the broker[10.0.0.1] for lite pull consumer is forbidden",
		func(p *Pull) { p.Lite = true })
	r.change(func(c *config.Config) { c.BrokerPermission = protocol.PermWrite })
	check(NotPermitted, ScopeBroker, "the broker[10.0.0.1] pulling message is forbidden")
}

// join registers a member of g that subscribes to a topic.
func (r *rig) join(topic, expression, kind string, version int64, model string) {
	r.t.Helper()
	if r.conn == nil {
		r.conn = connection(r.t)
	}
	d := &clients.ConsumerData{GroupName: "g", MessageModel: model, ConsumeType: "CONSUME_PASSIVELY",
		SubscriptionDataSet: []clients.SubscriptionData{{Topic: topic, SubString: expression, ExpressionType: kind,
			SubVersion: version}}}
	if !r.d.Consumers.Register(clients.Client{Conn: r.conn, ID: "c"}, d, false, false) {
		r.t.Fatal("not registered")
	}
}

// TestPullBySubscription: without one in the pull the group's of its last heartbeat counts.
func TestPullBySubscription(t *testing.T) {
	r := newRig(t)
	r.group("g", func(g *protocol.SubscriptionGroupConfig) { g.ConsumeBroadcastEnable = false })
	r.send("T", "TAGS\x01a\x02", "one", to(0))
	r.send("T", "TAGS\x01b\x02", "two", to(0))
	own := func(version int64) func(*Pull) {
		return func(p *Pull) { p.Carried, p.SubVersion = false, version }
	}
	r.join("T", "*", "TAG", 7, clients.ModelClustering)
	if p, err := r.pull("T", "", 0, own(7)); err != nil || len(bodies(t, p)) != 2 {
		t.Errorf("%v %v", err, p.Status)
	}
	_, err := r.pull("T", "", 0, own(8))
	refused(t, err, OldSubscription, "the consumer's subscription not latest")
	r.send("U", "", "x", to(0))
	_, err = r.pull("U", "", 0, own(7))
	refused(t, err, NoSubscription, "the consumer's subscription not exist\nSee")
	if err := r.d.Groups.SetReadForbidden("g", "T", true); err != nil {
		t.Fatal(err)
	}
	_, err = r.pull("T", "", 0, own(7))
	if refused(t, err, NotPermitted, "the consumer group[g] is forbidden for topic[T]"); err.(*Refusal).Scope !=
		ScopeSubscription {
		t.Errorf("%+v", err)
	}
	r.join("T", "*", "TAG", 7, clients.ModelBroadcasting)
	_, err = r.pull("T", "", 0, own(7))
	if refused(t, err, NotPermitted, "the consumer group[g] can not consume by broadcast way"); err.(*Refusal).Scope !=
		ScopeBroadcast {
		t.Errorf("%+v", err)
	}
}

// TestPullByExpression: SQL92 is evaluated where waiting is allowed, by an expression that the broker has compiled.
func TestPullByExpression(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.EnablePropertyFilter = true })
	r.group("g")
	r.send("T", "n\x011\x02", "one", to(0))
	r.send("T", "n\x015\x02", "five", to(0))
	sql := func(p *Pull) { p.ExpressionType = "SQL92" }
	p, err := r.pull("T", "n > 3", 0, sql)
	if err != nil || !slices.Equal(bodies(t, p), []string{"five"}) {
		t.Errorf("%v %q", err, bodies(t, p))
	}
	if _, err := r.pull("T", "n > 3", 0, sql, func(p *Pull) { p.NoWait = true }); err != ErrWouldWait {
		t.Errorf("on an event loop: %v", err)
	}
	own := func(p *Pull) { p.Carried, p.SubVersion = false, 7 }
	r.join("T", "n > 3", "SQL92", 7, clients.ModelClustering)
	_, err = r.pull("T", "", 0, own)
	refused(t, err, NoFilter, "The broker's consumer filter data is not exist!")
}

// TestPullReset: an offset that an administrator set is told once, where waiting is allowed.
func TestPullReset(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.UseServerSideResetOffset = true })
	r.group("g")
	for range 3 {
		r.send("T", "", "x", to(0))
	}
	if err := r.d.Committed.AssignReset("g", "T", 0, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := r.pull("T", "*", 3, func(p *Pull) { p.NoWait = true }); err != ErrWouldWait {
		t.Errorf("on an event loop: %v", err)
	}
	p, err := r.pull("T", "*", 3)
	if err != nil || p.Status != static.PullMoved || p.Next != 1 || p.Min != 0 || p.Max != 3 || p.Text != "OFFSET_RESET" {
		t.Fatalf("%v %+v", err, p)
	}
	if r.Pull.Answered(p); r.d.Stats.Missed.Load() != 0 || r.d.Pulled.Query("g", "T", 0) != -1 {
		t.Error("the reset counts as a pull")
	}
	if p, err = r.pull("T", "*", 1); err != nil || p.Status != static.PullFound {
		t.Errorf("the next one: %v %d", err, p.Status)
	}
	p.Release()
	if err := r.d.Committed.AssignReset("g", "T", 0, 2); err != nil {
		t.Fatal(err)
	}
	r.change(func(c *config.Config) { c.UseServerSideResetOffset = false })
	if p, err = r.pull("T", "*", 1); err != nil || p.Status != static.PullFound {
		t.Errorf("switched off: %v %d", err, p.Status)
	}
	p.Release()
}

// TestPatience: no time is too long to be kept; without long polling a pull waits for a moment.
func TestPatience(t *testing.T) {
	r := newRig(t)
	for asked, want := range map[int64]int64{0: 0, 15_000: 15_000, 3_600_001: 3_600_000, math.MaxInt64: 3_600_000} {
		if got := r.Pull.Patience(asked); got != want {
			t.Errorf("%d ms for %d", got, asked)
		}
	}
	r.change(func(c *config.Config) { c.LongPollingEnable, c.ShortPollingTimeMills = false, 700 })
	if got := r.Pull.Patience(15_000); got != 700 {
		t.Errorf("%d ms without long polling", got)
	}
}

// staticTopic makes T a topic of one logic queue: piece 0 ended at 3 on this broker's queue 1, the newest lies on
// queue 2 of another broker or of this one.
func (r *rig) staticTopic(leader string) {
	r.t.Helper()
	items := []protocol.LogicQueueMappingItem{
		{Bname: "broker-a", Gen: 0, QueueID: 1, LogicOffset: 0, EndOffset: 3, TimeOfStart: -1, TimeOfEnd: -1},
		{Bname: leader, Gen: 1, QueueID: 2, LogicOffset: 1000, EndOffset: -1, TimeOfStart: -1, TimeOfEnd: -1}}
	d := &protocol.TopicQueueMappingDetail{TopicQueueMappingInfo: protocol.TopicQueueMappingInfo{Topic: "T",
		Bname: "broker-a", Epoch: 1, TotalQueues: 1},
		HostedQueues: map[int][]protocol.LogicQueueMappingItem{0: items}}
	if err := r.d.Mappings.Update(d, true); err != nil {
		r.t.Fatal(err)
	}
}

// TestStaticTopic: sends go to the newest piece and are told the logic queue, pulls find the piece of their offset.
func TestStaticTopic(t *testing.T) {
	r := newRig(t)
	r.group("g")
	for range 3 {
		r.send("T", "", "old", to(1))
	}
	r.staticTopic("broker-a")
	for _, queue := range []int32{0, -1} {
		m := r.send("T", "", "new", to(queue))
		if m.Stored.QueueID != 0 || m.QueueOffset != 1000+r.store.MaxOffset("T", 2)-1 {
			t.Errorf("told %+v", m.Stored)
		}
	}
	if m := r.send("T", "", "translated", to(2), func(m *Send) { m.Lo = "false" }); m.Stored.QueueID != 2 ||
		m.QueueOffset != 2 {
		t.Errorf("a send that another broker has translated: %+v", m.Stored)
	}
	refused(t, r.Send.Send(func() *Send { m := r.message("T", "", "x"); m.Record.QueueID = 5; return m }()), NotLeader,
		"T-5 does not exit in request process of current broker broker-a")
	for _, c := range []struct {
		offset, next int64
		status       static.PullStatus
		bodies       int
	}{{0, 3, static.PullFound, 3}, {3, 1000, static.PullRetry, 0}, {1000, 1003, static.PullFound, 3},
		{1003, 1003, static.PullNothing, 0}} {
		p, err := r.pull("T", "*", c.offset, func(p *Pull) { p.Commit = c.offset })
		if err != nil || p.Static == nil || p.Status != c.status || p.Next != c.next || len(bodies(t, p)) != c.bodies {
			t.Errorf("at %d: %v, %d, next %d, %d messages", c.offset, err, p.Status, p.Next, len(bodies(t, p)))
			continue
		}
		if p.Delta == static.NoDelta || (p.Status != static.PullFound) != (p.Text == "") {
			t.Errorf("at %d: delta %d, %q", c.offset, p.Delta, p.Text)
		}
		p.Release()
	}
	if got := r.d.Committed.Query("g", "T", 2); got != 3 {
		t.Errorf("committed %d of the physical queue", got)
	}
	_, err := r.pull("T", "*", 0, func(p *Pull) { p.QueueID = 5 })
	refused(t, err, NotLeader, "T-5 cannot find mapping item in request process of current broker broker-a")
}

// TestStaticTopicElsewhere: who has the messages is told, with the queue there.
func TestStaticTopicElsewhere(t *testing.T) {
	r := newRig(t)
	r.group("g")
	r.send("T", "", "x", to(1))
	items := []protocol.LogicQueueMappingItem{
		{Bname: "broker-b", Gen: 0, QueueID: 3, LogicOffset: 0, EndOffset: 30, TimeOfStart: -1, TimeOfEnd: -1},
		{Bname: "broker-a", Gen: 1, QueueID: 1, LogicOffset: 1000, EndOffset: -1, TimeOfStart: -1, TimeOfEnd: -1}}
	d := &protocol.TopicQueueMappingDetail{TopicQueueMappingInfo: protocol.TopicQueueMappingInfo{Topic: "T",
		Bname: "broker-a", Epoch: 1, TotalQueues: 1},
		HostedQueues: map[int][]protocol.LogicQueueMappingItem{0: items}}
	if err := r.d.Mappings.Update(d, true); err != nil {
		t.Fatal(err)
	}
	p, err := r.pull("T", "*", 5, func(p *Pull) { p.Commit = 1000 })
	if err != ErrElsewhere || p.Static == nil || p.QueueID != 3 || p.Offset != 5 || p.MaxCount != 30 || p.Commit != -1 {
		t.Errorf("%v %+v", err, p.PullRequest)
	}
	here, err := r.pull("T", "*", 1000)
	if err != nil || here.Status != static.PullFound {
		t.Fatalf("%v", err)
	}
	here.Release()
	here.Reading = static.Reading{Offset: 5, Commit: -1, MaxCount: 32}
	if err := r.Pull.Relocate(here); err != ErrElsewhere || here.QueueID != 3 {
		t.Errorf("a held pull whose queue has moved: %v %+v", err, here.Reading)
	}
	here.Reading = static.Reading{Offset: 1001, Commit: -1, MaxCount: 32}
	if err := r.Pull.Relocate(here); err != nil || here.Status != static.PullNothing || here.QueueID != 1 {
		t.Errorf("one that has not: %v %+v", err, here.Reading)
	}
	if low, high := r.Pull.Bounds("T", 1); low != 0 || high != 1 {
		t.Errorf("bounds %d %d", low, high)
	}
}
