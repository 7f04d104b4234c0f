package pop

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/config"
	"gorocket/compat"
	"gorocket/compat/testutil"
)

// waiter notes how it was answered.
type waiter struct {
	Wait
	name   string
	closed bool
	mu     sync.Mutex
	runs   []bool // guarded by mu; over
}

func (w *waiter) Closed() bool { return w.closed }

func (w *waiter) Run(over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs = append(w.runs, over)
}

func (w *waiter) answered() []bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.runs)
}

// queue makes waits with a clock that stands, and lets some wait.
func queue(t *testing.T, last bool, each, all int) (*waits, func(name, group string, q int32, until int64) *waiter) {
	q := newWaits(func() (int, int) { return each, all }, last)
	q.now = func() int64 { return 1000 }
	q.open()
	return q, func(name, group string, queue int32, until int64) *waiter {
		w := &waiter{name: name}
		w.Wait = Wait{Waiter: w, Topic: "T", Group: group, QueueID: queue, Until: until}
		if ok, err := q.add(&w.Wait); !ok || err != nil {
			t.Fatalf("%s does not wait: %v", name, err)
		}
		return w
	}
}

// woken are the names of those that were taken out, in this order.
func (t *waits) woken() (names []string) {
	for w, _ := t.nextReady(); w != nil; w, _ = t.nextReady() {
		names = append(names, w.Waiter.(*waiter).name)
	}
	return names
}

// Pops are woken first in, first out, notifications the other way; a queue's before those of all queues.
func TestWhoIsWoken(t *testing.T) {
	for _, c := range []struct {
		last bool
		want []string
	}{{false, []string{"one", "two"}}, {true, []string{"two", "one"}}} {
		q, wait := queue(t, c.last, 10, 10)
		wait("one", "g", -1, 9000)
		wait("two", "g", -1, 8000)
		q.one(laneKey{"T", "g", -1})
		q.one(laneKey{"T", "g", 0})
		q.one(laneKey{"T", "g", -1})
		if got := q.woken(); !slices.Equal(got, c.want) {
			t.Errorf("woken %v, want %v", got, c.want)
		}
	}
	q, wait := queue(t, false, 10, 10)
	wait("all", "g", -1, 9000)
	wait("queue", "g", 3, 9000)
	wait("other", "h", -1, 9000)
	q.either(laneKey{"T", "g", 3})
	q.either(laneKey{"T", "g", 3})
	if got := q.woken(); !slices.Equal(got, []string{"queue", "all"}) {
		t.Errorf("woken %v", got)
	}
	wait("all", "g", -1, 9000)
	wait("queue", "g", 3, 9000)
	q.arrived("T", "", 3, nil)
	got := q.woken()
	slices.Sort(got)
	if !slices.Equal(got, []string{"all", "other", "queue"}) || q.count.Load() != 0 || len(q.groups) != 0 || len(q.lists) != 0 {
		t.Errorf("woken %v, %d left", got, q.count.Load())
	}
}

// Who does not want a message, or is gone, is passed by.
func TestWhoIsPassedBy(t *testing.T) {
	q, wait := queue(t, false, 10, 10)
	gone := wait("gone", "g", -1, 9000)
	gone.closed = true
	picky := wait("picky", "g", -1, 9000)
	picky.Sub, _ = clients.ParseSubscription("T", "x", "TAG")
	wait("any", "g", -1, 9000)
	code := int64(compat.HashCode("y"))
	q.arrived("T", "", 0, func(w *Wait) bool { return w.Sub == nil || w.Sub.MatchTagsCode(code) })
	if got := q.woken(); !slices.Equal(got, []string{"any"}) || q.count.Load() != 1 {
		t.Errorf("woken %v, %d left", got, q.count.Load())
	}
}

// Limits: of one key, and of all.
func TestTooManyWait(t *testing.T) {
	q, wait := queue(t, false, 1, 3)
	wait("1", "g", -1, 9000)
	wait("2", "g", -1, 9000)
	more := &waiter{}
	more.Wait = Wait{Waiter: more, Topic: "T", Group: "g", QueueID: -1, Until: 9000}
	if ok, err := q.add(&more.Wait); ok || !errors.Is(err, ErrFull) {
		t.Errorf("%v %v", ok, err)
	}
	wait("3", "h", -1, 9000)
	more.Wait.Group = "i"
	if ok, err := q.add(&more.Wait); ok || !errors.Is(err, ErrFull) {
		t.Errorf("%v %v", ok, err)
	}
	q.one(laneKey{"T", "g", -1})
	more.Wait.Until = 1040 // answered 50 ms early: now
	if ok, err := q.add(&more.Wait); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
}

// Whose time is over is answered, in the order of the times; a close answers all.
func TestOver(t *testing.T) {
	q, wait := queue(t, false, 10, 10)
	wait("late", "g", -1, 5000)
	wait("soon", "g", 1, 2000)
	wait("sooner", "g", 2, 1500)
	if d := q.expire(); d != 450*time.Millisecond {
		t.Errorf("the next is looked at after %v", d)
	}
	q.now = func() int64 { return 2000 }
	if d := q.expire(); d != 2950*time.Millisecond {
		t.Errorf("the next is looked at after %v", d)
	}
	if got := q.woken(); !slices.Equal(got, []string{"sooner", "soon"}) {
		t.Errorf("over are %v", got)
	}
	w := wait("last", "g", 2, 5000)
	q.close()
	if got := w.answered(); !slices.Equal(got, []bool{true}) || q.count.Load() != 0 {
		t.Errorf("closed: answered %v", got)
	}
	if ok, err := q.add(&w.Wait); ok || err != nil {
		t.Errorf("it waits: %v %v", ok, err)
	}
}

// The service starts and stops more than once; a pop that waits is woken by a message, and answered by a stop.
func TestStartStopTwice(t *testing.T) {
	r := newRig(t)
	r.serves.Store(false)
	r.pops.close()
	r.topic("T", 1)
	for range 2 {
		if !r.Start() || r.Start() {
			t.Fatal("start")
		}
		w := &waiter{}
		w.Wait = Wait{Waiter: w, Topic: "T", Group: "g", QueueID: -1, Until: r.now() + 60_000, Sub: everything}
		r.is("nothing", r.pop("T", "g"), "")
		if ok, err := r.WaitPop(&w.Wait, false, ""); !ok || err != nil {
			t.Fatalf("%v %v", ok, err)
		}
		r.send("T", 0, "", "a")
		testutil.WaitFor(t, "the pop is woken", func() bool { return len(w.answered()) == 1 })
		r.is("popped", r.pop("T", "g"), "a")
		if ok, err := r.WaitPop(&w.Wait, false, ""); !ok || err != nil {
			t.Fatalf("%v %v", ok, err)
		}
		if !r.Stop() || r.Stop() {
			t.Fatal("stop")
		}
		if got := w.answered(); !slices.Equal(got, []bool{false, true}) {
			t.Errorf("answered %v", got)
		}
		r.is("stopped", r.pop("T", "g"), "")
	}
}

// A message that came between a pop and its waiting is seen.
func TestNoMessageIsMissed(t *testing.T) {
	r := newRig(t)
	r.topic("T", 2)
	r.is("nothing", r.pop("T", "g"), "")
	r.send("T", 1, "", "a")
	w := &waiter{name: "w"}
	w.Wait = Wait{Waiter: w, Topic: "T", Group: "g", QueueID: -1, Until: r.now() + 60_000, Sub: everything}
	if ok, err := r.WaitPop(&w.Wait, false, ""); !ok || err != nil {
		t.Fatalf("%v %v", ok, err)
	}
	if got := r.pops.woken(); !slices.Equal(got, []string{"w"}) {
		t.Errorf("woken %v", got)
	}
}

// What comes again wakes the group that had it, and no other.
func TestRetryWakes(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.EnablePopBufferMerge = false })
	r.topic("T", 1)
	r.send("T", 0, "", "a")
	r.is("pop", r.pop("T", "g", func(p *Pop) { p.Invisible = 10_000 }), "a")
	r.is("pop", r.pop("T", "h", func(p *Pop) { p.Invisible = 90_000 }), "a")
	var all []*waiter
	for _, group := range []string{"g", "h"} {
		w := &waiter{name: group}
		w.Wait = Wait{Waiter: w, Topic: "T", Group: group, QueueID: -1, Until: r.now() + 60_000, Sub: everything}
		if ok, err := r.WaitPop(&w.Wait, false, ""); !ok || err != nil {
			t.Fatalf("%v %v", ok, err)
		}
		all = append(all, w)
	}
	r.pass(16 * time.Second)
	if got := r.pops.woken(); !slices.Equal(got, []string{"g"}) {
		t.Errorf("woken %v", got)
	}
	_ = all
}

// Limits on what is in memory: beyond popCkMaxBufferSize check points are stored at once, beyond twice as many nothing
// is popped.
func TestMemoryIsBounded(t *testing.T) {
	r := newRig(t, func(c *config.Config) { c.PopCkMaxBufferSize = 10 })
	r.topic("T", 1)
	for range 40 {
		r.send("T", 0, "", "x")
	}
	n := 0
	for range 40 {
		n += len(r.pop("T", "g", func(p *Pop) { p.MaxCount = 1 }))
	}
	points, _, _ := r.Sizes()
	if points > 23 || points < 20 || n != int(points) || r.parkedCount() != points-10 {
		t.Errorf("%d popped, %d check points, %d stored", n, points, r.parkedCount())
	}
	r.pass(15 * time.Second)
	if left := len(r.pop("T", "g")); left == 0 {
		t.Error("nothing is popped although there is room again")
	}
	r.change(func(c *config.Config) { c.PopCkMaxBufferSize, c.PopCkOffsetMaxQueueSize = 1000, 3 })
	r.topic("U", 1)
	for range 10 {
		r.send("U", 0, "", "x")
	}
	n = 0
	for range 10 {
		n += len(r.pop("U", "g", func(p *Pop) { p.MaxCount = 1 }))
	}
	if n != 3 {
		t.Errorf("%d popped of a queue that may have 3 pops", n)
	}
}

// Lanes go when nobody pops them, with their topic and their group.
func TestLanesGo(t *testing.T) {
	r := newRig(t)
	r.topic("T", 1)
	r.send("T", 0, "", "a")
	r.is("pop", r.pop("T", "g"), "a")
	r.clock.Add(61_000)
	r.forgetIdle(r.now())
	if r.lanes.get("T", "g", 0) == nil {
		t.Fatal("a lane with a check point is gone")
	}
	r.ForgetGroup("h")
	r.ForgetTopic("T")
	if points, _, _ := r.Sizes(); r.lanes.get("T", "g", 0) != nil || points != 0 {
		t.Errorf("the topic's lane is there, or %d check points", points)
	}
	r.is("pop", r.pop("T", "h"), "a")
	r.d.Groups.Remove("h")
	r.forgetIdle(r.now())
	if r.lanes.get("T", "h", 0) != nil {
		t.Error("the lane of a group that is no more is there")
	}
}
