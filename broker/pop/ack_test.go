package pop

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/broker/service"
	"gorocket/remoting/protocol"
)

// batchOf is the body of a request that acknowledges messages of one check point.
func batchOf(group, topic string, start int64, list ...got) string {
	f := strings.Split(list[0].handle, " ")
	bits := make([]byte, 8)
	for _, g := range list {
		i := g.offset - start
		bits[i/8] |= 1 << (i % 8)
	}
	return fmt.Sprintf(`{"brokerName":"broker-a","acks":[{"c":%q,"t":%q,"r":%q,"so":%s,"q":%d,"rq":%s,"pt":%s,"it":%s,"b":%q}]}`,
		group, topic, f[4], f[0], list[0].queue, f[3], f[1], f[2], base64.StdEncoding.EncodeToString(bits))
}

// Several at once, in memory and when the check point is stored.
func TestBatchAck(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprint("late=", late), func(t *testing.T) {
			r := newRig(t)
			r.topic("T", 1)
			r.send("T", 0, "", "a", "b", "c", "d")
			list := r.pop("T", "g")
			if late {
				r.pass(15 * time.Second)
			}
			end, err := r.AckBatch([]byte(batchOf("g", "T", 0, list[0], list[3], list[2])), "c:1")
			if err != nil {
				t.Fatal(err)
			}
			if err := r.publish(end); err != nil {
				t.Fatal(err)
			}
			r.pass(90 * time.Second)
			r.is("not acknowledged", r.popAll("T", "g"), "b")
		})
	}
}

func TestBadBatchAcks(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a")
	_, err := r.AckBatch(nil, "")
	refused(t, err, service.NoMessage, "")
	_, err = r.AckBatch([]byte(`{"acks":[]}`), "")
	refused(t, err, service.NoMessage, "")
	_, err = r.AckBatch([]byte(`{"acks":[{"c":"g","t":"T","r":"3"}]}`), "")
	refused(t, err, service.Failed, "java.lang.IllegalArgumentException: getRetry fail")
	for _, ignored := range []string{`{"acks":[{"c":"g","t":"U","r":"0","b":"AQ=="}]}`,
		`{"acks":[{"c":"g","t":"T","q":7,"r":"0","b":"AQ=="}]}`, `{"acks":[{"c":"g","t":"T","so":9,"r":"0","b":"AQ=="}]}`} {
		if end, err := r.AckBatch([]byte(ignored), ""); err != nil || end != 0 {
			t.Errorf("%s: %d %v", ignored, end, err)
		}
	}
}

// A changed time makes a handle of its own; the old one means nothing any more.
func TestChange(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprint("late=", late), func(t *testing.T) {
			r := newRig(t)
			r.topic("T", 1)
			r.send("T", 0, "", "a", "b")
			list := r.pop("T", "g", func(p *Pop) { p.Invisible = 30_000 })
			if late {
				r.pass(12 * time.Second)
			}
			c := &Change{Ack: Ack{Group: "g", Topic: "T", Offset: 0, Handle: list[0].handle}, Invisible: 100_000}
			if err := r.Change(c); err != nil || c.PopTime < r.now() || c.Invisible != 100_000 || c.End == 0 {
				t.Fatalf("%v %+v", err, c)
			}
			if err := r.publish(c.End); err != nil {
				t.Fatal(err)
			}
			r.pass(60 * time.Second)
			again := r.popAll("T", "g")
			r.is("the other one", again, "b")
			r.ack("g", again...)
			r.pass(60 * time.Second)
			again = r.popAll("T", "g")
			r.is("after its new time", again, "a")
			if again[0].again != 1 {
				t.Errorf("consumed %d times", again[0].again)
			}
		})
	}
}

// suspend: coming again does not count. And the new handle acknowledges.
func TestChangeSuspend(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b")
	list := r.pop("T", "g")
	for i, g := range list {
		c := &Change{Ack: Ack{Group: "g", Topic: "T", Offset: g.offset, Handle: g.handle}, Invisible: 5_000, Suspend: true}
		if err := r.Change(c); err != nil {
			t.Fatal(err)
		}
		if err := r.publish(c.End); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			g.handle = fmt.Sprintf("%d %d %d %d 0 broker-a 0 %d", g.offset, c.PopTime, c.Invisible, c.ReviveQueue, g.offset)
			r.ack("g", g)
		}
	}
	r.pass(15 * time.Second)
	again := r.popAll("T", "g")
	r.is("again", again, "b")
	if again[0].again != 0 {
		t.Errorf("consumed %d times", again[0].again)
	}
}

// Java's answers to wrong acknowledgements; none changes anything.
func TestWrongAcks(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b")
	list := r.pop("T", "g")
	r.pass(15 * time.Second) // stored
	before, h := r.parkedCount(), list[0].handle
	f := strings.Split(h, " ")
	edit := func(i int, to string) string {
		g := strings.Split(h, " ")
		g[i] = to
		return strings.Join(g, " ")
	}
	for _, c := range []struct {
		what string
		ack  Ack
		why  service.Reason
		text string
	}{
		{"no topic", Ack{Topic: "U", Group: "g", Handle: h}, service.NoTopic, "topic[U] not exist, apply first please! "},
		{"queue", Ack{Topic: "T", Group: "g", QueueID: 1, Handle: h, Peer: "c:1"}, service.IllegalMessage,
			"queueId[1] is illegal, topic:[T] topicConfig.readQueueNums:[1] consumer:[/c:1]"},
		{"negative queue", Ack{Topic: "T", Group: "g", QueueID: -1, Handle: h}, service.IllegalMessage, "queueId[-1] is illegal"},
		{"offset", Ack{Topic: "T", Group: "g", Offset: 3, Handle: h}, service.NoMessage,
			"offset is illegal, key:T@0, commit:3, store:0~2"},
		{"negative offset", Ack{Topic: "T", Group: "g", Offset: -1, Handle: h}, service.NoMessage, "offset is illegal"},
		{"no handle", Ack{Topic: "T", Group: "g"}, service.Failed, "java.lang.IllegalArgumentException"},
		{"broken handle", Ack{Topic: "T", Group: "g", Handle: "a b c d e f"}, service.Failed, "java.lang.NumberFormatException"},
	} {
		err := r.Ack(&c.ack)
		t.Log(c.what)
		refused(t, err, c.why, c.text)
	}
	for what, ack := range map[string]Ack{
		"another broker":       {Group: "g", Handle: edit(5, "broker-b")},
		"another revive queue": {Group: "g", Handle: edit(3, "7")},
		"a negative one":       {Group: "g", Handle: edit(3, "-1")},
		"another group":        {Group: "nobody", Handle: h},
		"invisible for ever":   {Group: "g", Handle: edit(2, "9223372036854775807")},
		"a negative time":      {Group: "g", Handle: edit(2, "-5")},
		"at the end (as Java)": {Group: "nobody", Offset: 2, Handle: h},
	} {
		ack.Topic = "T"
		if err := r.Ack(&ack); err != nil || ack.End != 0 {
			t.Errorf("%s: %v, stored up to %d", what, err, ack.End)
		}
	}
	if n := r.parkedCount(); n != before {
		t.Errorf("%d messages were stored", n-before)
	}
	c := &Change{Ack: Ack{Topic: "T", Group: "g", Offset: 2, Handle: h}, Invisible: 1000}
	refused(t, r.Change(c), service.NoMessage, "")
	for _, other := range []string{edit(1, "17"), edit(0, "1")} { // well formed, and of no pop: stored, and without effect
		r.ack("g", got{topic: "T", handle: other})
	}
	_ = f
	r.pass(90 * time.Second)
	r.is("all come again", r.popAll("T", "g"), "a b")
}

// Java's answers to wrong pops.
func TestWrongPops(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.topic("W", 1, func(c *protocol.TopicConfig) { c.Perm = 2 })
	r.group("closed", func(g *protocol.SubscriptionGroupConfig) { g.ConsumeEnable = false })
	r.send("T", 0, "", "a")
	for _, c := range []struct {
		edit func(*Pop)
		why  service.Reason
		text string
	}{
		{func(p *Pop) { p.MaxCount = 33 }, service.BadArgument, "the broker[10.0.0.1] pop message's num is greater than 32"},
		{func(p *Pop) { p.Born -= 20_000; p.PollTime = 15_000 }, service.TooLate,
			"the broker[10.0.0.1] pop message is timeout too much"},
		{func(p *Pop) { p.Topic = "U" }, service.NoTopic, "topic[U] not exist"},
		{func(p *Pop) { p.Topic = "W" }, service.NotPermitted, "the topic[W] peeking message is forbidden"},
		{func(p *Pop) { p.QueueID = 1 }, service.BadArgument, "queueId[1] is illegal, topic:[T] topicConfig.readQueueNums:[1]"},
		{func(p *Pop) { p.Group = "closed" }, service.NotPermitted, "subscription group no permission, closed"},
		{func(p *Pop) { p.Expression, p.Kind = "a >", "SQL92" }, service.BadSubscription, "parse the consumer's subscription failed"},
		{func(p *Pop) { p.Expression, p.Kind = "||", "TAG" }, service.BadSubscription, "parse the consumer's subscription failed"},
	} {
		refused(t, r.Pop(r.ask("T", "g", c.edit)), c.why, c.text)
	}
	r.change(func(c *config.Config) { c.BrokerPermission = 2 })
	refused(t, r.Pop(r.ask("T", "g")), service.NotPermitted, "the broker[10.0.0.1] pop message is forbidden")
	r.change(func(c *config.Config) { c.BrokerPermission, c.TimerWheelEnable = 6, false })
	refused(t, r.Pop(r.ask("T", "g")), service.Failed, "the broker[10.0.0.1] pop message is forbidden because timerWheelEnable")
	r.change(func(c *config.Config) { c.TimerWheelEnable = true })
	for _, n := range []int32{0, -3} {
		r.is("none wanted", r.pop("T", "g", func(p *Pop) { p.MaxCount = n }), "")
	}
	r.is("an unknown init mode is the newest", r.pop("T", "g2", func(p *Pop) { p.Newest = true }), "a")
}

// Invisible times that cannot be: 0 and less come again at once, too long ones are cut, and the answer says so.
func TestOddInvisibleTimes(t *testing.T) {
	for _, asked := range []int64{0, -1, -1 << 63} {
		r := newRig(t)
		r.topic("T", 1)
		r.send("T", 0, "", "a")
		list := r.pop("T", "g", func(p *Pop) { p.Invisible = asked })
		r.is("pop", list, "a")
		if f := strings.Split(list[0].handle, " "); f[2] != "0" {
			t.Errorf("handle %s", list[0].handle)
		}
		r.pass(8 * time.Second)
		r.is("again", r.popAll("T", "g"), "a")
	}
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a")
	p := r.ask("T", "g", func(p *Pop) { p.Invisible = 1<<63 - 1 })
	if err := r.Pop(p); err != nil || p.Count != 1 || p.Invisible != int64(r.conf.Load().TimerMaxDelaySec)*1000-1 {
		t.Errorf("%v, %d messages, invisible for %d", err, p.Count, p.Invisible)
	}
	p.Release()
	r.pass(12 * time.Second)
	if n := r.parkedCount(); n != 1 {
		t.Errorf("%d check points are stored", n)
	}
}
