package meta

import (
	"slices"
	"testing"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// TestOffsetsFollow: the master's offsets count, but where this broker knows better; what it does not have stays, its
// version is ours from then on, and the table goes on.
func TestOffsetsFollow(t *testing.T) {
	o, changed := NewOffsets(), 0
	_ = o.Commit("g", "t", 0, 5)
	_ = o.Commit("g", "t", 1, 50)
	_ = o.Commit("g", "other", 0, 7)
	o.Changed = func() { changed++ }
	version := compat.DataVersion{Counter: 9, Timestamp: 3}
	o.Follow(protocol.ConsumerOffsetSerializeWrapper{DataVersion: &version, OffsetTable: map[string]map[int]int64{
		"t@g": {0: 3, 1: 40, 2: 8, -1: 1, 1 << 31: 1}, "broken": {0: 1}, "u@h": {0: 0}}},
		func(k OffsetKey, queue int32, offset int64) bool {
			return k == (OffsetKey{"g", "t"}) && queue == 1 && offset == 40
		})
	for _, c := range []struct {
		group, topic string
		queue        int32
		want         int64
	}{{"g", "t", 0, 3}, {"g", "t", 1, 50}, {"g", "t", 2, 8}, {"g", "t", -1, -1}, {"g", "other", 0, 7}, {"h", "u", 0, 0}} {
		if got := o.Query(c.group, c.topic, c.queue); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	if w := o.Wrapper(false); *w.DataVersion != version || o.Len() != 5 || changed != 1 {
		t.Errorf("version %+v, %d offsets, changed %d times", w.DataVersion, o.Len(), changed)
	}
	o.Follow(protocol.ConsumerOffsetSerializeWrapper{}, nil)
	if w := o.Wrapper(true); w.DataVersion.Counter != version.Counter+1 || o.Len() != 5 {
		t.Errorf("an empty answer: version %+v, %d offsets", w.DataVersion, o.Len())
	}
}

// TestTablesFollow: topics, groups and modes of a slave are the master's, those that it does not have are gone, but the
// system's own; all is counted, and goes on under the master's version.
func TestTablesFollow(t *testing.T) {
	version := compat.DataVersion{Counter: 9, Timestamp: 3}
	topics, changed := NewTopics(), 0
	topics.AddSystem([]SystemTopic{{Name: compat.TopicAutoCreate, Queues: 8, Perm: 7}})
	for _, name := range []string{"Stays", "Goes", "Went"} {
		if err := topics.Update(protocol.NewTopicConfig(name)); err != nil {
			t.Fatal(err)
		}
	}
	topics.Changed = func() { changed++ }
	stays, comes := protocol.NewTopicConfig("Stays"), protocol.NewTopicConfig("Comes")
	stays.ReadQueueNums = 77
	gone := topics.Follow(version, map[string]*protocol.TopicConfig{"Stays": &stays, "Comes": &comes})
	slices.Sort(gone)
	want := []string{"Comes", "Stays", compat.TopicAutoCreate}
	slices.Sort(want)
	if !slices.Equal(gone, []string{"Goes", "Went"}) || !slices.Equal(topics.Names(), want) || topics.Len() != 3 ||
		topics.Get("Stays").ReadQueueNums != 77 || topics.CurrentVersion() != version || changed != 1 {
		t.Errorf("gone %v, left %v, %d counted, version %+v, changed %d times", gone, topics.Names(), topics.Len(),
			topics.CurrentVersion(), changed)
	}
	groups := NewGroups(func() bool { return true })
	groups.Find("stays")
	groups.Find("goes")
	before := groups.Len()
	groups.Changed = func() { changed++ }
	g, n := protocol.NewSubscriptionGroupConfig("stays"), protocol.NewSubscriptionGroupConfig("comes")
	g.RetryMaxTimes = 3
	groups.Follow(protocol.SubscriptionGroupWrapper{DataVersion: version,
		SubscriptionGroupTable: map[string]*protocol.SubscriptionGroupConfig{"stays": &g, "comes": &n}})
	if groups.Get("goes") != nil || groups.Get("comes") == nil || groups.Get("stays").RetryMaxTimes != 3 ||
		groups.Len() != before || groups.CurrentVersion() != version || changed != 2 {
		t.Errorf("%d groups of %d, version %+v, changed %d times", groups.Len(), before, groups.CurrentVersion(), changed)
	}
	for name := range SystemGroups {
		if groups.Get(name) == nil {
			t.Errorf("the system's own %s is gone", name)
		}
	}
	modes := NewModes()
	if err := modes.Set(Mode{Topic: "T", ConsumerGroup: "goes", Mode: ModePull}); err != nil {
		t.Fatal(err)
	}
	modes.Changed = func() { changed++ }
	modes.Follow(ModesWrapper{MessageRequestModeMap: map[string]map[string]Mode{"T": {"comes": {Topic: "T",
		ConsumerGroup: "comes", Mode: ModePull}}}})
	if w := modes.Wrapper().MessageRequestModeMap; len(w) != 1 || len(w["T"]) != 1 || w["T"]["comes"].Mode != ModePull ||
		changed != 3 {
		t.Errorf("modes %+v, changed %d times", w, changed)
	}
	modes.Follow(ModesWrapper{})
	if w := modes.Wrapper().MessageRequestModeMap; len(w) != 0 {
		t.Errorf("of a master without modes: %+v", w)
	}
	if err := modes.Set(Mode{Topic: "T", ConsumerGroup: "g", Mode: ModePull}); err != nil {
		t.Error(err)
	}
}
