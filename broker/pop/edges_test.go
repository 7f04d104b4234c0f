package pop

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/remoting/protocol"
)

// TestLaneModel compares a lane with a plain list while points come, are passed over, settle and are dropped.
func TestLaneModel(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		l, list, at, drops := &lane{}, []point(nil), int64(0), 0
		for step := range 400 {
			what := fmt.Sprintf("seed %d, step %d", seed, step)
			switch op := rnd.IntN(20); {
			case op < 9:
				p := point{start: at, next: at + 3, num: 3, popTime: int64(step), state: pointState(rnd.IntN(4)), end: int64(step)}
				at += 3
				l.push(p)
				list = append(list, p)
			case op < 13:
				n := len(list)
				old := n > 0 && list[n-1].state == pointDone
				if added := l.pass(at, at+2); added == old {
					t.Fatalf("%s: a point more: %v", what, added)
				}
				if at += 2; old {
					list[n-1].next = at
				} else {
					list = append(list, point{start: at - 2, next: at, state: pointDone})
				}
			case op < 19:
				durable, want, n := int64(step-rnd.IntN(9)), int64(0), 0
				for len(list) > 0 && list[0].state >= pointStored && list[0].end <= durable {
					want, list = list[0].next, list[1:]
					n++
				}
				if commit, settled := l.settle(durable); commit != want || settled != n {
					t.Fatalf("%s: %d settled, commit %d, want %d, %d", what, settled, commit, n, want)
				}
			case rnd.IntN(8) == 0:
				if drops++; l.drop() != len(list) || l.drops != drops || l.due != 0 {
					t.Fatalf("%s: dropped %+v", what, l)
				}
				list = nil
			}
			if l.size() != len(list) {
				t.Fatalf("%s: %d points, want %d", what, l.size(), len(list))
			}
			end := int64(7)
			if n := len(list); n > 0 {
				end = list[n-1].next
			}
			if got := l.position(7); got != max(7, end) || l.position(1<<40) != 1<<40 {
				t.Fatalf("%s: the next pop begins at %d, want %d", what, got, max(7, end))
			}
			for _, p := range list {
				got := l.find(p.start, p.popTime)
				if (got != nil) != (p.num > 0) || got != nil && (got.start != p.start || got.next != p.next) ||
					l.find(p.start, p.popTime+1) != nil || l.find(p.start+1, p.popTime) != nil {
					t.Fatalf("%s: found %+v of %+v", what, got, p)
				}
			}
			if len(l.points) > 2*len(list)+40 {
				t.Fatalf("%s: room of %d points for %d", what, len(l.points), len(list))
			}
		}
	}
}

// TestDueAt: a point is stored after its stay, and that long before it becomes visible that its acknowledgements still
// find it.
func TestDueAt(t *testing.T) {
	for _, c := range []struct{ invisible, want int64 }{{60_000, 110_000}, {13_000, 110_000}, {12_999, 109_999}, {5000, 102_000}} {
		p := point{popTime: 100_000, invisible: c.invisible}
		if got := p.dueAt(10_000, 3000); got != c.want {
			t.Errorf("invisible for %d ms: %d, want %d", c.invisible, got, c.want)
		}
	}
}

// TestShortTimesAreStoredAtOnce: a check point that would be in memory for holdAtLeast or less goes into the revive topic
// at once, a longer one when it is due, and each once.
func TestShortTimesAreStoredAtOnce(t *testing.T) {
	r := newRig(t)
	before := int64(r.conf.Load().PopCkStayBufferTimeOut)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c")
	for i, c := range []struct{ invisible, stored int64 }{{before + holdAtLeast, 1}, {before + holdAtLeast + 1, 1}} {
		r.pop("T", "g", func(p *Pop) { p.MaxCount, p.Invisible = 1, c.invisible })
		if got := r.parkedCount(); got != c.stored {
			t.Errorf("invisible for %d ms: %d are stored after %d pops", c.invisible, got, i+1)
		}
	}
	l := r.lanes.get("T", "g", 0)
	r.look(r.now()+holdAtLeast, nil)
	if r.parkedCount() != 1 || l.due != r.now()+holdAtLeast+1 {
		t.Errorf("not due yet: %d stored, due at %d", r.parkedCount(), l.due-r.now())
	}
	r.look(r.now()+holdAtLeast+1, nil)
	if r.parkedCount() != 2 || l.due != 0 {
		t.Errorf("due: %d stored, the next at %d", r.parkedCount(), l.due)
	}
	r.look(r.now()+holdAtLeast+5, nil)
	if r.parkedCount() != 2 {
		t.Errorf("%d stored", r.parkedCount())
	}
}

// TestFirstDue: of several that are held the one whose time comes first is stored first.
func TestFirstDue(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c")
	before := int64(r.conf.Load().PopCkStayBufferTimeOut)
	for _, ms := range []int64{4000, 2000, 3000} {
		r.pop("T", "g", func(p *Pop) { p.MaxCount, p.Invisible = 1, before+ms })
	}
	for i, at := range []int64{2000, 3000, 4000} {
		for _, early := range []int64{1, 0} {
			r.look(r.now()+at-early, nil)
			if got, want := r.parkedCount(), int64(i)+1-early; got != want {
				t.Errorf("%d ms after the pops: %d are stored, want %d", at-early, got, want)
			}
		}
	}
}

// TestRestOfBusyLanes: a queue that somebody else pops is passed by, what it has counts as left, and who gives it back
// wakes somebody; of a pop in order it does not count.
func TestRestOfBusyLanes(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a", "b", "c", "d")
	r.is("pop", r.pop("T", "g", func(p *Pop) { p.MaxCount = 1 }), "a")
	l := r.lanes.get("T", "g", 0)
	l.reading = true
	for order, want := range map[bool]int64{false: 3, true: 0} {
		l.again = false
		p := r.ask("T", "g", func(p *Pop) { p.Order = order })
		if err := r.Pop(p); err != nil || p.Count != 0 || p.Rest != want || !l.again {
			t.Errorf("order %v: %d messages, %d left, %v; asks again: %v", order, p.Count, p.Rest, err, l.again)
		}
		p.Release()
	}
	w := &waiter{name: "w"}
	w.Wait = Wait{Waiter: w, Topic: "T", Group: "g", QueueID: -1, Until: r.now() + 60_000, Sub: everything}
	if ok, err := r.pops.add(&w.Wait); !ok || err != nil {
		t.Fatal(ok, err)
	}
	r.leave(r.ask("T", "g"), l)
	if got := r.pops.woken(); !slices.Equal(got, []string{"w"}) || l.reading || l.again {
		t.Errorf("woken %v", got)
	}
	if ok, err := r.pops.add(&w.Wait); !ok || err != nil {
		t.Fatal(ok, err)
	}
	r.leave(r.ask("T", "g"), l)
	if got := r.pops.woken(); len(got) != 0 {
		t.Errorf("nobody passed it by, and woken are %v", got)
	}
	p := r.ask("T", "g", func(p *Pop) { p.MaxCount = 1 })
	if err := r.Pop(p); err != nil || p.Count != 1 || p.Rest != 2 {
		t.Errorf("%d messages, %d left, %v", p.Count, p.Rest, err)
	}
	p.Release()
	if got := r.pops.woken(); len(got) != 1 {
		t.Errorf("messages are left, and woken are %v", got)
	}
}

// TestWhichRetryTopics: a pop looks into the retry topic of its version, and with
// retrieveMessageFromPopRetryTopicV1 into the old one, too; a pop in order into none. Before or after the topic itself,
// by popFromRetryProbability.
func TestWhichRetryTopics(t *testing.T) {
	for _, c := range []struct {
		v2, old bool
		even    string // by an even dice, below the probability
		odd     string // by an odd one, above it
	}{{false, false, "v1 T", "T v1"}, {false, true, "v1 T", "T v1"}, {true, false, "v2 T", "T v2"}, {true, true, "v1 T", "T v2"}} {
		r := newRig(t, func(conf *config.Config) {
			conf.EnableRetryTopicV2, conf.RetrieveMessageFromPopRetryTopicV1, conf.PopFromRetryProbability = c.v2, c.old, 51
		})
		r.topic("T", 1)
		r.send("T", 0, "", "T")
		for v2, text := range map[bool]string{false: "v1", true: "v2"} {
			for _, g := range []string{"even", "odd", "order"} {
				r.topic(RetryTopic("T", g, v2), 1)
				r.send(RetryTopic("T", g, v2), 0, "", text)
			}
		}
		for group, dice := range map[string]int{"even": 50, "odd": 51, "order": 50} {
			p := r.ask("T", group, func(p *Pop) { p.Order = group == "order" })
			p.begin(r.now())
			p.topic, p.Sub = r.d.Topics.Get("T"), everything
			want := map[string]string{"even": c.even, "odd": c.odd, "order": "T"}[group]
			if r.walk(p, dice); bodiesOf(r, p) != want {
				t.Errorf("%+v: %s pops %q, want %q", c, group, bodiesOf(r, p), want)
			}
			p.Release()
		}
		var seen []string
		r.eachRetry("T", "even", func(topic string, queue int32) bool {
			seen = append(seen, topic)
			return false
		})
		want := []string{RetryTopic("T", "even", c.v2)}
		if c.v2 && c.old {
			want = append(want, RetryTopic("T", "even", false))
		}
		if !slices.Equal(seen, want) {
			t.Errorf("%+v: looked into %v, want %v", c, seen, want)
		}
		r.close()
	}
}

// bodiesOf are the bodies of an outcome.
func bodiesOf(r *rig, p *Pop) string { return bodies(r.read1(p)) }

// TestPriorityFactor: so many of a hundred pops of a group go by priority, from the highest queue on; the others begin
// anywhere.
func TestPriorityFactor(t *testing.T) {
	r := newRig(t, func(c *config.Config) {
		c.PopFromRetryProbability, c.PopFromRetryProbabilityForPriority = 100, 0
	})
	r.topic("P", 3, func(c *protocol.TopicConfig) { c.Attributes = map[string]string{"+message.type": "PRIORITY"} })
	for q, body := range []string{"low", "mid", "high"} {
		r.send("P", int32(q), "", body)
	}
	for i, c := range []struct {
		factor string
		dice   int
		again  bool // the topic of what comes again is first
		want   string
	}{{"", 99, false, "high mid low"}, {"40", 39, false, "high mid low"},
		{"40", 40, true, "low high mid"}, {"40", 41, true, "mid low high"}, {"0", 0, true, "high mid low"}} {
		group := fmt.Sprint("g", i)
		r.group(group, func(g *protocol.SubscriptionGroupConfig) {
			if c.factor != "" {
				g.Attributes = map[string]string{"+priority.factor": c.factor}
			}
		})
		r.topic(RetryTopic("P", group, false), 1)
		r.send(RetryTopic("P", group, false), 0, "", "again")
		p := r.ask("P", group)
		p.begin(r.now())
		p.topic, p.Sub = r.d.Topics.Get("P"), everything
		want := c.want + " again"
		if c.again {
			want = "again " + c.want
		}
		if r.walk(p, c.dice); bodiesOf(r, p) != want {
			t.Errorf("%+v: %q, want %q", c, bodiesOf(r, p), want)
		}
		p.Release()
	}
}

// TestReady: what makes a request be looked at again: a message in a queue that it asks for, or in a retry topic; not a
// queue that is blocked, read by somebody, or has no room for check points.
func TestReady(t *testing.T) {
	r := newRig(t)
	r.topic("T", 2)
	r.topic(RetryTopic("T", "r", false), 1)
	wait := func(group string, queue int32) *Wait { return &Wait{Topic: "T", Group: group, QueueID: queue} }
	is := func(what string, w *Wait, order, want bool) {
		t.Helper()
		if got := r.ready(w, order, ""); got != want {
			t.Errorf("%s: %v", what, got)
		}
	}
	is("nothing", wait("g", -1), false, false)
	r.send("T", 1, "", "a")
	is("all queues", wait("g", -1), false, true)
	is("its queue", wait("g", 1), false, true)
	is("another queue", wait("g", 0), false, false)
	is("no topic", &Wait{Topic: "U", Group: "g", QueueID: -1}, false, false)
	r.is("in order", r.pop("T", "o", ordered("1")), "a")
	r.send("T", 1, "", "b")
	is("blocked", wait("o", -1), true, false)
	is("blocked, its queue", wait("o", 1), true, false)
	is("not in order", wait("o", 1), false, true)
	r.is("all", r.pop("T", "g"), "a b")
	is("popped", wait("g", -1), false, false)
	r.send("T", 1, "", "c")
	is("the next", wait("g", -1), false, true)
	l := r.lanes.get("T", "g", 1)
	l.reading = true
	is("somebody pops it", wait("g", -1), false, false)
	l.reading = false
	r.change(func(c *config.Config) { c.PopCkOffsetMaxQueueSize = 1 })
	is("as many check points as may be", wait("g", -1), false, false)
	r.change(func(c *config.Config) { c.PopCkOffsetMaxQueueSize = 2 })
	is("room for one more", wait("g", -1), false, true)
	r.points.Store(2*int64(r.conf.Load().PopCkMaxBufferSize) + 1)
	is("too many of all queues", wait("g", -1), false, false)
	r.points.Add(-1)
	is("just as many of all queues", wait("g", -1), false, true)
	if err := r.d.Committed.Commit("r", "T", 1, 3); err != nil {
		t.Fatal(err)
	}
	is("all consumed", wait("r", -1), false, false)
	r.send(RetryTopic("T", "r", false), 0, "", "again")
	is("what comes again", wait("r", -1), false, true)
	is("what comes again, of one queue", wait("r", 0), false, true)
	is("what comes again, in order", wait("r", -1), true, false)
}

// TestNotificationLooks: a notification tells of what the group's tags want, where few messages wait, and of anything
// where there are many.
func TestNotificationLooks(t *testing.T) {
	r := newRig(t, func(c *config.Config) {
		c.UseMessageFilterForNotification, c.MaxMessageFilterNumForNotification = true, 3
	})
	r.topic("T", 2)
	asks := func(queue int32, expression string, order bool) bool {
		t.Helper()
		has, w, err := r.Notify(&Notification{Reader: Reader{Topic: "T", Group: "g", QueueID: queue, Peer: "c:1"},
			PollTime: 7, Born: 100, Expression: expression, Kind: "TAG", Order: order, AttemptID: "n"})
		if err != nil || w.Until != 107 || w.Topic != "T" || w.Group != "g" || w.QueueID != queue {
			t.Fatalf("%+v, %v", w, err)
		}
		return has
	}
	if asks(-1, "*", false) {
		t.Error("nothing is there")
	}
	r.send("T", 0, "x", "1", "2")
	for _, c := range []struct {
		queue int32
		tag   string
		want  bool
	}{{-1, "*", true}, {0, "*", true}, {1, "*", false}, {-1, "x", true}, {-1, "y", false}, {-1, "", true}} {
		if got := asks(c.queue, c.tag, false); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	r.send("T", 0, "x", "3")
	if !asks(-1, "y", false) {
		t.Error("three wait, and were looked at")
	}
	r.is("in order", r.pop("T", "g", func(p *Pop) { p.Order, p.MaxCount, p.AttemptID = true, 1, "p" }), "1")
	if asks(-1, "*", true) || !asks(-1, "*", false) {
		t.Error("a queue that is blocked")
	}
}

// TestIdleLanes: a lane is forgotten laneIdle after its last pop, and not while somebody pops it; a match drops its points
// in any case.
func TestIdleLanes(t *testing.T) {
	lanes := newLanes()
	add := func(topic string, used int64, points int, reading bool) *lane {
		l := lanes.lock(topic, "g", 0)
		defer l.mu.Unlock()
		l.used, l.reading = used, reading
		for i := range points {
			l.push(point{start: int64(i), next: int64(i) + 1, num: 1})
		}
		lanes.activate(l)
		return l
	}
	add("old", 1000, 0, false)
	add("young", 1001, 0, false)
	add("full", 1000, 2, false)
	busy := add("busy", 1000, 0, true)
	if n := lanes.forget(1000+laneIdle, nil); n != 0 || lanes.get("old", "g", 0) != nil || lanes.get("young", "g", 0) == nil ||
		lanes.get("full", "g", 0) == nil || lanes.get("busy", "g", 0) == nil || len(lanes.actives(nil)) != 3 {
		t.Errorf("%d points went; active are %d", n, len(lanes.actives(nil)))
	}
	busy.push(point{num: 1})
	if n := lanes.forget(1000, func(k laneKey) bool { return k.topic == "busy" || k.topic == "full" }); n != 3 ||
		lanes.get("full", "g", 0) != nil || lanes.get("busy", "g", 0) != busy || busy.gone || busy.size() != 0 ||
		len(lanes.actives(nil)) != 1 {
		t.Errorf("%d points went; the one that is popped: %+v", n, busy)
	}
}

// TestBehindFromTheStart: each queue of the revive topic is told of, as not behind, before the first look.
func TestBehindFromTheStart(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.ReviveQueueNum, c.EnablePopBufferMerge = 3, false })
	seen := func() (text string) {
		r.Each(func(queue int, b Behind) { text += fmt.Sprintf("%d:%d,%d ", queue, b.Messages, b.Late) })
		return text
	}
	if got := seen(); got != "0:0,0 1:0,0 2:0,0 " {
		t.Errorf("at the start: %s", got)
	}
	r.topic("T", 1)
	r.send("T", 0, "", "a")
	r.pop("T", "g", func(p *Pop) { p.Invisible = 5000 })
	r.clock.Add(4500)
	r.deliver()
	r.clock.Add(1500)
	r.revive.round(nil)
	if got := seen(); strings.Count(got, ":0,0") != 2 || !strings.Contains(got, ":1,1000") {
		t.Errorf("one that waits, over for a second: %s", got)
	}
	r.revive.begin()
	if got := seen(); got != "0:0,0 1:0,0 2:0,0 " {
		t.Errorf("begun again: %s", got)
	}
}

// TestReviveQueue: of two check points of one pop the later one counts, one that is read again changes nothing, and when
// there are too many the rest is left for another look.
func TestReviveQueue(t *testing.T) {
	item := func(start, offset int64) *reviveItem {
		return &reviveItem{CheckPoint: CheckPoint{Topic: "T", Group: "g", Broker: "b", Start: start, PopTime: 9, Num: 2,
			Diffs: []int32{0, 1}}, offset: offset}
	}
	q := &reviveQueue{points: map[reviveKey]*reviveItem{}, skip: -1, commit: -1}
	first, second := item(1, 10), item(1, 11)
	q.add(first)
	q.add(second)
	q.add(item(1, 11))
	q.add(item(1, 5))
	q.add(item(2, 12))
	if len(q.order) != 3 || len(q.points) != 2 || first.Bits != -1 || second.Bits != 0 || q.skip != -1 {
		t.Errorf("%d in order, %d known, bits %d and %d", len(q.order), len(q.points), first.Bits, second.Bits)
	}
	ack := func(start int64, offset int64, more ...int64) {
		q.acknowledge(&Acked{Topic: "T", Group: "g", Broker: "b", Start: start, PopTime: 9, Offset: offset, Offsets: more})
	}
	ack(1, 2)
	ack(1, 3)
	ack(7, 7)
	if second.Bits != 2 {
		t.Errorf("bits %d", second.Bits)
	}
	if ack(2, -1, 2, 3, 4); q.order[2].Bits != 3 {
		t.Errorf("bits %d of several", q.order[2].Bits)
	}
	for i := int64(len(q.points)); i < maxRevivePoints; i++ {
		q.points[reviveKey{start: i, popTime: -1}] = nil
	}
	q.add(item(3, 13))
	q.add(item(4, 14))
	if q.skip != 13 || len(q.order) != 3 {
		t.Errorf("too many: goes on at %d, %d in order", q.skip, len(q.order))
	}
	q.points = map[reviveKey]*reviveItem{}
	if q.add(item(4, 14)); len(q.order) != 3 {
		t.Error("one behind another that was left out is taken")
	}
}

// TestWaitTimes: a request waits until shortly before its time, the first one first; who has no time left does not wait.
func TestWaitTimes(t *testing.T) {
	q, wait := queue(t, false, 1, 3)
	for _, until := range []int64{0, 1000, 1000 + early} {
		w := &waiter{}
		w.Wait = Wait{Waiter: w, Topic: "T", Group: "g", Until: until}
		if ok, err := q.add(&w.Wait); ok || err != nil {
			t.Errorf("until %d: waits %v, %v", until, ok, err)
		}
	}
	wait("late", "g", 0, 3000)
	wait("soon", "g", 0, 2000)
	if left := q.expire(); left != (1000-early)*time.Millisecond {
		t.Errorf("the first is due in %v", left)
	}
	w := &waiter{}
	w.Wait = Wait{Waiter: w, Topic: "T", Group: "g", Until: 5000}
	if ok, err := q.add(&w.Wait); ok || err != ErrFull {
		t.Errorf("a third one for a queue of two: waits %v, %v", ok, err)
	}
	wait("other", "h", 0, 4000)
	w.Group = "i"
	if ok, err := q.add(&w.Wait); ok || err != ErrFull {
		t.Errorf("a fourth one of three: waits %v, %v", ok, err)
	}
	q.now = func() int64 { return 3000 - early - 1 }
	if left := q.expire(); left != time.Millisecond || !slices.Equal(q.woken(), []string{"soon"}) || q.count.Load() != 2 {
		t.Errorf("the next is due in %v, %d wait", left, q.count.Load())
	}
	q.now = func() int64 { return 4000 - early }
	if left := q.expire(); left != time.Hour || !slices.Equal(q.woken(), []string{"late", "other"}) || len(q.lists) != 0 ||
		len(q.groups) != 0 {
		t.Errorf("the next is due in %v, lists %v, groups %v", left, q.lists, q.groups)
	}
}

// TestKeeperRuns: the running service stores what is due, by its own clock.
func TestKeeperRuns(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.serves.Store(false) // the rig serves without its goroutines
	if !r.Start() || r.Start() {
		t.Error("it starts once")
	}
	r.send("T", 0, "", "a")
	r.pop("T", "g", func(p *Pop) { p.Invisible = 20_000 })
	r.clock.Add(12_000)
	testutil.WaitFor(t, "the check point is stored", func() bool { return r.parkedCount() == 1 })
	if !r.Stop() || r.Stop() {
		t.Error("it stops once")
	}
}

// TestWaitNotification: a notification that has found nothing waits; a message that came meanwhile has it looked at
// again, maxAgain times at once, and then waits for the next one. One whose time is over does not wait.
func TestWaitNotification(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	n := &Notification{Reader: Reader{Topic: "T", Group: "g", QueueID: -1, Peer: "c:1"}, PollTime: 60_000, Born: r.now()}
	w := &waiter{name: "w"}
	w.Wait = Wait{Waiter: w, Topic: "T", Group: "g", QueueID: -1, Until: r.now() + 60_000}
	waits := func(what string, again int, woken ...string) {
		t.Helper()
		if ok, err := r.WaitNotification(n, &w.Wait); !ok || err != nil || w.Again != again {
			t.Fatalf("%s: waits %v, %v, looked at again %d times", what, ok, err, w.Again)
		}
		if got := r.asks.woken(); !slices.Equal(got, woken) {
			t.Fatalf("%s: woken %v", what, got)
		}
	}
	waits("nothing came", 0)
	r.send("T", 0, "", "a")
	if got := r.asks.woken(); !slices.Equal(got, []string{"w"}) {
		t.Errorf("a message came: woken %v", got)
	}
	for i := range maxAgain {
		waits("it is still there", i+1, "w")
	}
	waits("often enough", 0)
	over := &waiter{}
	over.Wait = Wait{Waiter: over, Topic: "T", Group: "g", QueueID: -1, Until: r.now()}
	if ok, err := r.WaitNotification(n, &over.Wait); ok || err != nil {
		t.Errorf("its time is over: waits %v, %v", ok, err)
	}
	r.change(func(c *config.Config) { c.MaxPopPollingSize = 1 })
	if ok, err := r.WaitNotification(n, &Wait{Topic: "T", Group: "h", Until: r.now() + 9000}); ok || err != ErrFull {
		t.Errorf("too many: waits %v, %v", ok, err)
	}
	pop := &waiter{name: "p"}
	pop.Wait = Wait{Waiter: pop, Topic: "T", Group: "g", QueueID: -1, Until: r.now() + 60_000, Sub: everything}
	for i, want := range []int{1, 2, maxAgain, 0} {
		if ok, err := r.WaitPop(&pop.Wait, false, ""); !ok || err != nil || pop.Again != want ||
			len(r.pops.woken()) != min(want, 1) {
			t.Errorf("pop %d: waits %v, %v, looked at again %d times", i, ok, err, pop.Again)
		}
	}
}
