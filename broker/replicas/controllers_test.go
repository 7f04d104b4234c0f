package replicas

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// until waits for what others bring about.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	wait(r.t, what, ok)
}

func (c *controller) until(what string, ok func() bool) {
	c.t.Helper()
	wait(c.t, what, ok)
}

// TestLeaderFoundAgain: after "I am no leader", and after a connection that ended, the next question goes to whoever
// leads now.
func TestLeaderFoundAgain(t *testing.T) {
	a, b := startController(t), startController(t)
	a.info(Master{1, "m:1", 4}, setOf(2, 1))
	b.names(a.addr)
	r := newRig(t, a, b).as(2)
	r.must()
	if len(b.of(wire.ReqControllerGetReplicaInfo)) > 0 {
		t.Error("a follower is asked")
	}
	a.on(wire.ReqControllerGetReplicaInfo, status(wire.ControllerNotLeader))
	a.names(b.addr)
	b.names(b.addr)
	b.info(Master{1, "m:1", 5}, setOf(3, 1))
	r.must() // the same turn asks the next one
	if m := r.Master(); m.Epoch != 5 {
		t.Errorf("%+v", m)
	}
	a.on(wire.ReqControllerGetReplicaInfo, nil)
	a.names("")
	b.on(wire.ReqControllerGetReplicaInfo, status(wire.ControllerNotLeader))
	if err := r.look(); refused(err) != wire.ControllerNotLeader || len(b.of(wire.ReqControllerGetReplicaInfo)) != 3 {
		t.Errorf("nobody leads: %v, after %d questions", err, len(b.of(wire.ReqControllerGetReplicaInfo)))
	}
	b.on(wire.ReqControllerGetReplicaInfo, func(ctx *remoting.Context) { ctx.Conn().Close() })
	if err := r.look(); err == nil {
		t.Fatal("a connection ended, and all is well")
	}
	a.names(a.addr)
	b.names(a.addr)
	a.info(Master{1, "m:1", 6}, setOf(3, 1))
	r.must()
	if m := r.Master(); m.Epoch != 6 {
		t.Errorf("%+v", m)
	}
}

// TestNoLeader: no controller that answers, none that knows a leader, garbage: that is said, and nothing happens.
func TestNoLeader(t *testing.T) {
	c := startController(t)
	c.names("")
	r := newRig(t, c).as(2)
	if err := r.look(); !errors.Is(err, errNoController) {
		t.Error(err)
	}
	c.on(wire.ReqControllerGetMetadataInfo, status(wire.SystemError))
	if err := r.look(); !errors.Is(err, errNoController) {
		t.Error(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	r.set.Controllers = []string{l.Addr().String()}
	if err := r.look(); !errors.Is(err, errNoController) {
		t.Error(err)
	}
	r.did("")
	if n := len(c.of(wire.ReqControllerRegisterBroker)); n > 0 {
		t.Errorf("%d registrations", n)
	}
}

// TestSilentController: a controller that takes connections and says nothing holds up neither the question who leads
// nor the heartbeats to the others.
func TestSilentController(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := startController(t)
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	r := newRig(t, c).as(2)
	r.set.Controllers = []string{l.Addr().String(), c.addr}
	begin := time.Now()
	r.must()
	r.did("follow 1/4")
	if took := time.Since(begin); took > askTimeout/2 {
		t.Errorf("it took %v", took)
	}
	for n := range 5 {
		c.until("the heartbeat", func() bool { // the one before may be on its way yet
			r.beat(context.Background())
			return len(c.of(wire.ReqBrokerHeartbeat)) > n
		})
	}
}

// TestBeats: what a heartbeat says; one that is on its way to a controller is the only one; who is sick, or has no id,
// is silent.
func TestBeats(t *testing.T) {
	c, d := startController(t), startController(t)
	r := newRig(t, c, d).as(2)
	r.beat(context.Background()) // it is not registered: another one may have its id
	r.known = true
	r.set.Timeout, r.set.Priority = 7*time.Second, 3
	r.act.change(func(a *actor) { a.state = State{Epoch: 4, End: 100, Confirmed: 60} })
	r.beat(context.Background())
	for _, x := range []*controller{c, d} {
		x.until("a heartbeat", func() bool { return len(x.of(wire.ReqBrokerHeartbeat)) == 1 })
		got := x.of(wire.ReqBrokerHeartbeat)[0]
		for name, want := range map[string]string{"clusterName": "C", "brokerName": "b", "brokerId": "2", "brokerAddr": "h:1",
			"epoch": "4", "maxOffset": "100", "confirmOffset": "60", "heartbeatTimeoutMills": "7000", "electionPriority": "3"} {
			if v := got.GetString(name); v != want {
				t.Errorf("%s is %q, want %q", name, v, want)
			}
		}
		if !got.IsOneway() {
			t.Error("it waits for an answer")
		}
	}
	r.until("they are sent", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.beats) == 0 })
	if !r.begin(c.addr) || r.begin(c.addr) {
		t.Error("two heartbeats are on their way to one controller")
	}
	r.beat(context.Background())
	d.until("the other one", func() bool { return len(d.of(wire.ReqBrokerHeartbeat)) == 2 })
	r.act.change(func(a *actor) { a.state.Sick = true })
	r.end(c.addr)
	r.beat(context.Background())
	n := newRig(t, c).open()
	n.beat(context.Background())
	time.Sleep(20 * time.Millisecond)
	if len(c.of(wire.ReqBrokerHeartbeat)) != 1 || len(d.of(wire.ReqBrokerHeartbeat)) != 2 {
		t.Errorf("%d and %d heartbeats", len(c.of(wire.ReqBrokerHeartbeat)), len(d.of(wire.ReqBrokerHeartbeat)))
	}
}

// TestBeatsGoOn: heartbeats go out whatever the loop waits for, and end with Stop; the controllers see that it left.
func TestBeatsGoOn(t *testing.T) {
	c := startController(t)
	release := make(chan struct{})
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	c.on(wire.ReqControllerGetReplicaInfo, func(ctx *remoting.Context) { <-release })
	r := newRig(t, c).as(2)
	r.set.Beat = time.Millisecond
	r.Start()
	c.until("heartbeats during a question", func() bool {
		return len(c.of(wire.ReqControllerGetReplicaInfo)) == 1 && len(c.of(wire.ReqBrokerHeartbeat)) > 3
	})
	begin := time.Now()
	r.Stop()
	if took := time.Since(begin); took > askTimeout/2 {
		t.Errorf("the stop took %v", took)
	}
	close(release)
	n := len(c.of(wire.ReqBrokerHeartbeat))
	time.Sleep(20 * time.Millisecond)
	if more := len(c.of(wire.ReqBrokerHeartbeat)); more > n+1 {
		t.Errorf("%d heartbeats after the stop", more-n)
	}
	conn := r.d.Client.Open(c.addr)
	if conn == nil {
		t.Fatal("it has no connection to the controller")
	}
	r.Leave()
	r.until("the connection is closed", func() bool { return r.d.Client.Open(c.addr) == nil })
}

// TestByName: a name stands for several controllers; one that cannot be looked up leaves what was known.
func TestByName(t *testing.T) {
	c := startController(t)
	_, port, _ := net.SplitHostPort(c.addr)
	r := newRig(t).as(2)
	r.set.Controllers, r.set.ByName = []string{net.JoinHostPort("localhost", port)}, true
	addrs := r.ctl.addrs(context.Background())
	if len(addrs) == 0 {
		t.Fatal("localhost is nobody")
	}
	for _, addr := range addrs {
		if host, p, err := net.SplitHostPort(addr); err != nil || p != port || net.ParseIP(host) == nil {
			t.Errorf("%q", addr)
		}
	}
	r.set.Controllers = []string{"nobody.invalid:1"}
	if now := r.ctl.addrs(context.Background()); len(now) != len(addrs) {
		t.Errorf("within nameLife: %v", now)
	}
	r.ctl.looked = time.Time{}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if now := r.ctl.addrs(ended); len(now) != len(addrs) {
		t.Errorf("not found any more: %v", now)
	}
}
