package namesrv

import (
	"testing"

	"gorocket/remoting/wire"
)

func TestGetTopicsByCluster(t *testing.T) {
	p := start(t)
	other := newBroker("b", "h:2", 0, "U")
	other.cluster = "d"
	p.register(newBroker("a", "h:1", 0, "T"))
	p.register(other)
	list := func(cluster string) *wire.Command {
		return call(p, wire.ReqGetTopicsByCluster, wire.ClusterRequest, &wire.ClusterHeader{Cluster: cluster}, "")
	}
	p.want(list("c"), wire.Success, "", `{"topicList":["T","a","c"]}`)
	p.want(list("d"), wire.Success, "", `{"topicList":["U","b","c"]}`)
	p.want(list("nowhere"), wire.Success, "", `{"topicList":[]}`)
}
