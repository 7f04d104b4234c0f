package namesrv

import (
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func TestBrokerHeartbeat(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	beat := &wire.BrokerHeartbeatHeader{ClusterName: "c", BrokerAddr: "h:1", BrokerName: "a"}
	l := p.routes.live[brokerKey{"c", "h:1"}]
	l.seen.Store(1)
	p.want(call(p, wire.ReqBrokerHeartbeat, wire.BrokerHeartbeatRequest, beat, ""), wire.Success, "", "")
	if time.Now().UnixMilli()-l.seen.Load() > 5000 {
		t.Error("the timestamp did not move")
	}
	l.seen.Store(1)
	if err := remoting.Notify(p.conn, wire.ReqBrokerHeartbeat, wire.BrokerHeartbeatRequest, beat, nil); err != nil {
		t.Fatal(err)
	}
	testutil.WaitFor(t, "a one-way heartbeat counts", func() bool { return l.seen.Load() > 1 })
	p.want(p.bare(wire.ReqBrokerHeartbeat, ""), wire.SystemError, "the custom field <clusterName> is null", "")
	beat.BrokerAddr = "nobody"
	p.want(call(p, wire.ReqBrokerHeartbeat, wire.BrokerHeartbeatRequest, beat, ""), wire.Success, "", "")
}
