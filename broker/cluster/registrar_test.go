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
	if parts := registerParts(topics, nil, 0, 100*topicBytes(topics["T0000"], nil)); len(parts) != 10 {
		t.Errorf("100 fit into a part: %d parts", len(parts))
	}
	if parts := registerParts(nil, nil, 0, 1); len(parts) != 1 {
		t.Errorf("nothing: %d parts", len(parts))
	}
}

// TestTopicBytes: the estimate is never below what is sent, whatever makes a topic large, and not far above it.
func TestTopicBytes(t *testing.T) {
	for _, c := range []struct{ name, attributes, bname, queues int }{{1, 0, 0, -1}, {255, 0, 0, -1}, {1, 1000, 0, -1},
		{255, 500, 1, 1000}, {255, 0, 1, 0}, {1, 0, 250, 0}, {1, 0, 1, 1000}, {255, 0, 250, 10}} {
		config := protocol.NewTopicConfig(strings.Repeat("n", c.name))
		config.ReadQueueNums, config.WriteQueueNums, config.Perm, config.TopicSysFlag = -2147483648, -2147483648, -2147483648,
			-2147483648
		if c.attributes > 0 {
			config.Attributes = map[string]string{"a\x01": strings.Repeat("\x01\"", c.attributes), "b": "c"}
			for i := range c.attributes / 10 {
				config.Attributes[fmt.Sprint("k", i)] = strings.Repeat("\x01", 20)
			}
		}
		var info *protocol.TopicQueueMappingInfo
		w := protocol.NewRegisterBrokerBody()
		empty, _ := w.Encode()
		w.TopicConfigSerializeWrapper.TopicConfigTable[config.TopicName] = &config
		if c.queues >= 0 {
			info = &protocol.TopicQueueMappingInfo{Topic: config.TopicName, Bname: strings.Repeat("b", c.bname),
				Scope: protocol.ScopeGlobal, CurrIDMap: map[int]int{}}
			for i := range c.queues {
				info.CurrIDMap[60000+i] = 60000 + i
			}
			w.TopicConfigSerializeWrapper.TopicQueueMappingInfoMap[config.TopicName] = info
		}
		full, _ := w.Encode()
		takes := len(full) - len(empty)
		if got := topicBytes(&config, info); got < takes || got > 2*takes+512 {
			t.Errorf("%+v: %d, and it takes %d", c, got, takes)
		}
	}
}
