package replicas

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/remoting/wire"
	"gorocket/store/ha"
)

// TestRoles: a broker becomes what the controllers say, each time they say something else, and nothing twice.
func TestRoles(t *testing.T) {
	c := startController(t)
	r := newRig(t, c).as(2)
	for _, say := range []struct {
		m    Master
		set  string
		does string
	}{
		{Master{1, "m:1", 4}, setOf(2, 1), "follow 1/4"},
		{Master{1, "m:1", 4}, setOf(3, 1, 2), ""},
		{Master{1, "m:2", 4}, setOf(3, 1, 2), "follow 1/4"}, // it moved
		{Master{2, "h:1", 5}, setOf(4, 2), "lead 2/5"},
		{Master{2, "h:1", 5}, setOf(4, 2), ""},
		{Master{2, "h:1", 7}, setOf(6, 2), "lead 2/7"}, // elected anew
		{Master{1, "m:2", 6}, setOf(7, 1), ""},         // of the past: a controller that was cut off
		{Master{3, "n:1", 8}, setOf(7, 3), "follow 3/8"},
	} {
		c.info(say.m, say.set)
		r.must()
		r.did(say.does)
	}
	if m := r.Master(); m != (Master{3, "n:1", 8}) {
		t.Errorf("master %+v", m)
	}
	if r.act.counted != 2 {
		t.Errorf("told %d times that other brokers count", r.act.counted)
	}
}

// TestNotices: what a controller says on its own has the broker ask at once, whatever the order in which it comes; what
// the controllers answer counts.
func TestNotices(t *testing.T) {
	c := startController(t)
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	r := newRig(t, c).as(2)
	r.must()
	r.did("follow 1/4")
	r.quiet()
	r.act.change(func(a *actor) { a.slaves = []ha.SlaveState{caughtUp(3, 0)} })
	c.info(Master{2, "h:1", 6}, setOf(5, 2, 3))
	r.must()
	r.did("")
	r.Told(Master{2, "h:1", 6}, 5)
	r.Told(Master{1, "m:1", 5}, 4) // sent before
	r.Told(Master{}, 0)
	r.Told(Master{-1, "", 9}, 9)
	r.must()
	r.did("lead 2/6")
	c.info(Master{2, "h:1", 6}, setOf(6, 2, 3, 4))
	r.Told(Master{2, "h:1", 6}, 6)
	r.Told(Master{2, "h:1", 6}, 5)
	r.act.change(func(a *actor) { a.slaves = append(a.slaves, caughtUp(4, 0)) })
	r.loop.sought = time.Time{} // it was asked a while ago
	r.must()
	r.did("")
	if others := r.Others(); !slices.Equal(others, []int64{3, 4}) {
		t.Errorf("%v count, want 3 and 4", others)
	}
}

// TestNoticeBehindMany: what is new is not lost behind notices of the past, nor when the controller that is asked does
// not know it yet, or does not answer: it is asked again.
func TestNoticeBehindMany(t *testing.T) {
	c := startController(t)
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	r := newRig(t, c).as(2)
	r.must()
	r.did("follow 1/4")
	r.quiet()
	past := func() {
		for range 100 {
			r.Told(Master{1, "m:1", 4}, 2)
		}
	}
	past()
	r.Told(Master{3, "n:1", 5}, 3)
	past()
	r.must()
	past()
	c.on(wire.ReqControllerGetReplicaInfo, status(wire.SystemError))
	r.loop.sought = r.loop.sought.Add(-noticeRest)
	if err := r.look(); refused(err) != wire.SystemError {
		t.Error(err)
	}
	c.info(Master{3, "n:1", 5}, setOf(3, 3))
	r.must()
	r.did("") // too soon
	if rest := r.rest(); rest > noticeRest {
		t.Errorf("the next turn is in %s, want %s at most", rest, noticeRest)
	}
	r.loop.sought = r.loop.sought.Add(-noticeRest)
	r.must()
	r.did("follow 3/5")
}

// TestLoopHears: the loop looks at once when a controller says something, and when Look says so.
func TestLoopHears(t *testing.T) {
	c := startController(t)
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	r := newRig(t, c).as(2)
	r.quiet()
	r.Start()
	defer r.Stop()
	r.until("it follows", func() bool { return r.Master().Epoch == 4 })
	c.info(Master{2, "h:1", 5}, setOf(3, 2))
	r.Told(Master{2, "h:1", 5}, 3)
	r.until("it leads", func() bool { return r.Master().Epoch == 5 })
	r.act.change(func(a *actor) { a.slaves = append(a.slaves, caughtUp(3, 0)) })
	c.on(wire.ReqControllerAlterSyncStateSet, agreed(setOf(4, 2, 3)))
	r.Look()
	r.until("broker 3 is of the set", func() bool { return r.Set().Has(3) })
	r.did("follow 1/4, lead 2/5")
}

// TestFollowFails: a broker that cannot follow is no master any more; it tries again.
func TestFollowFails(t *testing.T) {
	c := startController(t)
	c.info(Master{2, "h:1", 4}, setOf(2, 2))
	r := newRig(t, c).as(2)
	r.must()
	r.did("lead 2/4")
	r.act.change(func(a *actor) { a.fail = errActor })
	c.info(Master{1, "m:1", 5}, setOf(3, 1))
	for range 2 {
		if err := r.look(); !errors.Is(err, errActor) {
			t.Fatal(err)
		}
		r.did("follow 1/5")
	}
	if r.leads() || len(c.of(wire.ReqControllerAlterSyncStateSet)) > 0 {
		t.Error("it takes itself for the master")
	}
	r.act.change(func(a *actor) { a.fail = nil })
	r.must()
	r.did("follow 1/5")
	if r.Err() != nil || r.Master().ID != 1 {
		t.Errorf("%v, master %+v", r.Err(), r.Master())
	}
}

// TestLeadFails: a broker that cannot lead is what it was, says so, and tries again.
func TestLeadFails(t *testing.T) {
	c := startController(t)
	c.info(Master{1, "m:1", 4}, setOf(2, 1, 2))
	r := newRig(t, c).as(2)
	r.must()
	r.did("follow 1/4")
	r.act.change(func(a *actor) { a.fail = errActor })
	c.info(Master{2, "h:1", 5}, setOf(3, 2))
	for range 2 {
		if err := r.look(); !errors.Is(err, errActor) {
			t.Fatal(err)
		}
		r.did("lead 2/5")
	}
	if r.leads() || r.Master().ID != 1 || !errors.Is(r.Err(), errActor) || r.Health() != nil {
		t.Errorf("master %+v, %v, %v", r.Master(), r.Err(), r.Health())
	}
	r.mu.Lock()
	r.since = r.since.Add(-sickAfter)
	r.mu.Unlock()
	if err := r.Health(); !errors.Is(err, errActor) {
		t.Errorf("a broker that cannot lead for seconds is healthy: %v", err)
	}
	r.act.change(func(a *actor) { a.fail = nil })
	r.must()
	r.did("lead 2/5")
	if !r.leads() || r.Health() != nil {
		t.Error(r.Health())
	}
}

// TestNoSet: who is master without a sync state set that has it acknowledges alone what another one may lack: such an
// answer counts for nothing. What a slave is told of the set does not matter to it.
func TestNoSet(t *testing.T) {
	for name, body := range map[string]string{"no body": "", "empty": "{}", "without it": setOf(3, 1, 3),
		"garbage": "\x00\x01", "an array": "[2]"} {
		c := startController(t)
		c.info(Master{1, "m:1", 4}, setOf(2, 1, 2))
		r := newRig(t, c).as(2)
		r.must()
		r.did("follow 1/4")
		c.info(Master{2, "h:1", 5}, body)
		if err := r.look(); err == nil || !strings.Contains(err.Error(), "sync state set") {
			t.Errorf("%s: %v", name, err)
		}
		r.did("")
		r.act.change(func(a *actor) { a.slaves = []ha.SlaveState{caughtUp(3, 0)} })
		c.info(Master{2, "h:1", 5}, setOf(3, 2, 3))
		r.must()
		r.did("lead 2/5")
		c.info(Master{2, "h:1", 5}, strings.Replace(body, "3}", "9}", 1)) // a newer one
		_ = r.look()
		if others := r.Others(); !slices.Equal(others, []int64{3}) {
			t.Errorf("%s: %v count, want broker 3", name, others)
		}
	}
	c := startController(t)
	c.info(Master{1, "m:1", 4}, "")
	r := newRig(t, c).as(2)
	r.must()
	r.did("follow 1/4")
}

// TestPowerLost: a broker that was master, and lost its power, does not go on as that in the same epoch, and is silent
// until somebody is elected anew.
func TestPowerLost(t *testing.T) {
	c := startController(t)
	c.info(Master{2, "h:1", 4}, setOf(2, 1, 2))
	r := newRig(t, c).as(2)
	r.act.change(func(a *actor) { a.state = State{Epoch: 4, PowerLost: true} })
	for range 2 {
		if err := r.look(); !errors.Is(err, errPowerLost) {
			t.Fatal(err)
		}
	}
	r.did("")
	c.until("the one that went with the registration", func() bool { return len(c.of(wire.ReqBrokerHeartbeat)) > 0 })
	had := len(c.of(wire.ReqBrokerHeartbeat))
	r.beat(t.Context())
	time.Sleep(10 * time.Millisecond)
	if n := len(c.of(wire.ReqBrokerHeartbeat)); n != had {
		t.Error("it says that it is alive")
	}
	c.info(Master{2, "h:1", 5}, setOf(3, 2))
	r.must()
	r.did("lead 2/5")
	if r.beat(t.Context()); r.Err() != nil {
		t.Error(r.Err())
	}
	c.until("it is heard again", func() bool { return len(c.of(wire.ReqBrokerHeartbeat)) > had })
}

// TestPowerLostAlone: a broker that was master and lost its power says that it is alive as soon as the controllers know
// no master any more: nobody else may be there to become it, and only who is alive is elected.
func TestPowerLostAlone(t *testing.T) {
	c := startController(t)
	c.info(Master{2, "h:1", 4}, setOf(2, 2))
	r := newRig(t, c).as(2)
	r.act.change(func(a *actor) { a.state = State{Epoch: 4, PowerLost: true} })
	if err := r.look(); !errors.Is(err, errPowerLost) {
		t.Fatal(err)
	}
	c.until("the one that went with the registration", func() bool { return len(c.of(wire.ReqBrokerHeartbeat)) > 0 })
	had := len(c.of(wire.ReqBrokerHeartbeat))
	c.info(Master{0, "", 5}, setOf(2, 2)) // its heartbeats were missing, and there is no other
	c.on(wire.ReqControllerElectMaster, status(wire.ControllerElectMasterFailed))
	if err := r.look(); !errors.Is(err, errNoMaster) {
		t.Fatal(err)
	}
	r.beat(t.Context())
	c.until("it is heard", func() bool { return len(c.of(wire.ReqBrokerHeartbeat)) > had })
	r.did("")
	c.info(Master{2, "h:1", 6}, setOf(3, 2))
	r.must()
	r.did("lead 2/6")
}

// TestLargestEpoch: epochs compare up to their largest number.
func TestLargestEpoch(t *testing.T) {
	c := startController(t)
	c.info(Master{1, "m:1", math.MaxInt32 - 1}, setOf(2, 1))
	r := newRig(t, c).as(2)
	r.must()
	c.info(Master{2, "h:1", math.MaxInt32}, setOf(3, 2))
	r.must()
	c.info(Master{1, "m:1", math.MinInt32}, setOf(4, 1))
	r.must()
	r.did("follow 1/2147483646, lead 2/2147483647")
}

// TestTwins: of two brokers with one identity the one that the controllers do not mean does not lead, or does so no
// more; who moved leads when they know its address.
func TestTwins(t *testing.T) {
	var twin *TwinError
	c := startController(t)
	c.info(Master{2, "h:2", 4}, setOf(2, 2))
	r := newRig(t, c).as(2)
	for range 2 {
		if err := r.look(); !errors.As(err, &twin) || twin.Addr != "h:2" || twin.ID != 2 {
			t.Fatal(err)
		}
	}
	r.did("")
	c.info(Master{2, "h:1", 4}, setOf(2, 2))
	r.must()
	r.did("lead 2/4")
	c.info(Master{2, "h:2", 4}, setOf(2, 2))
	for _, does := range []string{"follow 0/0", ""} {
		if err := r.look(); !errors.As(err, &twin) {
			t.Fatal(err)
		}
		r.did(does)
	}
	if r.leads() {
		t.Error("it takes itself for the master")
	}
}
