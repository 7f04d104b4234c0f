package replicas

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gorocket/remoting/wire"
)

// aged has what went wrong last be so old that it counts.
func (r *rig) aged() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since = r.since.Add(-sickAfter)
}

// TestControllersAway: a broker that goes on as what it is, though no controller that leads answers, is well, or whoever
// watches /health restarts it, and then it has no role; what is wrong is a warning.
func TestControllersAway(t *testing.T) {
	for _, x := range []struct {
		name   string
		answer int32 // to who asks who is master
	}{
		{"none leads", wire.ControllerNotLeader},
		{"the leader has no majority", wire.SystemError},
	} {
		t.Run(x.name, func(t *testing.T) {
			r, c := leader(t, 1, 2)
			if r.Warning() != "" {
				t.Error(r.Warning())
			}
			c.on(wire.ReqControllerGetReplicaInfo, status(x.answer))
			r.loop.polled = time.Time{}
			if err := r.look(); err == nil {
				t.Fatal("asked nobody")
			}
			if r.Warning() != "" || r.Health() != nil {
				t.Error(r.Warning(), r.Health())
			}
			r.aged()
			if w := r.Warning(); r.Health() != nil || !strings.Contains(w, "no controller that leads answers") {
				t.Errorf("%q, %v", w, r.Health())
			}
			r.silent(r.set.lease() + 1) // its slaves prove that it is master; it is fenced without them
			r.act.change(func(a *actor) { a.slaves = nil })
			r.lease()
			if err := r.Health(); err == nil || r.Warning() != "" {
				t.Errorf("%q, %v", r.Warning(), err)
			}
		})
	}
}

// TestNoRoleIsSick: a broker that never heard what it is, or whose set has no master, is none that clients can use.
func TestNoRoleIsSick(t *testing.T) {
	c := startController(t)
	r := newRig(t, c).as(2)
	if err := r.look(); err == nil {
		t.Fatal("a role without an answer")
	}
	r.aged()
	if err := r.Health(); err == nil || r.Warning() != "" {
		t.Errorf("%v, %q", err, r.Warning())
	}
	c.info(Master{1, "m:1", 4}, setOf(2, 1, 2))
	r.must()
	c.info(Master{}, setOf(3, 1))
	c.on(wire.ReqControllerElectMaster, status(wire.ControllerElectMasterFailed))
	if err := r.look(); !errors.Is(err, errNoMaster) {
		t.Fatal(err)
	}
	r.aged()
	if err := r.Health(); !errors.Is(err, errNoMaster) || r.Warning() != "" {
		t.Errorf("%v, %q", err, r.Warning())
	}
}
