package cluster

import (
	"fmt"
	"strings"
	"testing"

	"gorocket/remoting/protocol"
)

func TestRegisterParts(t *testing.T) {
	topics, infos := map[string]*protocol.TopicConfig{}, map[string]*protocol.TopicQueueMappingInfo{}
	for i := range 1000 {
		c := protocol.NewTopicConfig(fmt.Sprintf("T%04d", i))
		topics[c.TopicName] = &c
	}
	infos["T0999"] = &protocol.TopicQueueMappingInfo{Topic: "T0999", Bname: "b"}
	for _, c := range []struct{ most, bytes, parts int }{{0, 1 << 30, 1}, {800, 1 << 30, 2}, {2, 1 << 30, 500}, {0,
		100 * 266, 10}, {0, 1, 500}} {
		parts := registerParts(topics, infos, c.most, c.bytes)
		seen := map[string]bool{}
		for _, p := range parts {
			for _, name := range p {
				seen[name] = true
			}
		}
		if len(seen) != 1000 || len(parts) < c.parts || len(parts) > c.parts+1 || parts[0][0] != "T0999" ||
			len(parts[0]) < 2 {
			t.Errorf("%+v: %d parts, %d topics, first %v", c, len(parts), len(seen), parts[0][0])
		}
	}
	if parts := registerParts(nil, nil, 0, 1); len(parts) != 1 {
		t.Errorf("nothing: %d parts", len(parts))
	}
}

// TestTopicBytes: the estimate is never below what is sent.
func TestTopicBytes(t *testing.T) {
	c := protocol.NewTopicConfig(strings.Repeat("n", 255))
	c.Attributes = map[string]string{"a\x01": strings.Repeat("\x01\"", 500)}
	c.ReadQueueNums, c.WriteQueueNums, c.Perm, c.TopicSysFlag = -2147483648, -2147483648, -2147483648, -2147483648
	info := &protocol.TopicQueueMappingInfo{Topic: c.TopicName, Bname: "b", Scope: protocol.ScopeGlobal,
		CurrIDMap: map[int]int{}}
	for i := range 1000 {
		info.CurrIDMap[60000+i] = 60000 + i
	}
	w := protocol.NewRegisterBrokerBody()
	empty, _ := w.Encode()
	w.TopicConfigSerializeWrapper.TopicConfigTable[c.TopicName] = &c
	w.TopicConfigSerializeWrapper.TopicQueueMappingInfoMap[c.TopicName] = info
	full, _ := w.Encode()
	if got := topicBytes(&c, info); got < len(full)-len(empty) {
		t.Errorf("%d, but it takes %d", got, len(full)-len(empty))
	}
}
