package meta

import (
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
