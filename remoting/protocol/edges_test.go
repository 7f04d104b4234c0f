package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"gorocket/compat"
)

// TestBlocksToTheByte: as many bytes unfold as may, one more is refused, wherever it would come.
func TestBlocksToTheByte(t *testing.T) {
	var w blockWriter
	w.block([]byte("abc"))
	w.block(nil)
	w.block([]byte("de"))
	for left := range len(w.buf) + 2 {
		r := &blockReader{in: bytes.NewReader(w.buf), left: left}
		got := ""
		for _, end := range []string{"|", "|", ""} {
			got += string(r.block()) + end
		}
		if whole := left >= len(w.buf); whole != (r.err == nil) || whole != (got == "abc||de") ||
			!whole && !errors.Is(r.err, ErrInflatedTooLarge) {
			t.Errorf("%d bytes may come of %d: %q, %v", left, len(w.buf), got, r.err)
		}
	}
	for cut := range len(w.buf) {
		r := &blockReader{in: bytes.NewReader(w.buf[:cut]), left: 1000}
		for range 3 {
			r.block()
		}
		if r.err == nil {
			t.Errorf("cut at %d of %d, and nobody is told", cut, len(w.buf))
		}
		if n, text := r.count(), r.block(); n != 0 || text != nil {
			t.Errorf("behind an error come %d, %q", n, text)
		}
	}
	for n, want := range map[int32]int{0: 0, 1: 1, math.MaxInt32: math.MaxInt32, -1: 0, math.MinInt32: 0} {
		r := &blockReader{in: bytes.NewReader(binary.BigEndian.AppendUint32(nil, uint32(n))), left: 4}
		if got := r.count(); got != want || (r.err == nil) != (n >= 0) {
			t.Errorf("%d is read as %d, %v", n, got, r.err)
		}
	}
}

// TestBlocksThatAreNone: a text that is no JSON and no topic ends all; filter servers are forgiven, and never null.
func TestBlocksThatAreNone(t *testing.T) {
	reader := func(text string) *blockReader {
		var w blockWriter
		w.block([]byte(text))
		return &blockReader{in: bytes.NewReader(w.buf), left: 1000}
	}
	var v compat.DataVersion
	r := reader("{")
	if r.json(&v); r.err == nil {
		t.Error("half an object is JSON")
	}
	r = reader("A 1")
	if r.topic(map[string]*TopicConfig{}); r.err == nil {
		t.Error("half a topic is a topic")
	}
	topics := map[string]*TopicConfig{}
	r = reader("A 1 2 6 SINGLE_TAG null")
	if r.topic(topics); r.err != nil || topics["A"] == nil || topics["A"].Attributes == nil {
		t.Errorf("attributes that are null: %+v, %v", topics["A"], r.err)
	}
	for text, want := range map[string]string{"null": "[]", "{": "[]", `["a","b"]`: "[a b]", "": "[]"} {
		b := NewRegisterBrokerBody()
		r := reader(text)
		if r.filterServers(b); r.err != nil || fmt.Sprint(b.FilterServerList) != want || b.FilterServerList == nil {
			t.Errorf("filter servers %q: %q, %v", text, b.FilterServerList, r.err)
		}
	}
}

// TestBlockWriter: the first error stays; names come sorted, so that equal tables give equal bytes.
func TestBlockWriter(t *testing.T) {
	var w blockWriter
	w.json(make(chan int))
	first := w.err
	if w.note(errors.New("second")); first == nil || w.err != first {
		t.Errorf("%v, then %v", first, w.err)
	}
	m := map[string]int{}
	for i := range 50 {
		m[fmt.Sprint(i)] = i
	}
	if keys := sortedKeys(m); len(keys) != 50 || !slices.IsSorted(keys) {
		t.Errorf("%q", keys)
	}
}

// TestOldRegistrations: the form without a wrapper is that of brokers before V3_0_11, and of no other.
func TestOldRegistrations(t *testing.T) {
	text := []byte(`{"topicConfigTable":{"T":{"topicName":"T","perm":2}}}`)
	for version, want := range map[int]int{compat.VersionV3_0_11 - 1: 1, compat.VersionV3_0_11: 0} {
		b, err := DecodeRegisterBroker(text, false, version)
		if err != nil || len(b.TopicConfigSerializeWrapper.TopicConfigTable) != want {
			t.Errorf("version %d: %d topics, %v", version, len(b.TopicConfigSerializeWrapper.TopicConfigTable), err)
		}
	}
}

// TestInts: Java's smallest and largest int are taken, those beside them not.
func TestInts(t *testing.T) {
	for n, ok := range map[int]bool{math.MinInt32: true, math.MinInt32 - 1: false, math.MaxInt32: true,
		math.MaxInt32 + 1: false, 0: true} {
		if err := checkInts("kind", "of", number{"first", 1}, number{"n", n}); (err == nil) != ok {
			t.Errorf("%d: %v", n, err)
		}
		var q MessageQueue
		if err := q.UnmarshalJSON(fmt.Appendf(nil, `{"topic":"T","queueId":%d}`, n)); (err == nil) != ok {
			t.Errorf("queue %d: %v", n, err)
		}
		var d QueueData
		if err := d.UnmarshalJSON(fmt.Appendf(nil, `{"brokerName":"b","perm":%d}`, n)); (err == nil) != ok {
			t.Errorf("permission %d: %v", n, err)
		}
	}
	for _, bad := range []string{"", "{", `"`, `"{"`, "[]"} {
		var q MessageQueue
		var d QueueData
		if q.UnmarshalJSON([]byte(bad)) == nil || d.UnmarshalJSON([]byte(bad)) == nil || q.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestMappingEdges: each number that must not be negative; the newest piece may be undecided, no other; an offset behind
// the end of a piece that is empty is its beginning.
func TestMappingEdges(t *testing.T) {
	good := LogicQueueMappingItem{Bname: "a", EndOffset: -1}
	for what, change := range map[string]func(*LogicQueueMappingItem){
		"start": func(i *LogicQueueMappingItem) { i.StartOffset = -1 },
		"gen":   func(i *LogicQueueMappingItem) { i.Gen = -1 },
		"queue": func(i *LogicQueueMappingItem) { i.QueueID = -1 }} {
		bad := good
		if change(&bad); checkItems([]LogicQueueMappingItem{bad}) == nil || checkItems([]LogicQueueMappingItem{good}) != nil {
			t.Errorf("%s: a negative one is taken, or 0 is not", what)
		}
	}
	older, newest := good, good
	older.EndOffset, newest.Gen, newest.LogicOffset = 5, 1, -1
	if err := checkItems([]LogicQueueMappingItem{older, newest}); err != nil {
		t.Errorf("the newest is undecided: %v", err)
	}
	older.LogicOffset, newest.LogicOffset = -1, 5
	if checkItems([]LogicQueueMappingItem{older, newest}) == nil {
		t.Error("an older one is undecided, and taken")
	}
	for _, c := range []struct{ start, end, physical, want int64 }{{5, 5, 9, 100}, {5, 5, 5, 100}, {5, 5, 4, 100},
		{5, 7, 9, 102}, {5, 7, 7, 102}, {5, 7, 6, 101}, {5, -1, 9, 104}, {5, 4, 9, 104}} {
		i := LogicQueueMappingItem{LogicOffset: 100, StartOffset: c.start, EndOffset: c.end}
		if got := i.LogicalLoosely(c.physical); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	if i := (LogicQueueMappingItem{LogicOffset: -1}); i.LogicalLoosely(9) != -1 {
		t.Error("an undecided piece knows an offset")
	}
}

// TestHistoryIsDecidedOnce: an offset of the logical queue may be decided, and not changed any more.
func TestHistoryIsDecidedOnce(t *testing.T) {
	piece := func(logic int64) []LogicQueueMappingItem {
		return []LogicQueueMappingItem{{Bname: "a", LogicOffset: logic}}
	}
	for _, c := range []struct {
		was, now int64
		ok       bool
	}{{-1, 7, true}, {7, 7, true}, {7, 8, false}, {7, -1, false}, {-1, -1, true}} {
		if err := sameHistory(piece(c.was), piece(c.now), true); (err == nil) != c.ok {
			t.Errorf("%d became %d: %v", c.was, c.now, err)
		}
	}
}
