package trans

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
)

// last is the newest message of a topic, nil when there is none.
func (r *rig) last(t *testing.T, topic string) *record.View {
	t.Helper()
	end := r.store.MaxOffset(topic, 0)
	if end == 0 {
		return nil
	}
	var res store.GetResult
	r.store.Get(&store.GetQuery{Topic: topic, Offset: end - 1, MaxCount: 1}, &res)
	defer res.Release()
	m, err := record.Decode(slices.Clone(res.Slices[0]))
	if err != nil {
		t.Fatal(err)
	}
	return &m
}

// passes waits until the machine's clock is past the rig's: what the store gets from then on is younger.
func (r *rig) passes() {
	for time.Now().UnixMilli() <= r.now.UnixMilli() {
		time.Sleep(time.Millisecond)
	}
}

// TestCheckDecides: who is asked about, who is given up, who waits, to the millisecond and the question.
func TestCheckDecides(t *testing.T) {
	const timeout, reserved = 6000, 3_600_000
	for _, c := range []struct {
		age   int64 // ms
		props string
		want  string
	}{
		{timeout, "", "waits"}, {0, "", "waits"}, {timeout + 1, "", "asked 1"}, {-1, "", "asked 1"},
		{reserved, "", "asked 1"}, {reserved + 1, "", "given up"},
		{timeout + 1, "TRANSACTION_CHECK_TIMES\x0113\x02", "asked 14"},
		{timeout + 1, "TRANSACTION_CHECK_TIMES\x0114\x02", "asked 15, given up"}, // at once, as in Java
		{timeout + 1, "TRANSACTION_CHECK_TIMES\x0115\x02", "given up"},
		{1, "TRANSACTION_CHECK_TIMES\x0115\x02", "given up"}, {1, "TRANSACTION_CHECK_TIMES\x0114\x02", "waits"},
		{5000, "CHECK_IMMUNITY_TIME_IN_SECONDS\x015\x02", "again"}, {-7, "CHECK_IMMUNITY_TIME_IN_SECONDS\x015\x02", "again"},
		{5001, "CHECK_IMMUNITY_TIME_IN_SECONDS\x015\x02", "asked 1"},
		{timeout, "CHECK_IMMUNITY_TIME_IN_SECONDS\x01x\x02", "again"},
		{timeout + 1, "CHECK_IMMUNITY_TIME_IN_SECONDS\x01-1\x02", "asked 1"},
	} {
		var r *rig
		var rec store.Record
		for stored := false; !stored; { // before the round begins, and the copies behind that
			r = newRig(t)
			r.now = time.Now().Add(20 * time.Millisecond)
			rec = store.Record{Message: record.Message{Topic: compat.TopicTransHalf, Body: []byte("x"),
				BornTimestamp: r.now.UnixMilli() - c.age, Properties: []byte("REAL_TOPIC\x01T\x02REAL_QID\x010\x02" +
					"PGROUP\x01p\x02UNIQ_KEY\x01u\x02" + c.props)}}
			a, err := r.store.Append(&rec)
			if err != nil {
				t.Fatal(err)
			}
			stored = a.StoreTimestamp < r.now.UnixMilli()
		}
		r.passes()
		r.check(make(chan struct{}))
		got := "waits"
		m, end := r.last(t, compat.TopicTransHalf), r.store.MaxOffset(compat.TopicTransHalf, 0)
		if end > 1 {
			times, _ := m.Property(protocol.PropCheckTimes)
			if got = "asked " + string(times); len(times) == 0 {
				got = "again"
			}
			if first, _ := m.Property(protocol.PropPreparedQueue); (string(first) == "0") != (got == "again") {
				t.Errorf("%+v: the copy names %q", c, first)
			}
			if m.BornTimestamp != rec.BornTimestamp || string(m.Body) != "x" {
				t.Errorf("%+v: the copy is another message", c)
			}
		}
		if dead := r.last(t, compat.TopicTransCheckMax); dead != nil {
			if got = strings.TrimPrefix(got+", given up", "waits, "); string(dead.Body) != "x" {
				t.Errorf("%+v: given up as %q", c, dead.Body)
			}
		}
		want := map[bool]int64{true: 1, false: -1}[got != "waits"]
		if strings.Contains(got, ", ") { // the copy is done with, too
			want = 2
		}
		if r.progress(compat.TopicTransHalf) != want || got != c.want {
			t.Errorf("%+v: %s, progress %d", c, got, r.progress(compat.TopicTransHalf))
		}
	}
}

// TestYoungHalvesWait: what is stored while a round runs waits for the next one, and so does all behind a message that
// is too young.
func TestYoungHalvesWait(t *testing.T) {
	r := newRig(t)
	old := r.now.Add(-time.Hour / 2)
	for i, born := range []time.Time{old, old, r.now, old} {
		rec := store.Record{Message: record.Message{Topic: compat.TopicTransHalf, Body: []byte(fmt.Sprint(i)),
			BornTimestamp: born.UnixMilli(), Properties: []byte("REAL_TOPIC\x01T\x02REAL_QID\x010\x02PGROUP\x01p\x02")}}
		if _, err := r.store.Append(&rec); err != nil {
			t.Fatal(err)
		}
	}
	r.now = time.UnixMilli(r.last(t, compat.TopicTransHalf).StoreTimestamp - 1000)
	if r.check(make(chan struct{})); r.store.MaxOffset(compat.TopicTransHalf, 0) != 4 {
		t.Error("asked about what was stored later than the round began")
	}
	r.now = time.UnixMilli(r.last(t, compat.TopicTransHalf).StoreTimestamp + 1)
	r.passes()
	if r.check(make(chan struct{})); r.store.MaxOffset(compat.TopicTransHalf, 0) != 6 ||
		r.progress(compat.TopicTransHalf) != 2 {
		t.Errorf("%d half messages, progress %d", r.store.MaxOffset(compat.TopicTransHalf, 0),
			r.progress(compat.TopicTransHalf))
	}
}

// TestImmunity: what a message says itself, in Java's reading of the number.
func TestImmunity(t *testing.T) {
	for text, want := range map[string]struct {
		limit  int64
		custom bool
	}{"": {6000, false}, "5": {5000, true}, "0": {0, true}, "-1": {6000, true}, "-2": {-2000, true}, "x": {6000, true},
		"9223372036854775807": {9223372036854775807 / 2000 * 1000, true}} {
		m := record.View{}
		if text != "" {
			m.Properties = []byte(protocol.PropImmunity + "\x01" + text + "\x02")
		}
		if limit, custom := Immunity(&m, 6000); limit != want.limit || custom != want.custom {
			t.Errorf("%q: %d %v", text, limit, custom)
		}
	}
	for text, want := range map[string]int{"": 0, "3": 3, "x": -1, "99999999999": -1} {
		m := record.View{}
		if text != "" {
			m.Properties = []byte(protocol.PropCheckTimes + "\x01" + text + "\x02")
		}
		if got := checkTimes(&m); got != want {
			t.Errorf("%q questions are %d", text, got)
		}
	}
}

// TestCopyFinder: a copy takes the place of the message that was asked about once less, or that it names; what only
// looks the same stays.
func TestCopyFinder(t *testing.T) {
	newFinder := func() *copyFinder {
		return &copyFinder{asked: map[halfIdentity][]int64{}, first: map[int64]int64{}, seed: maphash.MakeSeed()}
	}
	half := func(key string, born int64, more string) *record.View {
		return &record.View{BornTimestamp: born, Properties: []byte("UNIQ_KEY\x01" + key + "\x02REAL_TOPIC\x01T\x02" + more)}
	}
	times := func(n int) string { return fmt.Sprint("TRANSACTION_CHECK_TIMES\x01", n, "\x02") }
	named := func(n int) string { return fmt.Sprint(protocol.PropPreparedQueue, "\x01", n, "\x02") }
	type step struct {
		m    *record.View
		want int64
	}
	for name, steps := range map[string][]step{
		"questions": {{half("k", 1, ""), -1}, {half("k", 1, times(1)), 0}, {half("k", 1, times(2)), 1},
			{half("k", 1, times(2)), -1}},
		"two alike": {{half("k", 1, ""), -1}, {half("k", 1, ""), -1}, {half("k", 1, times(1)), 0},
			{half("k", 1, times(1)), 1}},
		"others":         {{half("k", 1, ""), -1}, {half("l", 1, times(1)), -1}, {half("k", 2, times(1)), -1}},
		"one is missing": {{half("k", 1, ""), -1}, {half("k", 1, times(2)), -1}},
		"named": {{half("k", 1, ""), -1}, {half("k", 1, named(0)), 0}, {half("k", 1, named(0)), 1},
			{half("k", 1, named(0)+times(1)), 2}},
		"named, and asked about": {{half("k", 1, ""), -1}, {half("k", 1, times(1)), 0}, {half("k", 1, named(7)+times(2)), 1}},
	} {
		f := newFinder()
		for i, s := range steps {
			if got := f.find(s.m, int64(i)); got != s.want {
				t.Errorf("%s: number %d is a copy of %d, want %d", name, i, got, s.want)
			}
		}
		if f.count != len(steps) {
			t.Errorf("%s: %d counted", name, f.count)
		}
	}
}
