package namesrv

import (
	"testing"

	"gorocket/remoting"
)

func (p *peer) deleteCall(topic, cluster string) *remoting.Command {
	p.t.Helper()
	h := &remoting.DeleteTopicFromNamesrvHeader{Topic: topic, ClusterName: cluster}
	return call(p, remoting.ReqDeleteTopicInNamesrv, remoting.DeleteTopicFromNamesrvRequest, h, "")
}

func TestDeleteTopic(t *testing.T) {
	p := start(t)
	other := newBroker("b", "h:2", 0, "T", "U")
	other.cluster = "d"
	p.register(newBroker("a", "h:1", 0, "T", "U"))
	p.register(other)
	p.route("T") // into the cache
	p.want(p.deleteCall("T", "c"), remoting.Success, "", "")
	if p.addrs("T", "a") != nil || p.addrs("T", "b") == nil {
		t.Error("a cluster's delete hit the wrong broker")
	}
	p.want(p.deleteCall("T", "nowhere"), remoting.Success, "", "")
	if p.route("T") == nil {
		t.Error("an unknown cluster's delete had an effect")
	}
	p.want(p.deleteCall("T", "d"), remoting.Success, "", "")
	p.want(p.deleteCall("U", ""), remoting.Success, "", "")
	p.want(p.deleteCall("never was", ""), remoting.Success, "", "")
	if p.route("T") != nil || p.route("U") != nil {
		t.Error("a topic is still there")
	}
}
