package meta

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/remoting/protocol"
)

func TestAttributes(t *testing.T) {
	parsed, err := ParseAttributes("+message.type=FIFO,-queue.type")
	if diff := cmp.Diff(map[string]string{"+message.type": "FIFO", "-queue.type": ""}, parsed); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for text, want := range map[string]string{"message.type=FIFO": "add/alter attribute format is wrong: message.type",
		"+a": "add/alter attribute format is wrong: +a"} {
		if _, err := ParseAttributes(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	alter := func(create bool, current, changes map[string]string) (map[string]string, string) {
		got, err := alterAttributes(create, TopicAttributes, current, changes)
		if err != nil {
			return nil, err.Error()
		}
		return got, ""
	}
	if got, _ := alter(false, map[string]string{"message.type": "FIFO"},
		map[string]string{"-message.type": ""}); len(got) != 0 {
		t.Errorf("delete: %v", got)
	}
	for _, c := range []struct {
		create  bool
		changes map[string]string
		want    string
	}{
		{true, map[string]string{"-message.type": ""},
			"only add attribute is supported while creating topic. key: message.type"},
		{true, map[string]string{"+no.such": "x"}, "unsupported key: no.such"},
		{false, map[string]string{"+queue.type": "BatchCQ"}, "attempt to update an unchangeable attribute. key: queue.type"},
		{false, map[string]string{"-message.type": ""}, "attempt to delete a nonexistent key: message.type"},
	} {
		if _, got := alter(c.create, nil, c.changes); got != c.want {
			t.Errorf("%v: %q, want %q", c.changes, got, c.want)
		}
	}
}

func TestTopicTable(t *testing.T) {
	topics := NewTopics()
	const inherit = protocol.PermInherit | protocol.PermRead | protocol.PermWrite
	reserved := topics.AddSystem([]SystemTopic{{Name: "TBW102", Queues: 8, Perm: inherit}, {Name: "OFF", Absent: true}})
	if !reserved["TBW102"] || !reserved["OFF"] || topics.Get("OFF") != nil {
		t.Errorf("reserved %v", reserved)
	}
	var published []string
	topics.Publish = func(c *protocol.TopicConfig) { published = append(published, c.TopicName) }
	before := topics.CurrentVersion().Counter
	c, _ := topics.CreateByDefault("T", "TBW102", 4, 0, true)
	if c == nil || c.WriteQueueNums != 4 || c.ReadQueueNums != 4 || c.Perm != 6 {
		t.Fatalf("%+v", c)
	}
	if c, _ := topics.CreateByDefault("T100", "TBW102", 100, 0, true); c.WriteQueueNums != 8 {
		t.Errorf("more queues than TBW102 has: %d", c.WriteQueueNums)
	}
	if c, why := topics.CreateByDefault("U", "TBW102", 4, 0, false); c != nil || why == "" {
		t.Error("created although autoCreateTopicEnable=false")
	}
	if c, why := topics.CreateByDefault("U", "no_such", 4, 0, true); c != nil || !strings.Contains(why, "no_such") {
		t.Errorf("created from a default topic that does not exist: %s", why)
	}
	if got := topics.CurrentVersion().Counter - before; got != 2 {
		t.Errorf("version rose by %d for 2 new topics", got)
	}
	if diff := cmp.Diff([]string{"T", "T100"}, published); diff != "" {
		t.Error(diff)
	}
	data, err := topics.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again := NewTopics()
	if err := again.Load(data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(topics.Names(), again.Names()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(topics.Get("T"), again.Get("T")); diff != "" {
		t.Error(diff)
	}
}

func TestOffsetTable(t *testing.T) {
	o := NewOffsets()
	if o.Query("g", "t", 0) != -1 {
		t.Error("unknown offset")
	}
	o.Commit("g", "t", 3, 42)
	o.Commit("g", "t", 3, 7)
	o.Commit("g", "%RETRY%g", 0, 1)
	if got := o.Query("g", "t", 3); got != 7 {
		t.Errorf("going backwards is allowed: %d", got)
	}
	data, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again := NewOffsets()
	if err := again.Load(data); err != nil {
		t.Fatal(err)
	}
	if again.Query("g", "t", 3) != 7 || again.Query("g", "%RETRY%g", 0) != 1 {
		t.Errorf("lost in %s", data)
	}
	java := NewOffsets()
	if err := java.Load([]byte(`{"offsetTable":{"t@g":{0:5,1:7},"broken":{0:1}},"groupTopicMap":{"g":["t"]}}`)); err != nil || java.Query("g", "t", 1) != 7 {
		t.Errorf("Java's unquoted keys: %v, %d", err, java.Query("g", "t", 1))
	}
	o.RemoveTopic("t")
	if o.Query("g", "t", 3) != -1 || o.Query("g", "%RETRY%g", 0) != 1 {
		t.Error("removeTopic")
	}
}

func TestGroupTable(t *testing.T) {
	auto := true
	g := NewGroups(func() bool { return auto })
	if c := g.Find("new_group"); c == nil || c.RetryMaxTimes != 16 || c.RetryQueueNums != 1 {
		t.Errorf("%+v", c)
	}
	for _, bad := range []string{"a group", "组", strings.Repeat("g", 256)} {
		if g.Find(bad) != nil {
			t.Errorf("group %q was created", bad)
		}
	}
	auto = false
	if g.Find("another") != nil || g.Find("TOOLS_CONSUMER") == nil {
		t.Error("autoCreateSubscriptionGroup=false")
	}
	data, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again := NewGroups(func() bool { return false })
	if err := again.Load(data); err != nil || again.Get("new_group") == nil {
		t.Errorf("load: %v", err)
	}
}

func TestOffsetsOfSystemGroupsCount(t *testing.T) {
	o := NewOffsets()
	o.Limit = func() int { return 3 }
	for i := range 10 {
		_ = o.Commit(fmt.Sprint("CID_RMQ_SYS_", i), "T", 0, 1)
	}
	if n := o.Len(); n != 3 {
		t.Errorf("%d offsets", n)
	}
	if err := o.Commit("CID_RMQ_SYS_TRANS", "T", 0, 1); err != nil {
		t.Errorf("the broker's own: %v", err)
	}
}

// TestOddTopicsOfAFile: a table from elsewhere makes no path and no long loop.
func TestOddTopicsOfAFile(t *testing.T) {
	topics := NewTopics()
	err := topics.Load([]byte(`{"topicConfigTable":{"../x":{"topicName":"../x"},"Big":{"topicName":"Big","readQueueNums":2147483647,"writeQueueNums":7},"T":{"topicName":"T"}}}`))
	if err != nil || topics.Get("../x") != nil || topics.Get("T") == nil || len(topics.Odd) != 2 || topics.Len() != 2 {
		t.Fatalf("%v, odd %q", err, topics.Odd)
	}
	if c := topics.Get("Big"); c.ReadQueueNums != 65536 || c.WriteQueueNums != 7 {
		t.Errorf("%+v", c)
	}
	if err := topics.Load([]byte(`{"topicConfigTable":{"T":{"topicName":"T","perm":2147483648}}}`)); err == nil {
		t.Error("a number beyond int32 was read")
	}
}

// TestRepublish: what others see of all topics has changed: each is told again, under a new version.
func TestRepublish(t *testing.T) {
	topics := NewTopics()
	for _, name := range []string{"A", "B", "C"} {
		if err := topics.Update(protocol.NewTopicConfig(name)); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	topics.Publish = func(c *protocol.TopicConfig) { told = append(told, c.TopicName) }
	before := topics.CurrentVersion().Counter
	if topics.Republish(); topics.CurrentVersion().Counter != before+1 {
		t.Errorf("version %d behind %d", topics.CurrentVersion().Counter, before)
	}
	if slices.Sort(told); !slices.Equal(told, topics.Names()) || len(told) != 3 {
		t.Errorf("told of %v", told)
	}
	if err := topics.Update(protocol.NewTopicConfig("D")); err != nil { // nobody holds a lock
		t.Error(err)
	}
}

// TestLongAttributes: numbers within their range, both ends with it.
func TestLongAttributes(t *testing.T) {
	check := longIn(-1, 100)
	for v, want := range map[string]string{"-1": "", "0": "", "100": "", "-2": "value is not in range(-1, 100)",
		"101": "value is not in range(-1, 100)", "x": `For input string: "x"`, "": `For input string: ""`} {
		if err := check(v); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%q: %v, want %q", v, err, want)
		}
	}
}
