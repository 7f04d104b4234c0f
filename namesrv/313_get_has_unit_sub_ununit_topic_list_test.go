package namesrv

import (
	"testing"

	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// TestUnitSubUnunitTopics: a topic that units subscribe to is listed unless it is a unit's own.
func TestUnitSubUnunitTopics(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "T")
	list := func(want string) {
		t.Helper()
		p.want(p.bare(wire.ReqGetHasUnitSubUnunitTopicList, ""), wire.Success, "", `{"topicList":[`+want+`]}`)
	}
	list("")
	for i, flag := range []int{0, protocol.TopicFlagUnitSub,
		protocol.TopicFlagUnitSub | protocol.TopicFlagUnit, protocol.TopicFlagUnit} {
		b.version.Counter, b.version.Timestamp = int64(i+1), int64(i+1)
		b.topics[0].TopicSysFlag = flag
		p.register(b)
		list(map[int]string{protocol.TopicFlagUnitSub: `"T"`}[flag])
	}
}
