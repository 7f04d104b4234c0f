package namesrv

import (
	"testing"

	"gorocket/remoting/wire"
)

func TestGetSystemTopicList(t *testing.T) {
	p := start(t)
	p.want(p.bare(wire.ReqGetSystemTopicListFromNs, ""), wire.Success, "", `{"topicList":[]}`)
	p.register(newBroker("b", "h:2", 1, "T"))
	p.register(newBroker("a", "h:1", 0, "T"))
	p.want(p.bare(wire.ReqGetSystemTopicListFromNs, ""), wire.Success, "",
		`{"brokerAddr":"h:1","topicList":["a","b","c"]}`)
}
