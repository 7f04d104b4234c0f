package broker

import (
	"testing"

	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// TestConsumerList: the members' client ids; a group without members is an error, on which clients count.
func TestConsumerList(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	list := func(group string) answer {
		return r.ask(wire.ReqGetConsumerListByGroup, "consumerGroup="+group, "")
	}
	list("g").is(t, 1, "no consumer for this group, g")
	r.ask(wire.ReqGetConsumerListByGroup, "", "").is(t, 1, "")
	r.ask(wire.ReqHeartBeat, "", beatBody("c1", "g", "T", 0, false)).is(t, 0, "")
	list("g").is(t, 0, "").same(t, `{"consumerIdList":["c1"]}`)
	other := r.dial()
	r.askOn(other, wire.ReqHeartBeat, 317, "", beatBody("c2", "g", "T", 0, false)).is(t, 0, "")
	list("g").is(t, 0, "").has(t, `"c1"`, `"c2"`)
	other.Close()
	testutil.WaitFor(t, "one is left", func() bool { return list("g").body == `{"consumerIdList":["c1"]}` })
}
