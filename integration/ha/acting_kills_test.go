package ha

import (
	"maps"
	"testing"

	"gorocket/integration/harness"
	"gorocket/integration/kills"
)

// TestActingMasterKills kills a master again and again, and lets its slave stand in for it until it is back, under plain
// messages and their consumers, delay levels, timers and transactions. A ledger knows what was acknowledged: nothing is
// lost, and what is delivered or committed by the slave on the other master does not come a second time from the master
// that is back. Only what the slave had not got when the master was killed may be there twice; it is counted.
// HA_ACTING_KILLS=50 for more.
func TestActingMasterKills(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	c.Namesrv(harness.Go, harness.Conf{"supportActingMaster": "true"})
	trans := &kills.Transactions{}
	member := func(name, role string, id int, total string) harness.Conf {
		m := actingConf(role, id, "1s")
		maps.Copy(m, trans.Conf())
		m["brokerName"], m["totalReplicas"], m["timerWheelEnable"] = name, total, "true"
		m["slaveReadEnable"] = "false" // it serves its consumers as it stands in for its master
		m["brokerHeartbeatInterval"], m["syncBrokerMemberGroupPeriod"] = "200", "200"
		return m
	}
	g := kills.Group{Other: c.Broker(harness.Go, "other", member("broker-b", "ASYNC_MASTER", 0, "1")),
		Master: c.Broker(harness.Go, "first", member("broker-a", "ASYNC_MASTER", 0, "2")),
		Slave:  c.Broker(harness.Go, "second", member("broker-a", "SLAVE", 1, "2"))}
	report, err := g.Run(number("HA_ACTING_KILLS", 6), &kills.Plain{}, &kills.Timers{}, trans)
	for _, line := range report {
		t.Log(line)
	}
	if err != nil {
		t.Error(err)
	}
}
