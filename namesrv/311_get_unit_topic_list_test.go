package namesrv

import (
	"testing"

	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// One table for the three lists that look at a topic's system flags: 311, 312 and 313.
func TestUnitTopicLists(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "plain", "unit", "sub", "both")
	b.topics[1].TopicSysFlag = protocol.TopicFlagUnit
	b.topics[2].TopicSysFlag = protocol.TopicFlagUnitSub
	b.topics[3].TopicSysFlag = protocol.TopicFlagUnit | protocol.TopicFlagUnitSub
	p.register(b)
	for code, want := range map[int32]string{
		wire.ReqGetUnitTopicList: `["both","unit"]`, wire.ReqGetHasUnitSubTopicList: `["both","sub"]`,
		wire.ReqGetHasUnitSubUnunitTopicList: `["sub"]`,
	} {
		p.want(p.bare(code, ""), wire.Success, "", `{"topicList":`+want+`}`)
	}
}
