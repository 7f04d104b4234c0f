package namesrv

import (
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func (p *peer) unregisterCall(b *broker) *wire.Command {
	p.t.Helper()
	h := b.identity()
	return call(p, wire.ReqUnregisterBroker, wire.UnregisterBrokerRequest, &h, "")
}

func TestUnregisterBroker(t *testing.T) {
	p := start(t)
	a, b := newBroker("a", "h:1", 0, "T", "OnlyA"), newBroker("b", "h:2", 0, "T")
	p.register(a)
	p.register(b)
	p.want(p.unregisterCall(a), wire.Success, "", "")
	testutil.WaitFor(t, "a leaves the route", func() bool { return p.addrs("T", "a") == nil })
	if p.addrs("T", "b") == nil || p.route("OnlyA") != nil {
		t.Error("wrong topics were removed")
	}
	p.unregisterCall(b)
	testutil.WaitFor(t, "the cluster is gone", func() bool {
		return string(p.bare(wire.ReqGetBrokerClusterInfo, "").Body) == `{"brokerAddrTable":{},"clusterAddrTable":{}}`
	})
	p.want(p.bare(wire.ReqUnregisterBroker, ""), wire.Success, "", "")
}

func TestUnregisterBrokerFullQueue(t *testing.T) {
	q := newUnregisterQueue(1, nil)
	if !q.submit(departure{}) || q.submit(departure{}) {
		t.Error("the queue of one does not hold exactly one")
	}
}

func TestUnregisterQueueAppliesBatches(t *testing.T) {
	done := make(chan []departure, 1)
	q := newUnregisterQueue(3, func(batch []departure) { done <- batch })
	for range 3 {
		q.submit(departure{})
	}
	stop := make(chan struct{})
	defer close(stop)
	go q.run(stop)
	if got := <-done; len(got) != 3 {
		t.Errorf("a batch of %d", len(got))
	}
}

func TestLostConnectionUnregistersAtOnce(t *testing.T) {
	p := start(t)
	other := connect(t, p.Server)
	other.register(newBroker("a", "h:1", 0, "T"))
	p.register(newBroker("b", "h:2", 0, "T"))
	other.conn.Close()
	testutil.WaitFor(t, "a leaves the route", func() bool { return p.addrs("T", "a") == nil })
	if p.addrs("T", "b") == nil {
		t.Error("b left too")
	}
}

func TestLostConnectionOfTheLastRegistrationOnly(t *testing.T) {
	p := start(t)
	old := connect(t, p.Server)
	a := newBroker("a", "h:1", 0, "T")
	old.register(a)
	p.register(a) // the broker has come back on a new connection
	old.conn.Close()
	time.Sleep(150 * time.Millisecond)
	if p.addrs("T", "a") == nil {
		t.Error("the end of the old connection removed the broker")
	}
}

func TestLostMasterWipesWritePermission(t *testing.T) {
	p := start(t)
	acting := func(h *wire.RegisterBrokerRequestHeader) { h.EnableActingMaster = true }
	master, slave := newBroker("a", "h:1", 0, "T"), newBroker("a", "h:2", 1, "T")
	plain, plainSlave := newBroker("b", "h:3", 0, "T"), newBroker("b", "h:4", 1, "T")
	master.edit, slave.edit = acting, acting
	for _, b := range []*broker{master, slave, plain, plainSlave} {
		p.register(b)
	}
	p.unregisterCall(master)
	p.unregisterCall(plain)
	testutil.WaitFor(t, "the masters are gone", func() bool {
		return len(p.addrs("T", "a")) == 1 &&
			len(p.addrs("T", "b")) == 1
	})
	if p.perm("T", "a") != protocol.PermRead || p.perm("T", "b") != 6 {
		t.Errorf("perm %d and %d", p.perm("T", "a"), p.perm("T", "b"))
	}
}

func TestSilentBrokerExpires(t *testing.T) {
	p := start(t, func(c *Config) { c.ScanNotActiveBrokerInterval = 20 })
	other := connect(t, p.Server)
	brief := newBroker("a", "h:1", 0, "T")
	brief.edit = func(h *wire.RegisterBrokerRequestHeader) { h.HeartbeatTimeoutMillis = 60 }
	other.register(brief)
	p.register(newBroker("b", "h:2", 0, "T"))
	testutil.WaitFor(t, "a expires", func() bool { return p.addrs("T", "a") == nil })
	testutil.WaitFor(t, "its connection is closed", other.conn.Closed)
	if p.addrs("T", "b") == nil {
		t.Error("b expired too")
	}
}
