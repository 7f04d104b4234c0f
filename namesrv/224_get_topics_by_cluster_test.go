package namesrv

import (
	"testing"

	"gorocket/remoting"
)

func TestGetTopicsByCluster(t *testing.T) {
	p := start(t)
	other := newBroker("b", "h:2", 0, "U")
	other.cluster = "d"
	p.register(newBroker("a", "h:1", 0, "T"))
	p.register(other)
	list := func(cluster string) *remoting.Command {
		return call(p, remoting.ReqGetTopicsByCluster, remoting.ClusterRequest, &remoting.ClusterHeader{Cluster: cluster}, "")
	}
	p.want(list("c"), remoting.Success, "", `{"topicList":["T","a","c"]}`)
	p.want(list("d"), remoting.Success, "", `{"topicList":["U","b","c"]}`)
	p.want(list("nowhere"), remoting.Success, "", `{"topicList":[]}`)
}
