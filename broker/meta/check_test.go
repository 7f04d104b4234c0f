package meta

import (
	"slices"
	"strings"
	"testing"

	"gorocket/remoting/protocol"
)

// TestCheckTopic: numbers at the ends of their range, attributes as long as they may be.
func TestCheckTopic(t *testing.T) {
	for what, c := range map[string]struct {
		edit func(*protocol.TopicConfig)
		bad  string
	}{
		"as it is":      {func(*protocol.TopicConfig) {}, ""},
		"at the limit":  {func(c *protocol.TopicConfig) { c.ReadQueueNums, c.WriteQueueNums = 10, 10 }, ""},
		"none":          {func(c *protocol.TopicConfig) { c.ReadQueueNums, c.WriteQueueNums = 0, 0 }, ""},
		"many to read":  {func(c *protocol.TopicConfig) { c.ReadQueueNums = 11 }, "readQueueNums=11 is not within 0..10"},
		"many to write": {func(c *protocol.TopicConfig) { c.WriteQueueNums = 11 }, "writeQueueNums=11 is not within 0..10"},
		"negative":      {func(c *protocol.TopicConfig) { c.WriteQueueNums = -1 }, "writeQueueNums=-1 is not within 0..10"},
		"long attribute": {func(c *protocol.TopicConfig) {
			c.Attributes = map[string]string{"key": strings.Repeat("v", maxAttributeBytes-2)}
		}, "attribute \"key\" is longer than 1024 bytes"},
		"just long enough": {func(c *protocol.TopicConfig) {
			c.Attributes = map[string]string{"key": strings.Repeat("v", maxAttributeBytes-3)}
		}, ""},
	} {
		topic := protocol.NewTopicConfig("T")
		topic.ReadQueueNums, topic.WriteQueueNums = 4, 4
		c.edit(&topic)
		checkText(t, what, CheckTopic(&topic, 10), c.bad)
	}
}

// checkText compares an error with what it has to contain, "" standing for none.
func checkText(t *testing.T, what string, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

// TestCheckGroup: names, retry queues, and the size of the whole.
func TestCheckGroup(t *testing.T) {
	g := protocol.NewSubscriptionGroupConfig("g")
	checkText(t, "as it is", CheckGroup(&g, 10), "")
	g.RetryQueueNums = 10
	checkText(t, "at the limit", CheckGroup(&g, 10), "")
	g.RetryQueueNums = 11
	checkText(t, "above", CheckGroup(&g, 10), "retryQueueNums=11 is above 10 (maxTopicQueueNums)")
	bad := protocol.NewSubscriptionGroupConfig("a b")
	checkText(t, "name", CheckGroup(&bad, 10), "contains illegal characters")
	big := protocol.NewSubscriptionGroupConfig("g")
	big.Attributes = map[string]string{"k": strings.Repeat("v", maxGroupBytes)}
	checkText(t, "size", CheckGroup(&big, 10), "more than 65536")
}

// TestCheckMapping: as many queues as a topic may have.
func TestCheckMapping(t *testing.T) {
	mapping := func(total, id, queue int) *protocol.TopicQueueMappingDetail {
		return &protocol.TopicQueueMappingDetail{TopicQueueMappingInfo: protocol.TopicQueueMappingInfo{Topic: "T",
			Bname: "b", TotalQueues: total}, HostedQueues: map[int][]protocol.LogicQueueMappingItem{id: {{QueueID: queue}}}}
	}
	for what, c := range map[string]struct {
		d   *protocol.TopicQueueMappingDetail
		bad string
	}{
		"plain": {mapping(4, 1, 2), ""}, "the most": {mapping(MaxQueueNumber+1, MaxQueueNumber, MaxQueueNumber), ""},
		"too many":    {mapping(MaxQueueNumber+2, 0, 0), "totalQueues=65537 is not within 0..65536"},
		"fewer than":  {mapping(-1, 0, 0), "totalQueues=-1 is not within"},
		"logic queue": {mapping(4, MaxQueueNumber+1, 0), "queue 65536 is not within 0..65535"},
		"negative":    {mapping(4, -1, 0), "queue -1 is not within"},
		"queue":       {mapping(4, 0, MaxQueueNumber+1), "queueId=65536 is not within 0..65535"},
	} {
		checkText(t, what, CheckMapping(c.d), c.bad)
	}
}

// TestTopicsOf: each topic once, in order, of that group only.
func TestTopicsOf(t *testing.T) {
	o := NewOffsets()
	for _, c := range []struct {
		group, topic string
		queue        int32
		at           int64
	}{{"g", "B", 0, 5}, {"g", "A", 0, 7}, {"g", "A", 1, 9}, {"h", "A", 0, 3}, {"h", "C", 0, 1}} {
		if err := o.Commit(c.group, c.topic, c.queue, c.at); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.TopicsOf("g"); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("%v", got)
	}
	if got := o.TopicsOf("none"); got == nil || len(got) != 0 {
		t.Errorf("an unknown group: %v", got)
	}
	least, n := map[string]int64{}, 0
	o.EachLeast(func(topic string, queue int32, offset int64) bool {
		least[topic+string('0'+rune(queue))] = offset
		return true
	})
	for queue, want := range map[string]int64{"A0": 3, "A1": 9, "B0": 5, "C0": 1} {
		if least[queue] != want {
			t.Errorf("the least of %s is %d, want %d", queue, least[queue], want)
		}
	}
	if o.EachLeast(func(string, int32, int64) bool { n++; return false }); n != 1 {
		t.Errorf("%d more after the end was asked for", n-1)
	}
}
