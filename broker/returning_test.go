package broker

import (
	"testing"

	"gorocket/broker/slave"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// TestReturningMasterAsksItsSlavesFirst: a master that comes back has what consumers committed to its slaves before it
// serves: of one that names it, and of Java's, which answers all that it has; no further than its own queues go. A slave
// that does not answer holds up nothing.
func TestReturningMasterAsksItsSlavesFirst(t *testing.T) {
	f := startNamesFake(t)
	cfg := testConfig(t, t.TempDir())
	r := startRig(t, cfg)
	for range 10 {
		r.send("T", "", "x")
	}
	r.pull("g", "T", 0, "*", 0) // makes the group
	end := r.b.store.MaxOffset("T", 0)
	for queue := range int32(4) {
		r.commit("g", "T", queue, 1)
	}
	r.stop()
	asked := ""
	peer := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqGetAllConsumerOffset, Mode: remoting.Pooled,
		Handle: func(ctx *remoting.Context) {
			v, _ := ctx.Req.Get(slave.FieldCommittedHere)
			asked = string(v)
			ctx.OK([]byte(`{"dataVersion":{"counter":5},"offsetTable":{"T@g":{0:1000,1:2,2:0},"T@nobody":{0:3}}}`))
		}})
	f.do(func() { f.slaves = map[int64]string{1: peer, 2: "127.0.0.1:1"} })
	cfg.NamesrvAddr = f.addr
	r = startRig(t, cfg)
	for queue, want := range []int64{end, 1, 1, 1} {
		if got := r.b.offsets.Query("g", "T", int32(queue)); got != want {
			t.Errorf("queue %d: %d, not %d", queue, got, want)
		}
	}
	if got := r.b.offsets.Query("nobody", "T", 0); got != -1 || asked != "true" {
		t.Errorf("a group that is not here: %d; asked %q", got, asked)
	}
}

// TestProgressSurvivesTheSlavesRestart: what consumers committed to a slave while its master was away is known to the
// slave behind a restart of its own, told to the master that returns and to who asks for it, and forgotten then.
func TestProgressSurvivesTheSlavesRestart(t *testing.T) {
	p := startPair(t)
	for range 10 {
		p.master.send("T", "", "x")
	}
	p.master.pull("g", "T", 0, "*", 0) // makes the group
	p.master.commit("g", "T", 0, 1)
	p.follows(t)
	testutil.WaitFor(t, "the tables", func() bool {
		return p.slave.b.offsets.Query("g", "T", 0) == 1 && p.slave.b.groups.Get("g") != nil
	})
	mc, sc := p.master.b.Config(), p.slave.b.Config()
	p.master.stop()
	p.slave.commit("g", "T", 0, 2)
	p.slave.stop()
	p.slave = startRig(t, sc)
	p.slave.ask(wire.ReqGetAllConsumerOffset, "committedHere=true", "").is(t, 0, "").has(t, `"T@g": {`, `"0": 2`)
	p.master = startRig(t, mc)
	p.slave.b.replica.Found(p.master.addr, "")
	testutil.WaitFor(t, "the master to hear of it", func() bool { return p.master.b.offsets.Query("g", "T", 0) == 2 })
	testutil.WaitFor(t, "the slave to forget it", func() bool {
		data, err := p.slave.b.progress.Encode()
		return err == nil && len(data) < 40
	})
	p.slave.stop()
	sc.BrokerRole, sc.BrokerID, sc.HAMasterAddress = "ASYNC_MASTER", 0, ""
	p.master.stop()
	_ = startRig(t, sc)
}

// TestOffsetsBehindTheEndAreSetBack: a master whose log has lost its end, as it may in a power cut and as a slave that
// becomes master has not got it yet, does not let consumers step over what comes there next.
func TestOffsetsBehindTheEndAreSetBack(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	r := startRig(t, cfg)
	for range 8 {
		r.send("T", "", "x")
	}
	r.pull("g", "T", 0, "*", 0) // makes the group
	end := r.b.store.MaxOffset("T", 0)
	r.commit("g", "T", 0, end+5)
	r.stop()
	r = startRig(t, cfg)
	if got := r.b.offsets.Query("g", "T", 0); got != end {
		t.Errorf("%d, not %d", got, end)
	}
}
