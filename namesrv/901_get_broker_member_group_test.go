package namesrv

import (
	"testing"

	"gorocket/remoting"
)

func TestGetBrokerMemberGroup(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	p.register(newBroker("a", "h:2", 3, "T"))
	members := func(name string) *remoting.Command {
		return call(p, remoting.ReqGetBrokerMemberGroup, remoting.BrokerMemberGroupRequest, &remoting.BrokerMemberGroupHeader{ClusterName: "c", BrokerName: name}, "")
	}
	p.want(members("a"), remoting.Success, "not set any response code", `{"brokerMemberGroup":{"brokerAddrs":{0:"h:1",3:"h:2"},"brokerName":"a","cluster":"c"}}`)
	p.want(members("x"), remoting.Success, "not set any response code", `{"brokerMemberGroup":{"brokerAddrs":{},"brokerName":"x","cluster":"c"}}`)
}
