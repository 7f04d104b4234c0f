package replicas

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/ha"
)

// caughtUp is a slave that has the log up to an offset, which was all there was.
func caughtUp(id, acked int64) ha.SlaveState {
	return ha.SlaveState{ID: id, Acked: acked, CaughtUp: time.Now()}
}

// agreed is the answer of controllers that take a set over.
func agreed(set string) func(ctx *remoting.Context) {
	return answered(wire.AlterSyncStateSetResponse, wire.AlterSyncStateSetResponseHeader{}, set)
}

// leader is a rig that leads as broker 1 with a set, whose controllers are not asked who is master any more.
func leader(t *testing.T, set ...int64) (*rig, *controller) {
	t.Helper()
	c := startController(t)
	c.info(Master{1, "h:1", 4}, setOf(2, set...))
	r := newRig(t, c).as(1)
	r.act.change(func(a *actor) {
		for _, id := range set {
			if id != 1 {
				a.slaves = append(a.slaves, caughtUp(id, 100))
			}
		}
		a.state = State{Epoch: 4, End: 100, Confirmed: 100}
	})
	r.must()
	r.did("lead 1/4")
	r.quiet()
	return r, c
}

// counts checks which other brokers have to have a message.
func (r *rig) counts(what string, want ...int64) {
	r.t.Helper()
	if got := r.Others(); !slices.Equal(got, want) {
		r.t.Errorf("%s: %v count, want %v", what, got, want)
	}
}

// proposals are the sets that a controller was asked to take over.
func (c *controller) proposals() (sets []string) {
	for _, r := range c.of(wire.ReqControllerAlterSyncStateSet) {
		var set protocol.SyncStateSet
		if err := compat.Unmarshal(r.Body, &set); err != nil {
			c.t.Error(err)
		}
		sets = append(sets, strings.TrimSpace(setOf(set.SyncStateSetEpoch, set.SyncStateSet...)))
	}
	return sets
}

// TestShrink: a slave that is gone, or was not caught up for so long, counts until the controllers have agreed that it
// does not.
func TestShrink(t *testing.T) {
	for name, gone := range map[string]func(a *actor){
		"gone":   func(a *actor) { a.slaves = a.slaves[:1] },
		"behind": func(a *actor) { a.slaves[1].CaughtUp = time.Now().Add(-2 * time.Minute) },
	} {
		r, c := leader(t, 1, 2, 3)
		r.must()
		if len(c.proposals()) > 0 {
			t.Errorf("%s: proposed %v without a reason", name, c.proposals())
		}
		var during []int64
		c.on(wire.ReqControllerAlterSyncStateSet, func(ctx *remoting.Context) {
			during = r.Others()
			agreed(setOf(3, 1, 2))(ctx)
		})
		r.act.change(gone)
		r.must()
		if !slices.Equal(during, []int64{2, 3}) {
			t.Errorf("%s: %v count while it is not agreed", name, during)
		}
		r.counts(name, 2)
		if got := c.proposals(); !slices.Equal(got, []string{setOf(2, 1, 2)}) {
			t.Errorf("%s: proposed %v", name, got)
		}
		ask := c.of(wire.ReqControllerAlterSyncStateSet)[0]
		if ask.GetString("masterBrokerId") != "1" || ask.GetString("masterEpoch") != "4" || ask.GetString("brokerName") != "b" {
			t.Errorf("%s: %+v", name, ask)
		}
	}
}

// TestGrow: a slave that has everything counts from before the controllers are asked.
func TestGrow(t *testing.T) {
	r, c := leader(t, 1)
	var during []int64
	c.on(wire.ReqControllerAlterSyncStateSet, func(ctx *remoting.Context) {
		during = r.Others()
		agreed(setOf(3, 1, 2))(ctx)
	})
	learner, old, lacks := caughtUp(3, 100), caughtUp(4, 100), caughtUp(5, 99)
	learner.Learner, old.CaughtUp = true, time.Now().Add(-2*joinFresh)
	r.act.change(func(a *actor) {
		a.slaves = []ha.SlaveState{caughtUp(0, 100), caughtUp(1, 100), caughtUp(2, 100), learner, old, lacks}
	})
	r.must()
	if !slices.Equal(during, []int64{2, 5}) { // 5 was late, and counts until the controllers have answered
		t.Errorf("%v count while it is not agreed", during)
	}
	r.counts("agreed", 2)
	if got := c.proposals(); !slices.Equal(got, []string{setOf(2, 1, 2)}) {
		t.Errorf("proposed %v", got)
	}
}

// TestJoinsTooLate: a slave that lacks what was written just before it counted is not proposed.
func TestJoinsTooLate(t *testing.T) {
	r, c := leader(t, 1)
	r.act.change(func(a *actor) { a.slaves = []ha.SlaveState{caughtUp(2, 100)} })
	r.act.change(func(a *actor) { a.state.End = 101 })
	r.must()
	r.counts("it lacks something")
	if len(c.proposals()) > 0 {
		t.Errorf("proposed %v", c.proposals())
	}
}

// TestJoinsUnderLoad: a slave that keeps up gets the moment that it needs to have what was acknowledged before it
// counted.
func TestJoinsUnderLoad(t *testing.T) {
	r, c := leader(t, 1)
	c.on(wire.ReqControllerAlterSyncStateSet, agreed(setOf(3, 1, 2)))
	r.act.change(func(a *actor) { a.slaves, a.state.End = []ha.SlaveState{caughtUp(2, 100)}, 101 })
	time.AfterFunc(joinWait/4, func() { r.act.change(func(a *actor) { a.slaves = []ha.SlaveState{caughtUp(2, 101)} }) })
	r.must()
	r.counts("agreed", 2)
	if got := c.proposals(); !slices.Equal(got, []string{setOf(2, 1, 2)}) {
		t.Errorf("proposed %v", got)
	}
}

// TestRefusedSet: a refusal is certain, and what counted for the proposal counts no more; then the controllers are asked
// what is so.
func TestRefusedSet(t *testing.T) {
	for _, code := range []int32{wire.ControllerFencedMasterEpoch, wire.ControllerFencedSyncStateSetEpoch,
		wire.ControllerInvalidMaster, wire.ControllerInvalidReplicas, wire.ControllerBrokerNotAlive,
		wire.ControllerAlterSyncStateSetFailed} {
		r, c := leader(t, 1)
		r.act.change(func(a *actor) { a.slaves = []ha.SlaveState{caughtUp(2, 100)} })
		c.on(wire.ReqControllerAlterSyncStateSet, status(code))
		if err := r.look(); refused(err) != code {
			t.Errorf("%d: %v", code, err)
		}
		r.counts("refused")
		r.act.change(func(a *actor) { a.slaves = nil })
		c.info(Master{1, "h:1", 4}, setOf(5, 1, 3))
		had := len(c.of(wire.ReqControllerGetReplicaInfo))
		c.on(wire.ReqControllerAlterSyncStateSet, status(wire.SystemError))
		_ = r.look()
		if n := len(c.of(wire.ReqControllerGetReplicaInfo)); n != had+1 {
			t.Errorf("%d: the controllers were asked %d times what is so", code, n-had)
		}
		r.counts("what is so", 3)
	}
}

// TestUnansweredSet: without an answer, or with one that says nothing, both sets count until the controllers say which
// it is; a refusal of a later proposal does not end that.
func TestUnansweredSet(t *testing.T) {
	for name, answer := range map[string]func(ctx *remoting.Context){
		"an error":       status(wire.SystemError),
		"no leader":      status(wire.ControllerNotLeader),
		"not registered": status(wire.ControllerBrokerIDInvalid),
		"closed":         func(ctx *remoting.Context) { ctx.Conn().Close() },
		"no body":        agreed(""),
		"garbage":        agreed("\x01{"),
		"an empty set":   agreed("{}"),
		"without it":     agreed(setOf(3, 2)),
		"an old epoch":   agreed(setOf(2, 1)),
	} {
		r, c := leader(t, 1)
		r.act.change(func(a *actor) { a.slaves = []ha.SlaveState{caughtUp(2, 100)} })
		c.on(wire.ReqControllerAlterSyncStateSet, answer)
		if err := r.look(); err == nil {
			t.Errorf("%s is an answer", name)
		}
		r.counts(name, 2)
		if r.Set().Has(2) {
			t.Errorf("%s: it is of the set that the controllers know", name)
		}
		c.on(wire.ReqControllerAlterSyncStateSet, status(wire.ControllerFencedSyncStateSetEpoch))
		_ = r.look()
		r.counts(name+", then a refusal", 2)
		r.act.change(func(a *actor) { a.slaves = nil })
		c.info(Master{1, "h:1", 4}, setOf(3, 1, 2)) // it had come true
		r.loop.polled = time.Time{}
		_ = r.look()
		r.counts(name+", then the truth", 2)
		if !r.Set().Has(2) {
			t.Errorf("%s: what is so is not taken over", name)
		}
	}
}

// TestNewEpochEndsProposals: who is elected anew begins with the set of that election.
func TestNewEpochEndsProposals(t *testing.T) {
	r, c := leader(t, 1)
	r.act.change(func(a *actor) { a.slaves = []ha.SlaveState{caughtUp(2, 100)} })
	c.on(wire.ReqControllerAlterSyncStateSet, status(wire.SystemError))
	_ = r.look()
	r.counts("without an answer", 2)
	r.act.change(func(a *actor) { a.slaves = nil })
	c.info(Master{1, "h:1", 6}, setOf(8, 1))
	r.Told(Master{1, "h:1", 6}, 8)
	r.must()
	r.did("lead 1/6")
	r.counts("elected anew")
}

// TestRefusedByTheNextLeader: a leader that lost its place while it asked the others says that it is none; what it
// proposed may have come true, and then the next leader refuses it: that is no refusal.
func TestRefusedByTheNextLeader(t *testing.T) {
	for _, code := range []int32{wire.ControllerFencedSyncStateSetEpoch, wire.ControllerInvalidMaster,
		wire.ControllerAlterSyncStateSetFailed} {
		r, c := leader(t, 1)
		next := startController(t)
		c.on(wire.ReqControllerAlterSyncStateSet, func(ctx *remoting.Context) {
			c.names(next.addr)
			ctx.Status(wire.ControllerNotLeader, "leadership lost while committing log")
		})
		next.on(wire.ReqControllerAlterSyncStateSet, status(code))
		r.act.change(func(a *actor) { a.slaves = []ha.SlaveState{caughtUp(2, 100)} })
		if err := r.look(); refused(err) != code || len(next.proposals()) != 1 {
			t.Errorf("%d: %v, proposed %v", code, err, next.proposals())
		}
		r.counts("refused by another one", 2)
		next.info(Master{1, "h:1", 4}, setOf(3, 1, 2))
		r.must()
		r.counts("what is so", 2)
		if !r.Set().Has(2) {
			t.Errorf("%d: what is so is not taken over", code)
		}
	}
}
