package controller

import (
	"fmt"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// TestMachineDies ends the connection over which the masters of many broker sets sent their heartbeats: all are
// replaced.
func TestMachineDies(t *testing.T) {
	const sets = 100
	p := start(t)
	own := p.conn
	machines := []*remoting.Conn{p.connect(p.Addr()), p.connect(p.Addr())}
	for i := range sets {
		name := fmt.Sprint("b", i)
		for id, conn := range machines {
			p.conn = conn
			call(p, wire.ReqControllerApplyBrokerId, wire.ApplyBrokerIDRequest, &wire.ApplyBrokerIDHeader{ClusterName: "c",
				BrokerName: name, BrokerID: int64(id + 1), CheckCode: fmt.Sprintf("h%d:1;7", id)}, "")
			call(p, wire.ReqBrokerHeartbeat, wire.BrokerHeartbeatRequest, &wire.BrokerHeartbeatHeader{ClusterName: "c",
				BrokerName: name, BrokerID: int64(id + 1), BrokerAddr: "h:1", HeartbeatTimeoutMills: 600_000}, "")
		}
		p.conn = own
		call(p, wire.ReqControllerElectMaster, wire.ElectMasterRequest, &wire.ElectMasterHeader{ClusterName: "c",
			BrokerName: name, BrokerID: 1}, "")
		p.want(call(p, wire.ReqControllerAlterSyncStateSet, wire.AlterSyncStateSetRequest, &wire.AlterSyncStateSetHeader{
			BrokerName: name, MasterBrokerID: 1, MasterEpoch: 1}, `{"syncStateSet":[1,2],"syncStateSetEpoch":1}`), 0, "",
			"newSyncStateSetEpoch=2", `{"syncStateSet":[1,2],"syncStateSetEpoch":2}`)
	}
	began := time.Now()
	machines[0].Close()
	testutil.WaitFor(t, "each set has its other broker as master", func() bool {
		for _, s := range p.sets.All() {
			if s.Master != 2 {
				return false
			}
		}
		return true
	})
	t.Logf("%d masters replaced in %s", sets, time.Since(began).Round(time.Millisecond))
}

// BenchmarkHeartbeat is one heartbeat over the wire, answered.
func BenchmarkHeartbeat(b *testing.B) {
	b.ReportAllocs()
	p := start(b)
	h := wire.BrokerHeartbeatHeader{ClusterName: "c", BrokerName: "b", BrokerID: 1, BrokerAddr: "h:1"}
	for b.Loop() {
		h.MaxOffset++
		if err := remoting.Notify(p.conn, wire.ReqBrokerHeartbeat, wire.BrokerHeartbeatRequest, &h, nil); err != nil {
			b.Fatal(err)
		}
		for p.conn.Backlog() > 1<<20 {
			time.Sleep(time.Millisecond)
		}
	}
}
