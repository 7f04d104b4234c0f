package namesrv

import (
	"testing"

	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// TestUnitSubTopicsFollowRegistrations: a topic is listed from the registration on that sets its flag, until one takes
// it away.
func TestUnitSubTopicsFollowRegistrations(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "T")
	list := func(want string) {
		t.Helper()
		p.want(p.bare(wire.ReqGetHasUnitSubTopicList, ""), wire.Success, "", `{"topicList":[`+want+`]}`)
	}
	list("")
	for i, flag := range []int{0, protocol.TopicFlagUnitSub, protocol.TopicFlagUnit} {
		b.version.Counter, b.version.Timestamp = int64(i+1), int64(i+1)
		b.topics[0].TopicSysFlag = flag
		p.register(b)
		list(map[int]string{protocol.TopicFlagUnitSub: `"T"`}[flag])
	}
}
