package namesrv

import (
	"testing"

	"gorocket/remoting/wire"
)

func TestGetBrokerClusterInfo(t *testing.T) {
	p := start(t)
	b := newBroker("b", "h:2", 0, "T")
	b.edit = func(h *wire.RegisterBrokerRequestHeader) { h.ZoneName, h.EnableActingMaster = "z", true }
	p.register(newBroker("a", "h:1", 0, "T"))
	p.register(b)
	p.want(p.bare(wire.ReqGetBrokerClusterInfo, ""), wire.Success, "",
		`{"brokerAddrTable":{"a":{"brokerAddrs":{0:"h:1"},"brokerName":"a","cluster":"c","enableActingMaster":false},`+
			`"b":{"brokerAddrs":{0:"h:2"},"brokerName":"b","cluster":"c","enableActingMaster":true,"zoneName":"z"}},"clusterAddrTable":{"c":["a","b"]}}`)
}
