package namesrv

import (
	"testing"

	"gorocket/remoting"
)

func TestGetSystemTopicList(t *testing.T) {
	p := start(t)
	p.want(p.bare(remoting.ReqGetSystemTopicListFromNs, ""), remoting.Success, "", `{"topicList":[]}`)
	p.register(newBroker("b", "h:2", 1, "T"))
	p.register(newBroker("a", "h:1", 0, "T"))
	p.want(p.bare(remoting.ReqGetSystemTopicListFromNs, ""), remoting.Success, "", `{"brokerAddr":"h:1","topicList":["a","b","c"]}`)
}
