package namesrv

import (
	"testing"

	"gorocket/remoting/wire"
)

func (p *peer) deleteCall(topic, cluster string) *wire.Command {
	p.t.Helper()
	h := &wire.DeleteTopicFromNamesrvHeader{Topic: topic, ClusterName: cluster}
	return call(p, wire.ReqDeleteTopicInNamesrv, wire.DeleteTopicFromNamesrvRequest, h, "")
}

func TestDeleteTopic(t *testing.T) {
	p := start(t)
	other := newBroker("b", "h:2", 0, "T", "U")
	other.cluster = "d"
	p.register(newBroker("a", "h:1", 0, "T", "U"))
	p.register(other)
	p.route("T") // into the cache
	p.want(p.deleteCall("T", "c"), wire.Success, "", "")
	if p.addrs("T", "a") != nil || p.addrs("T", "b") == nil {
		t.Error("a cluster's delete hit the wrong broker")
	}
	p.want(p.deleteCall("T", "nowhere"), wire.Success, "", "")
	if p.route("T") == nil {
		t.Error("an unknown cluster's delete had an effect")
	}
	p.want(p.deleteCall("T", "d"), wire.Success, "", "")
	p.want(p.deleteCall("U", ""), wire.Success, "", "")
	p.want(p.deleteCall("never was", ""), wire.Success, "", "")
	if p.route("T") != nil || p.route("U") != nil {
		t.Error("a topic is still there")
	}
}
