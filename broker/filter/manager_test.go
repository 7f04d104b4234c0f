package filter

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// clock is a time that tests set.
type clock struct{ ms int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.ms) }

// newTestManager makes a manager with Java's test values of its bloom filter.
func newTestManager(t testing.TB, consumers int) *Manager {
	m, _ := newClockedManager(t, consumers)
	return m
}

func newClockedManager(t testing.TB, consumers int) (*Manager, *clock) {
	t.Helper()
	c := &clock{ms: 1_800_000_000_000}
	m, err := NewManager(Config{MaxErrorRateOfBloomFilter: 20, ExpectConsumerNumUseFilter: consumers,
		FilterDataCleanTimeSpan: 24 * time.Hour, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return m, c
}

func TestNewManagerRefuses(t *testing.T) {
	good := Config{MaxErrorRateOfBloomFilter: 20, ExpectConsumerNumUseFilter: 32, Now: time.Now}
	for name, change := range map[string]func(*Config){
		"maxErrorRateOfBloomFilter=0":    func(c *Config) { c.MaxErrorRateOfBloomFilter = 0 },
		"maxErrorRateOfBloomFilter=100":  func(c *Config) { c.MaxErrorRateOfBloomFilter = 100 },
		"expectConsumerNumUseFilter=0":   func(c *Config) { c.ExpectConsumerNumUseFilter = 0 },
		"expectConsumerNumUseFilter=200": func(c *Config) { c.ExpectConsumerNumUseFilter = 2_000_000_000 },
		"filterDataCleanTimeSpan=-1s":    func(c *Config) { c.FilterDataCleanTimeSpan = -time.Second },
		"no clock":                       func(c *Config) { c.Now = nil },
	} {
		c := good
		change(&c)
		if _, err := NewManager(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRegisterFollowsVersions(t *testing.T) {
	m, c := newClockedManager(t, 32)
	steps := []struct {
		name       string
		do         func() bool
		changed    bool
		expression string // "" when there is no data
		version    int64
		dead       bool
	}{
		{"new", func() bool { return m.register1("g", "t", "a = 1", 5) }, true, "a = 1", 5, false},
		{"older", func() bool { return m.register1("g", "t", "a = 2", 4) }, false, "a = 1", 5, false},
		{"equal with another text", func() bool { return m.register1("g", "t", "a = 2", 5) }, false, "a = 1", 5, false},
		{"newer, same text", func() bool { return m.register1("g", "t", "a = 1", 6) }, true, "a = 1", 6, false},
		{"newer, other text", func() bool { return m.register1("g", "t", "a = 3", 7) }, true, "a = 3", 7, false},
		{"left", func() bool { return m.Unregister("g") }, true, "a = 3", 7, true},
		{"left again", func() bool { return m.Unregister("g") }, false, "a = 3", 7, true},
		{"older one does not revive", func() bool { return m.register1("g", "t", "a = 3", 6) }, false, "a = 3", 7, true},
		{"equal one revives", func() bool { return m.register1("g", "t", "a = 3", 7) }, true, "a = 3", 7, false},
		{"another topic only", func() bool { return m.register1("g", "other", "a = 3", 8) }, true, "a = 3", 7, true},
		{"newer one revives", func() bool { return m.register1("g", "t", "a = 3", 8) }, true, "a = 3", 8, false},
		{"tag changes nothing", func() bool { return m.Register("g", []Subscription{{"t", "x", "TAG", 9}}) }, false, "a = 3",
			8, false},
		{"empty changes nothing", func() bool { return m.Register("g", []Subscription{{"t", "", Type, 9}}) }, false, "a = 3",
			8, false},
		{"wrong expression, older", func() bool { return m.register1("g", "t", "a =", 8) }, false, "a = 3", 8, false},
		{"wrong expression", func() bool { return m.register1("g", "t", "a =", 10) }, true, "", 0, false},
		{"wrong type", func() bool { return m.Register("g", []Subscription{{"t", "a = 1", "SQL", 11}}) }, false, "", 0,
			false},
	}
	for _, s := range steps {
		c.ms++
		if got := s.do(); got != s.changed {
			t.Errorf("%s: changed %t", s.name, got)
		}
		d := m.Get("t", "g")
		if d == nil {
			if s.expression != "" {
				t.Errorf("%s: data is gone", s.name)
			}
			continue
		}
		if d.Expression != s.expression || d.ClientVersion != s.version || d.Dead() != s.dead {
			t.Errorf("%s: %v, dead %t", s.name, d, d.Dead())
		}
	}
}

// register1 registers one SQL92 subscription.
func (m *Manager) register1(group, topic, expression string, version int64) bool {
	return m.Register(group, []Subscription{{topic, expression, Type, version}})
}

func TestRefusedIsTold(t *testing.T) {
	m, _ := newClockedManager(t, 32)
	var told []string
	m.cfg.Refused = func(group, topic string, err error) { told = append(told, group+" "+topic+" "+err.Error()) }
	m.register1("g", "t", "5", 1)
	if len(told) != 1 || told[0] != "g t "+classParse+": Expression will not result in a boolean value: 5" {
		t.Errorf("told %q", told)
	}
}

func TestCleanForgetsAfterADay(t *testing.T) {
	m, c := newClockedManager(t, 32)
	m.register1("g", "t", "a = 1", 5)
	m.register1("h", "t", "a = 1", 5)
	m.Unregister("g")
	c.ms += 24*3600*1000 - 1
	if m.Clean() || m.Get("t", "g") == nil {
		t.Fatal("forgotten too early")
	}
	c.ms++
	if !m.Clean() || m.Get("t", "g") != nil || m.Get("t", "h") == nil {
		t.Fatal("the dead one stays, or the living one went")
	}
	m.Unregister("h")
	c.ms += 24 * 3600 * 1000
	if _, err := m.Encode(); err != nil {
		t.Fatal(err)
	}
	if len(m.topics) != 0 || m.count != 0 {
		t.Errorf("left: %v, count %d", m.topics, m.count)
	}
}

func TestDecodeKills(t *testing.T) {
	m, c := newClockedManager(t, 32)
	m.register1("old", "t", "a = 1", 5)
	c.ms += 100_000
	m.register1("young", "t", "a = 1", 5)
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	n, c2 := newClockedManager(t, 32)
	c2.ms = c.ms
	if problems, err := n.Decode(text); err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	if d := n.Get("t", "old"); !d.Dead() || d.DeadTime != c.ms-loadedDead {
		t.Errorf("old: %v", d)
	}
	if d := n.Get("t", "young"); !d.Dead() || d.DeadTime != d.BornTime {
		t.Errorf("young: %v", d)
	}
	if !n.register1("young", "t", "a = 1", 5) || n.Get("t", "young").Dead() {
		t.Error("a heartbeat does not revive")
	}
}

func TestDecodeOddFiles(t *testing.T) {
	entry := func(bits, extra string) string {
		return `{"filterDataByTopic":{"t":{"groupFilterData":{"g":{"bloomFilterData":` + bits +
			`,"bornTime":5,"expression":"a = 1","expressionType":"SQL92"` + extra + `}},"topic":"t"}}}`
	}
	const bits = `{"bitNum":112,"bitPos":[22,87,58]}`
	for _, c := range []struct {
		name, text string
		problem    string
		found      bool
		failed     bool
	}{
		{name: "good", text: entry(bits, ""), found: true},
		{name: "empty object", text: `{}`},
		{name: "nulls", text: `{"filterDataByTopic":{"t":null,"u":{"groupFilterData":{"g":null}},"v":{"groupFilterData":null}}}`},
		{name: "no JSON", text: `{"filterDataByTopic"`, failed: true},
		{name: "wrong class", text: `{"filterDataByTopic":7}`, failed: true},
		{name: "another length", text: entry(`{"bitNum":216,"bitPos":[22,87,58]}`, ""), problem: "another bloom filter"},
		{name: "another number", text: entry(`{"bitNum":112,"bitPos":[22,87]}`, ""), problem: "another bloom filter"},
		{name: "bit outside", text: entry(`{"bitNum":112,"bitPos":[22,87,112]}`, ""), problem: "another bloom filter"},
		{name: "negative bit", text: entry(`{"bitNum":112,"bitPos":[-1,87,1]}`, ""), problem: "another bloom filter"},
		{name: "no bits", text: entry(`null`, ""), problem: "another bloom filter"},
		{name: "wrong expression", text: entry(bits, `,"expression":"a ="`), problem: "Encountered", found: true},
	} {
		m, _ := newClockedManager(t, 32)
		problems, err := m.Decode([]byte(c.text))
		if (err != nil) != c.failed {
			t.Errorf("%s: error %v", c.name, err)
		}
		if p := errors.Join(problems...); (p != nil) != (c.problem != "") || p != nil &&
			!strings.Contains(p.Error(), c.problem) {
			t.Errorf("%s: problems %v", c.name, p)
		}
		if (m.Get("t", "g") != nil) != c.found {
			t.Errorf("%s: found %v", c.name, m.Get("t", "g"))
		}
	}
}

func TestMaxEntries(t *testing.T) {
	m, _ := newClockedManager(t, 32)
	m.register1("g", "t", "a = 1", 1)
	m.count = MaxEntries
	var told error
	m.cfg.Refused = func(_, _ string, err error) { told = err }
	if m.register1("h", "t", "a = 1", 1) || told == nil || m.Get("t", "h") != nil {
		t.Errorf("one too many was taken; told %v", told)
	}
	if !m.register1("g", "t", "a = 2", 2) {
		t.Error("a known one cannot change")
	}
}

// TestMaxBytes: long expressions are bounded together, and what goes makes room.
func TestMaxBytes(t *testing.T) {
	m := newTestManager(t, 32)
	long := "a = '" + strings.Repeat("x", 8<<10) + "'"
	sub := func(i int) []Subscription {
		return []Subscription{{Topic: fmt.Sprint("t", i), Type: Type, Expression: long, Version: 1}}
	}
	for i := range MaxBytes/len(long) + 100 {
		m.Register(fmt.Sprint("g", i), sub(i))
	}
	if m.bytes > MaxBytes || m.Size() >= MaxBytes/len(long)+1 || m.Size() < MaxBytes/len(long)-10 {
		t.Fatalf("%d bytes of %d subscriptions", m.bytes, m.Size())
	}
	m.remove("t0", "g0")
	if !m.Register("late", sub(0)) {
		t.Error("no room behind a removal")
	}
	for _, d := range m.all() {
		m.remove(d.Topic, d.ConsumerGroup)
	}
	if m.bytes != 0 || m.Size() != 0 {
		t.Errorf("%d bytes, %d left", m.bytes, m.Size())
	}
}
