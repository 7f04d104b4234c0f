package members

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/testutil"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// cluster is what a Service sees of the others.
type cluster struct {
	mu      sync.Mutex
	addrs   map[int64]string
	err     error
	follows bool
	calls   []string
	deaf    bool // slaves do not answer
	beats   int
}

func (c *cluster) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

func (c *cluster) log(call string) {
	c.set(func() { c.calls = append(c.calls, call) })
}

func (c *cluster) said() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

func newService(t *testing.T, set Settings) (*Service, *cluster) {
	c := &cluster{}
	set.Total, set.Period, set.Beat = 2, 5*time.Millisecond, 5*time.Millisecond
	failed := func(what string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.calls = append(c.calls, what)
		if c.deaf {
			return errors.New("no answer")
		}
		return nil
	}
	s := New(Deps{Settings: func() Settings { return set },
		Ask: func(context.Context) (map[int64]string, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			return maps.Clone(c.addrs), c.err
		},
		Beat: func(context.Context) { c.set(func() { c.beats++ }) },
		Follows: func() (yes bool) {
			c.set(func() { yes = c.follows })
			return yes
		},
		Act: func(on bool) {
			if on {
				c.log("begin")
			} else {
				c.log("end")
			}
		},
		Changed: func() { c.log("changed") },
		Slaves: Slaves{Tell: func(_ context.Context, addr string) error { return failed("tell " + addr) },
			Joined: func(addr string) bool { return true },
			Take:   func(_ context.Context, addr string) error { return failed("take " + addr) }},
		Log: zerolog.Nop()})
	t.Cleanup(s.Stop)
	return s, c
}

// TestActs: a slave acts when it is listed, nobody has a smaller id, and it does not follow a master.
func TestActs(t *testing.T) {
	s, c := newService(t, Settings{ID: 2, Slave: true})
	for _, step := range []struct {
		what    string
		addrs   map[int64]string
		follows bool
		acts    bool
		alive   int
	}{
		{"nobody has answered", nil, false, false, 2},
		{"a master", map[int64]string{0: "m", 2: "s"}, false, false, 2},
		{"a smaller slave", map[int64]string{1: "o", 2: "s"}, false, false, 2},
		{"not listed itself", map[int64]string{3: "o"}, false, false, 2},
		{"the first, but it follows", map[int64]string{2: "s", 3: "o", 4: "p"}, true, false, 3},
		{"the first", map[int64]string{2: "s", 3: "o"}, false, true, 2},
		{"no news", nil, false, true, 2},
		{"a master again", map[int64]string{0: "m", 2: "s"}, false, false, 2},
		{"alone", map[int64]string{2: "s"}, false, true, 1},
		{"following again", map[int64]string{2: "s"}, true, false, 1},
	} {
		c.set(func() { c.follows = step.follows })
		if s.found(step.addrs); s.Acting() != step.acts || s.Alive() != step.alive {
			t.Errorf("%s: acts %v, %d alive", step.what, s.Acting(), s.Alive())
		}
	}
	got := slices.DeleteFunc(c.said(), func(call string) bool { return call == "changed" })
	if want := []string{"begin", "end", "begin", "end"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	m, _ := newService(t, Settings{})
	if m.found(map[int64]string{0: "m", 1: "s"}); m.Acting() {
		t.Error("a master acts")
	}
}

// TestYield: a slave that hears of its master ends at once, and does not begin again while the NameServers do not list
// the master yet.
func TestYield(t *testing.T) {
	s, c := newService(t, Settings{ID: 1, Slave: true})
	c.addrs = map[int64]string{1: "s"}
	s.Start()
	testutil.WaitFor(t, "the slave to act", s.Acting)
	if s.Yield(); s.Acting() || !slices.Contains(c.said(), "end") {
		t.Errorf("it goes on: %q", c.said())
	}
	for range 3 {
		s.Look()
		if s.found(c.addrs); s.Acting() {
			t.Fatal("it has begun again")
		}
	}
	testutil.WaitFor(t, "heartbeats", func() (yes bool) {
		c.set(func() { yes = c.beats > 2 })
		return yes
	})
	s.Stop()
	s.Start()
	s.Stop()
}

// TestStopEndsActing: a slave that stops does nothing in its master's place any more.
func TestStopEndsActing(t *testing.T) {
	s, c := newService(t, Settings{ID: 1, Slave: true})
	c.addrs = map[int64]string{1: "s"}
	s.Start()
	testutil.WaitFor(t, "the slave to act", s.Acting)
	if s.Stop(); c.said()[len(c.said())-1] != "end" || s.Acting() {
		t.Errorf("%q", c.said())
	}
}

// TestOnline: a master hears each of its slaves once; itself, left over at the NameServers from before, it does not ask.
func TestOnline(t *testing.T) {
	s, c := newService(t, Settings{Deadline: time.Minute})
	c.addrs = map[int64]string{0: "self", 2: "b", 1: "a"}
	s.Online(t.Context())
	got, want := c.said(), []string{"take a", "take b", "tell a", "tell b"}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestOnlineWithoutAnswers: slaves and NameServers that do not answer hold a master up for a while only, and a stop ends
// that at once.
func TestOnlineWithoutAnswers(t *testing.T) {
	s, c := newService(t, Settings{Deadline: 20 * time.Millisecond})
	c.addrs, c.deaf = map[int64]string{1: "a"}, true
	s.Online(t.Context())
	if got := c.said(); len(got) == 0 || slices.Contains(got, "take a") {
		t.Errorf("%q", got)
	}
	c.err = errors.New("no NameServer")
	s.Online(t.Context())
	s, c = newService(t, Settings{Deadline: time.Hour})
	c.err = errors.New("no NameServer")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s.Online(ctx)
	c.err, c.addrs, c.deaf = nil, map[int64]string{1: "a"}, true
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s.Online(ctx)
}

// TestManySlavesThatDoNotAnswer: those that are registered and do not exist hold a master up together as long as one,
// also when others come on and on.
func TestManySlavesThatDoNotAnswer(t *testing.T) {
	const deadline = 100 * time.Millisecond
	s, c := newService(t, Settings{Deadline: deadline})
	c.deaf, c.addrs = true, map[int64]string{}
	for id := range int64(20) {
		c.addrs[1+id] = "a"
	}
	more := int64(100)
	ask := s.d.Ask
	s.d.Ask = func(ctx context.Context) (map[int64]string, error) {
		more++
		c.set(func() { c.addrs[more] = "b" })
		addrs, err := ask(ctx)
		return maps.Clone(addrs), err
	}
	began := time.Now()
	if s.Online(t.Context()); time.Since(began) > 10*deadline {
		t.Errorf("came online after %v", time.Since(began))
	}
}
