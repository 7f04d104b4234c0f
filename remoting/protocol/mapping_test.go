package protocol

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
)

// javaMapping is a mapping as Java 5.5.0 answers it in GET_TOPIC_CONFIG.
const javaMapping = `{"bname":"a","currIdMap":{},"dirty":false,"epoch":7,"hostedQueues":{0:[{"bname":"a","endOffset":5,"gen":0,"logicOffset":0,"queueId":2,"startOffset":0,"timeOfEnd":-1,"timeOfStart":-1},{"bname":"b","endOffset":-1,"gen":1,"logicOffset":1000,"queueId":0,"startOffset":0,"timeOfEnd":-1,"timeOfStart":-1}],1:[{"bname":"a","endOffset":-1,"gen":0,"logicOffset":0,"queueId":3,"startOffset":0,"timeOfEnd":-1,"timeOfStart":-1}]},"scope":"__global__","topic":"T","totalQueues":2}`

func readMapping(t testing.TB, text string) *TopicQueueMappingDetail {
	t.Helper()
	d := new(TopicQueueMappingDetail)
	if err := compat.Unmarshal([]byte(text), d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestMappingText(t *testing.T) {
	d := readMapping(t, javaMapping)
	if got, err := compat.Marshal(d); err != nil || string(got) != javaMapping {
		t.Errorf("%v\n%s", err, got)
	}
	if diff := cmp.Diff(&TopicQueueMappingInfo{Bname: "a", CurrIDMap: map[int]int{1: 3}, Epoch: 7, Scope: ScopeGlobal,
		Topic: "T", TotalQueues: 2}, d.Info()); diff != "" {
		t.Error(diff)
	}
	bare := readMapping(t, `{"bname":"a","topic":"T","hostedQueues":{"0":[{"bname":"a"}]}}`)
	want := &TopicQueueMappingDetail{TopicQueueMappingInfo{Bname: "a", Topic: "T", Scope: ScopeGlobal,
		CurrIDMap: map[int]int{}},
		map[int][]LogicQueueMappingItem{0: {{Bname: "a", EndOffset: -1, TimeOfStart: -1, TimeOfEnd: -1}}}}
	if diff := cmp.Diff(want, bare); diff != "" {
		t.Errorf("Java's initial values: %s", diff)
	}
	c := TopicConfigAndQueueMapping{TopicConfig: NewTopicConfig("T")}
	if got, err := compat.Marshal(c); err != nil || bytes.Contains(got, []byte("mappingDetail")) {
		t.Errorf("no mapping: %v %s", err, got)
	}
	c.MappingDetail = bare
	if got, err := compat.Marshal(c); err != nil ||
		!bytes.Contains(got, []byte(`{"attributes":{},"mappingDetail":{"bname":"a",`)) {
		t.Errorf("%v %s", err, got)
	}
}

func TestMappingOffsets(t *testing.T) {
	items := []LogicQueueMappingItem{{Gen: 0, LogicOffset: 0, EndOffset: 5},
		{Gen: 1, LogicOffset: 1000, StartOffset: 10, EndOffset: 14}, {Gen: 2, LogicOffset: -1, EndOffset: -1}}
	for offset, gen := range map[int64]int{-3: 0, 0: 0, 999: 0, 1000: 1, MaxOffset: 1} {
		if it := ItemAt(items, offset); it == nil || it.Gen != gen {
			t.Errorf("offset %d is in %v, want generation %d", offset, it, gen)
		}
	}
	if ItemAt(items[2:], 0) != nil || ItemAt(nil, 0) != nil {
		t.Error("a piece without a place was found")
	}
	if n := ItemAfter(items, 0); n == nil || n.Gen != 1 || ItemAfter(items, 1) != nil || ItemAfter(items, 2) != nil ||
		ItemAfter(items, 9) != nil {
		t.Error("ItemAfter")
	}
	mid := &items[1]
	for _, c := range []struct{ got, want int64 }{{mid.Logical(9), 1000}, {mid.Logical(10), 1000},
		{mid.Logical(20), 1010}, {mid.LogicalLoosely(20), 1004}, {mid.LogicalLoosely(3), 1000},
		{items[2].LogicalLoosely(3), -1}, {mid.Physical(1003), 13}, {mid.MaxLogical(), 1004},
		{items[2].MaxLogical(), -1}, {mid.Delta(), 990}} {
		if c.got != c.want {
			t.Errorf("got %d, want %d", c.got, c.want)
		}
	}
	if !items[0].Ended() || items[2].Ended() || (&LogicQueueMappingItem{EndOffset: 0}).Ended() {
		t.Error("Ended")
	}
}

func TestMappingCheck(t *testing.T) {
	for want, items := range map[string][]LogicQueueMappingItem{
		"":                       {{Bname: "a", EndOffset: 5}, {Bname: "b", Gen: 1, LogicOffset: 6, EndOffset: -1}},
		"should not be negative": {{Bname: "a", QueueID: -1}}, "no broker name": {{}},
		"non-latest item":      {{Bname: "a", LogicOffset: -1}, {Bname: "b", Gen: 1}},
		"gen does not":         {{Bname: "a", Gen: 1}, {Bname: "b", Gen: 1, LogicOffset: 5}},
		"endOffset is smaller": {{Bname: "a", StartOffset: 3, EndOffset: 1}},
		"base logic offset":    {{Bname: "a", LogicOffset: 5}, {Bname: "b", Gen: 1, LogicOffset: 5}},
		"max logic offset":     {{Bname: "a", EndOffset: 5}, {Bname: "b", Gen: 1, LogicOffset: 5, EndOffset: -1}},
	} {
		err := (&TopicQueueMappingDetail{HostedQueues: map[int][]LogicQueueMappingItem{0: items}}).Check()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestMappingFollow(t *testing.T) {
	old := readMapping(t, javaMapping)
	change := func(f func(*TopicQueueMappingDetail)) *TopicQueueMappingDetail {
		d := readMapping(t, javaMapping)
		f(d)
		return d
	}
	for _, c := range []struct {
		name, want string
		d          *TopicQueueMappingDetail
	}{
		{"same", "", change(func(*TopicQueueMappingDetail) {})},
		{"older", "Can't accept data with small epoch 6 < 7", change(func(d *TopicQueueMappingDetail) { d.Epoch = 6 })},
		{"scope", "Can't accept data with unmatched scope x != __global__",
			change(func(d *TopicQueueMappingDetail) { d.Scope = "x" })},
		{"fewer", "Cannot accept equal epoch with null data",
			change(func(d *TopicQueueMappingDetail) { delete(d.HostedQueues, 1) })},
		{"fewer, newer", "", change(func(d *TopicQueueMappingDetail) { d.Epoch = 8; delete(d.HostedQueues, 1) })},
		{"emptied", "The new item list is null or empty",
			change(func(d *TopicQueueMappingDetail) { d.Epoch = 8; d.HostedQueues[1] = nil })},
		{"leader", "The new leader is different but epoch equal",
			change(func(d *TopicQueueMappingDetail) { d.HostedQueues[0] = d.HostedQueues[0][:1] })},
		{"history", "The item of gen 0 is different",
			change(func(d *TopicQueueMappingDetail) { d.Epoch = 8; d.HostedQueues[0][0].QueueID = 9 })},
		{"oldest gone", "", change(func(d *TopicQueueMappingDetail) { d.HostedQueues[0] = d.HostedQueues[0][1:] })},
	} {
		got, err := c.d.Follow(old, false)
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err == nil && len(got.HostedQueues) != 2 {
			t.Errorf("%s: %d queues", c.name, len(got.HostedQueues))
		}
		if got, err := c.d.Follow(old, true); err != nil || len(got.HostedQueues) != 2 {
			t.Errorf("%s, forced: %v", c.name, err)
		}
	}
	if diff := cmp.Diff(readMapping(t, javaMapping), old); diff != "" {
		t.Errorf("old was changed: %s", diff)
	}
}

// FuzzMapping: what a peer sends with 513 never panics in reading, checking, following or looking up, and survives
// writing.
func FuzzMapping(f *testing.F) {
	for _, s := range []string{javaMapping, `{}`, `{"hostedQueues":{"0":null,"1":[null],"-1":[]}}`,
		`{"hostedQueues":{0:[{"gen":1},{"gen":0,"logicOffset":-1}]},"epoch":-1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d TopicQueueMappingDetail
		if compat.Unmarshal(data, &d) != nil {
			return
		}
		_ = d.Check()
		_, _ = d.Follow(readMapping(t, javaMapping), false)
		_, _ = readMapping(t, javaMapping).Follow(&d, false)
		_ = d.Info()
		for _, items := range d.HostedQueues {
			if it := ItemAt(items, 3); it != nil {
				_ = ItemAfter(items, it.Gen)
			}
		}
		first, err := compat.Marshal(&d)
		if err != nil {
			t.Fatal(err)
		}
		again := readMapping(t, string(first))
		if second, err := compat.Marshal(again); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}

// TestSameHistory: a mapping may grow at its end and lose its oldest pieces; what stays is the same.
func TestSameHistory(t *testing.T) {
	pieces := func(gens ...int) (list []LogicQueueMappingItem) {
		for _, g := range gens {
			list = append(list, LogicQueueMappingItem{Bname: "b", Gen: g, LogicOffset: int64(g * 10), EndOffset: -1})
		}
		return list
	}
	for _, c := range []struct {
		was, now []LogicQueueMappingItem
		ok       bool
	}{{nil, nil, true}, {nil, pieces(0), true}, {pieces(0), nil, false}, {pieces(0), pieces(0), true},
		{pieces(0), pieces(0, 1), true}, {pieces(0, 1), pieces(1, 2), true}, {pieces(0, 1, 2), pieces(2), true}} {
		for _, epoch := range []bool{true, false} {
			if err := sameHistory(c.was, c.now, epoch); (err == nil) != c.ok && !epoch {
				t.Errorf("%d pieces became %d, same epoch %v: %v", len(c.was), len(c.now), epoch, err)
			}
		}
	}
	other := pieces(0, 1)
	other[0].QueueID = 5
	if sameHistory(pieces(0, 1), other, false) == nil {
		t.Error("a piece of another queue is taken for the same")
	}
}
