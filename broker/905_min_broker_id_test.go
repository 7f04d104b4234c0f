package broker

import (
	"testing"

	"gorocket/broker/config"
	"gorocket/remoting/wire"
)

// TestMinBrokerIDNotice: a broker that hears of a change asks the NameServers at once who is alive, and believes them,
// not the notice; a NameServer that waits for an answer gets one.
func TestMinBrokerIDNotice(t *testing.T) {
	g := startGroup(t, func(c *config.Config) { c.SyncBrokerMemberGroupPeriod = 3600_000 })
	const notice = "minBrokerId=1&brokerName=broker-a&minBrokerAddr=127.0.0.1:1&offlineBrokerAddr=127.0.0.1:2"
	heard := func(r *rig) { r.ask(wire.ReqNotifyMinBrokerIdChange, notice, "").is(t, wire.Success, "") }
	waitFor(t, "both to be alive", func() bool {
		heard(g.master)
		return g.master.b.members.Alive() == 2
	})
	heard(g.slave)
	waitFor(t, "the slave to know", func() bool { return g.slave.b.members.Alive() == 2 })
	if g.slave.b.members.Acting() {
		t.Error("a notice makes a slave act beside its master")
	}
}
