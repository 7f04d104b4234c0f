package namesrv

import (
	"testing"
	"time"

	"gorocket/remoting"
)

func TestBrokerHeartbeat(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	beat := &remoting.BrokerHeartbeatHeader{ClusterName: "c", BrokerAddr: "h:1", BrokerName: "a"}
	l := p.routes.live[brokerKey{"c", "h:1"}]
	l.seen.Store(1)
	p.want(call(p, remoting.ReqBrokerHeartbeat, remoting.BrokerHeartbeatRequest, beat, ""), remoting.Success, "", "")
	if time.Now().UnixMilli()-l.seen.Load() > 5000 {
		t.Error("the timestamp did not move")
	}
	l.seen.Store(1)
	if err := remoting.Notify(p.conn, remoting.ReqBrokerHeartbeat, remoting.BrokerHeartbeatRequest, beat, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a one-way heartbeat counts", func() bool { return l.seen.Load() > 1 })
	p.want(p.bare(remoting.ReqBrokerHeartbeat, ""), remoting.SystemError, "the custom field <clusterName> is null", "")
	beat.BrokerAddr = "nobody"
	p.want(call(p, remoting.ReqBrokerHeartbeat, remoting.BrokerHeartbeatRequest, beat, ""), remoting.Success, "", "")
}
