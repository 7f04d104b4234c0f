package namesrv

import (
	"testing"

	"gorocket/compat/body"
	"gorocket/remoting/wire"
)

// One table for the three lists that look at a topic's system flags: 311, 312 and 313.
func TestUnitTopicLists(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "plain", "unit", "sub", "both")
	b.topics[1].TopicSysFlag = body.TopicFlagUnit
	b.topics[2].TopicSysFlag = body.TopicFlagUnitSub
	b.topics[3].TopicSysFlag = body.TopicFlagUnit | body.TopicFlagUnitSub
	p.register(b)
	for code, want := range map[int32]string{
		wire.ReqGetUnitTopicList: `["both","unit"]`, wire.ReqGetHasUnitSubTopicList: `["both","sub"]`, wire.ReqGetHasUnitSubUnunitTopicList: `["sub"]`,
	} {
		p.want(p.bare(code, ""), wire.Success, "", `{"topicList":`+want+`}`)
	}
}
