package replicas

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// silent has the controllers' last answer be so old.
func (r *rig) silent(ago time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = time.Now().Add(-ago)
}

// TestLeaseIsShorter: a master's lease ends before the controllers may take it for dead, and is not nothing.
func TestLeaseIsShorter(t *testing.T) {
	for _, x := range []struct{ timeout, beat, want time.Duration }{
		{10 * time.Second, time.Second, 7 * time.Second}, {2 * time.Second, 200 * time.Millisecond, 1400 * time.Millisecond},
		{time.Second, time.Second, 500 * time.Millisecond}, {time.Second, 0, 900 * time.Millisecond},
	} {
		if got := (Settings{Timeout: x.timeout, Beat: x.beat}).lease(); got != x.want {
			t.Errorf("timeout %v, beat %v: %v, want %v", x.timeout, x.beat, got, x.want)
		}
	}
}

// TestFenced: a master that no controller has answered for its lease refuses messages, once, and takes them again when
// one answers that it is still master.
func TestFenced(t *testing.T) {
	r, c := leader(t, 1, 2)
	r.set.Timeout, r.set.AllAck = time.Minute, false
	r.silent(r.set.lease() - 5*time.Second)
	r.lease()
	r.did("")
	r.silent(r.set.lease() + time.Millisecond)
	r.lease()
	r.lease()
	r.did("fence")
	if err := r.Health(); err == nil || !strings.Contains(err.Error(), "takes no messages") {
		t.Error(err)
	}
	if _, ok := r.leaseEnd(); ok {
		t.Error("a lease that has ended bounds something")
	}
	r.loop.polled = time.Time{}
	c.on(wire.ReqControllerGetReplicaInfo, status(wire.SystemError))
	_ = r.look()
	r.did("") // an answer that says nothing is none
	c.info(Master{1, "h:1", 4}, setOf(2, 1, 2))
	r.loop.polled = time.Time{}
	r.must()
	r.did("unfence")
	if err := r.Health(); err != nil {
		t.Error(err)
	}
}

// TestDeposedWhileFenced: what is fenced and then learns that another one is master, does not take messages in between.
func TestDeposedWhileFenced(t *testing.T) {
	r, c := leader(t, 1, 2)
	r.set.Timeout, r.set.AllAck = time.Minute, false
	r.silent(time.Hour)
	r.lease()
	c.info(Master{2, "m:1", 5}, setOf(3, 2))
	r.loop.polled = time.Time{}
	r.must()
	r.did("fence, follow 2/5")
	r.silent(time.Hour)
	r.lease()
	r.did("") // slaves have no lease
}

// TestProven: without an answer a master goes on while nobody else can be master: it is alone in its set, or has to have
// everything acknowledged by all of the set, which follow it.
func TestProven(t *testing.T) {
	for name, x := range map[string]struct {
		set    []int64
		allAck bool
		slaves func(a *actor)
		fenced bool
	}{
		"alone":                {[]int64{1}, false, nil, false},
		"alone, all have to":   {[]int64{1}, true, nil, false},
		"others":               {[]int64{1, 2}, false, nil, true},
		"others follow":        {[]int64{1, 2, 3}, true, nil, false},
		"one is gone":          {[]int64{1, 2, 3}, true, func(a *actor) { a.slaves = a.slaves[:1] }, true},
		"one is behind":        {[]int64{1, 2}, true, func(a *actor) { a.slaves[0].CaughtUp = time.Now().Add(-time.Hour) }, true},
		"one was never there":  {[]int64{1, 2}, true, func(a *actor) { a.slaves[0].CaughtUp = time.Time{} }, true},
		"another one is there": {[]int64{1, 2}, true, func(a *actor) { a.slaves[0].ID = 3 }, true},
	} {
		r, _ := leader(t, x.set...)
		r.set.Timeout, r.set.AllAck = time.Minute, x.allAck
		if x.slaves != nil {
			r.act.change(x.slaves)
		}
		r.silent(time.Hour)
		r.lease()
		if got := r.act.took() == "fence"; got != x.fenced {
			t.Errorf("%s: fenced %v, want %v", name, got, x.fenced)
		}
	}
	r, _ := leader(t, 1)
	r.set.Timeout = time.Minute
	r.silent(time.Hour)
	r.Set().propose([]int64{1, 2}) // who is proposed may be elected
	if r.lease(); r.act.took() != "fence" {
		t.Error("one that is about to be of the set counts for nothing")
	}
}

// failing is an actor whose Fence does not work.
type failing struct {
	*actor
	err error
}

func (f *failing) Fence(on bool) error { _ = f.actor.Fence(on); return f.err }

// TestFenceFails: it is tried again until it works.
func TestFenceFails(t *testing.T) {
	r, _ := leader(t, 1, 2)
	r.set.Timeout, r.set.AllAck = time.Minute, false
	f := &failing{r.act, errActor}
	r.d.Role = f
	r.silent(time.Hour)
	r.lease()
	r.lease()
	f.err = nil
	r.lease()
	r.lease()
	r.did("fence, fence, fence")
	f.err = errActor
	r.silent(0)
	r.lease()
	r.lease()
	f.err = nil
	r.lease()
	r.lease()
	r.did("unfence, unfence, unfence")
}

// TestQuestionEndsWithLease: a controller that leads and does not answer holds a master up until its lease ends, and no
// longer: it refuses messages then.
func TestQuestionEndsWithLease(t *testing.T) {
	r, c := leader(t, 1, 2)
	release := make(chan struct{})
	defer close(release)
	c.on(wire.ReqControllerGetReplicaInfo, func(*remoting.Context) { <-release })
	r.set.Timeout, r.set.Beat, r.set.AllAck = 400*time.Millisecond, 0, false
	r.silent(0)
	if left := r.rest(); left > 0 { // a beat is nothing here
		t.Errorf("it rests for %v", left)
	}
	r.set.Beat = time.Nanosecond
	r.loop.polled = time.Time{}
	begin := time.Now()
	if err := r.look(); err == nil {
		t.Error("nobody answered, and all is well")
	}
	if took := time.Since(begin); took > askTimeout/2 {
		t.Errorf("the question took %v", took)
	}
	r.did("fence")
}

// TestRest: the next turn is due with the next heartbeat, or when the lease ends.
func TestRest(t *testing.T) {
	r, _ := leader(t, 1, 2)
	r.set.Timeout, r.set.Beat = time.Hour, time.Minute
	lease := r.set.lease()
	for _, x := range []struct{ ago, least, most time.Duration }{
		{0, time.Minute, time.Minute}, {lease - 10*time.Second, 9 * time.Second, 10*time.Second + time.Millisecond},
		{lease + time.Second, time.Minute, time.Minute}, // it has ended
	} {
		r.silent(x.ago)
		if got := r.rest(); got < x.least || got > x.most {
			t.Errorf("%v after an answer: %v, want %v to %v", x.ago, got, x.least, x.most)
		}
	}
}

// TestLeadsLate: an answer that makes this broker master counts from its question on: one that was kept for longer than
// a lease makes nobody master.
func TestLeadsLate(t *testing.T) {
	c := startController(t)
	r := newRig(t, c).as(1)
	r.set.Timeout = time.Minute
	c.info(Master{1, "h:1", 4}, setOf(2, 1))
	c.on(wire.ReqControllerRegisterBroker, status(wire.SystemError))
	_ = r.look()
	r.loop.registered = true
	if err := r.want(notice{Master{1, "h:1", 4}, []int64{1}, 2, time.Now().Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := r.apply(); !errors.Is(err, errNotAsked) {
		t.Error(err)
	}
	r.did("")
	r.must()
	r.did("lead 1/4")
}
