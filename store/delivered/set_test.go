package delivered

import (
	"fmt"
	"testing"

	"gorocket/store/record"
)

// records is a log in memory.
type records []*record.View

func (r records) RecordsSince(ts, _ int64, fn func(m *record.View)) error {
	for _, m := range r {
		if m.StoreTimestamp >= ts {
			fn(m)
		}
	}
	return nil
}

func message(topic string, props string) *record.View {
	return &record.View{Topic: []byte(topic), Properties: []byte(props), Body: []byte("b"), StoreTimestamp: 100}
}

// TestTake: a copy is found by what it has in common with its message, in any order of its properties, once, and not
// when anything of that differs.
func TestTake(t *testing.T) {
	source := message("SCHEDULE", "UNIQ_KEY\x01k\x02DELAY\x013\x02REAL_TOPIC\x01T\x02TIMER_OUT_MS\x015\x02")
	same := func() *record.View {
		return message("T", "TIMER_OUT_MS\x015\x02TAGS\x01a\x02REAL_TOPIC\x01T\x02UNIQ_KEY\x01k\x02")
	}
	change := func(fn func(m *record.View)) *record.View {
		m := same()
		fn(m)
		return m
	}
	for name, c := range map[string]struct {
		copy *record.View
		want int
	}{
		"the same":         {same(), 1},
		"another queue":    {change(func(m *record.View) { m.QueueID = 1 }), 0},
		"another birth":    {change(func(m *record.View) { m.BornTimestamp = 1 }), 0},
		"another body":     {change(func(m *record.View) { m.BodyCRC = 1 }), 0},
		"another length":   {change(func(m *record.View) { m.Body = nil }), 0},
		"consumed again":   {change(func(m *record.View) { m.ReconsumeTimes = 1 }), 0},
		"another flag":     {change(func(m *record.View) { m.Flag = 1 }), 0},
		"too old":          {change(func(m *record.View) { m.StoreTimestamp = 49 }), 0},
		"another time":     {message("T", "TIMER_OUT_MS\x016\x02REAL_TOPIC\x01T\x02UNIQ_KEY\x01k\x02"), 0},
		"sent by a client": {message("T", "TIMER_OUT_MS\x015\x02UNIQ_KEY\x01k\x02"), 0},
		"parked":           {message("SCHEDULE", "TIMER_OUT_MS\x015\x02REAL_TOPIC\x01T\x02UNIQ_KEY\x01k\x02"), 0},
		"of a timer":       {message("T", "TIMER_DEQUEUE_MS\x011\x02TIMER_OUT_MS\x015\x02UNIQ_KEY\x01k\x02"), 1},
		"rolled":           {message("T", "TIMER_ROLL_TIMES\x011\x02TIMER_OUT_MS\x015\x02REAL_TOPIC\x01T\x02UNIQ_KEY\x01k\x02"), 0},
		"without an id":    {message("T", "TIMER_OUT_MS\x015\x02REAL_TOPIC\x01T\x02"), 0},
	} {
		s, err := Since(records{c.copy}, 50, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for s.Take(source, "T", 0, nil) {
			got++
		}
		if got != c.want {
			t.Errorf("%s: found %d times, not %d", name, got, c.want)
		}
	}
	var none *Set
	if n, forgotten := none.Len(); n != 0 || forgotten != 0 || none.Take(source, "T", 0, nil) {
		t.Error("a nil Set knows something")
	}
}

// TestTakeCounts: of equal copies each is found once, and the count goes back to none; what has no id is never found.
func TestTakeCounts(t *testing.T) {
	source := message("SCHEDULE", "UNIQ_KEY\x01k\x02")
	two := message("T", "REAL_TOPIC\x01T\x02UNIQ_KEY\x01k\x02")
	other := message("T", "REAL_TOPIC\x01T\x02UNIQ_KEY\x01other\x02")
	s, err := Since(records{two, other, two, message("T", "REAL_TOPIC\x01T\x02")}, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for left := 3; left > 0; left-- {
		if n, forgotten := s.Len(); n != left || forgotten != 0 {
			t.Errorf("%d copies, not %d; %d without room", n, left, forgotten)
		}
		if got := s.Take(source, "T", 0, nil); got != (left > 1) {
			t.Errorf("found %v with %d left", got, left)
		}
		if left == 2 && s.Take(source, "T", 0, nil) {
			t.Error("two copies are found three times")
		}
		if left == 2 {
			break
		}
	}
	if n, _ := s.Len(); n != 1 || len(s.copies) != 1 {
		t.Errorf("%d copies in %d places are left", n, len(s.copies))
	}
	if s.Take(message("SCHEDULE", ""), "T", 0, nil) {
		t.Error("a message without an id is found")
	}
}

// TestSetIsBounded: copies beyond the limit are counted, not kept.
func TestSetIsBounded(t *testing.T) {
	s, _ := Since(records{}, 0, 0)
	for i := range maxCopies {
		s.copies[uint64(i)] = 1
	}
	for i := range 3 {
		s.note(message("T", fmt.Sprintf("REAL_TOPIC\x01T\x02UNIQ_KEY\x01k%d\x02", i)))
	}
	if n, forgotten := s.Len(); n != maxCopies || forgotten != 3 {
		t.Errorf("%d copies, %d without room", n, forgotten)
	}
}
