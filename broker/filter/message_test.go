package filter

import (
	"sync"
	"testing"
)

func TestFilterMatches(t *testing.T) {
	m, c := newClockedManager(t, 32)
	m.register1("g", "t", "a > 1", 1)
	d := m.Get("t", "g")
	f := m.NewFilter("t", d, false)
	born := c.ms
	wanted, unwanted := m.BitMap("t", props("a", "2"), nil), m.BitMap("t", props("a", "1"), nil)
	if len(wanted) != m.bloom.Bits()/8 || len(unwanted) != len(wanted) {
		t.Fatalf("bit maps %x and %x", wanted, unwanted)
	}
	for _, x := range []struct {
		name   string
		stored int64
		bits   []byte
		want   bool
	}{
		{"wanted", born + 1, wanted, true}, {"unwanted", born + 1, unwanted, false},
		{"unwanted, but older than the subscription", born, unwanted, true},
		{"no bit map", born + 1, nil, true}, {"bit map of another length", born + 1, unwanted[1:], true},
	} {
		if got := f.MatchBitMap(x.stored, x.bits); got != x.want {
			t.Errorf("%s: got %t", x.name, got)
		}
	}
	if !f.MatchProperties(props("a", "2")) || f.MatchProperties(props("a", "1")) || f.MatchProperties(props("a", "x")) ||
		f.MatchProperties(nil) {
		t.Error("properties are judged wrongly")
	}
	everything := m.NewFilter("t", nil, false)
	if !everything.MatchBitMap(born+1, unwanted) || !everything.MatchProperties(nil) || !(Filter{}).MatchProperties(nil) ||
		!(Filter{}).MatchBitMap(1, unwanted) {
		t.Error("without data something is refused")
	}
}

func TestBuildForOnePull(t *testing.T) {
	m, _ := newClockedManager(t, 32)
	d, err := m.Build("g", Subscription{"t", "a > 1", Type, 9})
	if err != nil || d.Bloom != nil || d.ClientVersion != 9 || m.Get("t", "g") != nil {
		t.Fatalf("%v, %v", d, err)
	}
	f := m.NewFilter("t", d, false)
	if !f.MatchBitMap(1<<60, make([]byte, m.bloom.Bits()/8)) || !f.MatchProperties(props("a", "2")) ||
		f.MatchProperties(props("a", "1")) {
		t.Error("matches wrongly")
	}
	for _, s := range []Subscription{{"t", "a >", Type, 9}, {"t", "a > 1", "SQL", 9}, {"t", "a > 1", "TAG", 9}} {
		if d, err := m.Build("g", s); err == nil {
			t.Errorf("%v: built %v", s, d)
		}
	}
}

func TestBitMapCountsTheDead(t *testing.T) {
	m, _ := newClockedManager(t, 32)
	if m.BitMap("t", props("a", "2"), nil) != nil {
		t.Error("a bit map for a topic that nobody filters")
	}
	m.register1("g", "t", "a > 1", 1)
	m.register1("h", "t", "a > 5", 1)
	m.Unregister("g")
	dirty := make([]byte, 100)
	for i := range dirty {
		dirty[i] = 0xff
	}
	bits := m.BitMap("t", props("a", "2"), dirty)
	if &bits[0] != &dirty[0] {
		t.Error("dst is not used")
	}
	if !m.bloom.Hit(m.Get("t", "g").Bloom, bits) || m.bloom.Hit(m.Get("t", "h").Bloom, bits) {
		t.Errorf("bit map %x", bits)
	}
}

func TestRetryFilter(t *testing.T) {
	m, _ := newClockedManager(t, 32)
	m.register1("g", "t", "a > 1", 1)
	for _, c := range []struct {
		topic   string
		support bool
		raw     []byte
		want    bool
	}{
		{"%RETRY%g", true, props("RETRY_TOPIC", "t", "a", "2"), true},
		{"%RETRY%g", true, props("RETRY_TOPIC", "t", "a", "1"), false},
		{"%RETRY%g", true, props("RETRY_TOPIC", "other", "a", "1"), true},
		{"%RETRY%g", true, props("a", "1"), true},
		{"%RETRY%g", false, props("RETRY_TOPIC", "t", "a", "1"), true},
		{"%RETRY%g+t", true, props("RETRY_TOPIC", "t", "a", "1"), false},
		{"%RETRY%g+t+u", true, props("RETRY_TOPIC", "t", "a", "1"), true},
		{"%RETRY%h", true, props("RETRY_TOPIC", "t", "a", "1"), true},
	} {
		if got := m.NewFilter(c.topic, nil, c.support).MatchProperties(c.raw); got != c.want {
			t.Errorf("%s (filterSupportRetry=%t) with %q: got %t", c.topic, c.support, c.raw, got)
		}
	}
}

// TestManagerConcurrently is for the race detector; afterwards the numbers must agree.
func TestManagerConcurrently(t *testing.T) {
	m, _ := newClockedManager(t, 32)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			group := string(rune('a' + i))
			for v := range int64(100) {
				m.register1(group, "t", "a > "+string(rune('0'+v%10)), v)
				m.NewFilter("t", m.Get("t", group), false).MatchProperties(props("a", "5"))
				m.BitMap("t", props("a", "5"), nil)
				m.Unregister(group)
				if _, err := m.Encode(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if m.count != 4 || len(m.all()) != 4 {
		t.Errorf("count %d, %d entries", m.count, len(m.all()))
	}
}
