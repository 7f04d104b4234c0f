package namesrv

import (
	"testing"

	"gorocket/remoting/wire"
)

func TestGetBrokerMemberGroup(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	p.register(newBroker("a", "h:2", 3, "T"))
	members := func(name string) *wire.Command {
		return call(p, wire.ReqGetBrokerMemberGroup, wire.BrokerMemberGroupRequest,
			&wire.BrokerMemberGroupHeader{ClusterName: "c", BrokerName: name}, "")
	}
	p.want(members("a"), wire.Success, "not set any response code",
		`{"brokerMemberGroup":{"brokerAddrs":{0:"h:1",3:"h:2"},"brokerName":"a","cluster":"c"}}`)
	p.want(members("x"), wire.Success, "not set any response code",
		`{"brokerMemberGroup":{"brokerAddrs":{},"brokerName":"x","cluster":"c"}}`)
}
