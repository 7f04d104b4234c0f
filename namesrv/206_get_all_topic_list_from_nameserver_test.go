package namesrv

import (
	"testing"

	"gorocket/remoting/wire"
)

func TestGetAllTopicList(t *testing.T) {
	p := start(t)
	p.want(p.bare(wire.ReqGetAllTopicListFromNameserver, ""), wire.Success, "", `{"topicList":[]}`)
	p.register(newBroker("a", "h:1", 0, "T", "%RETRY%g"))
	p.want(p.bare(wire.ReqGetAllTopicListFromNameserver, ""), wire.Success, "", `{"topicList":["%RETRY%g","T","a","c"]}`)
}

func TestTopicListsCanBeSwitchedOff(t *testing.T) {
	p := start(t, func(c *Config) { c.EnableAllTopicList, c.EnableTopicList = false, false })
	for _, code := range []int32{206, 224, 311, 312, 313} {
		p.want(p.bare(code, ""), wire.SystemError, "disable", "")
	}
}
