package members

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// clockwork is a Service in a bubble of its own time; what it does is noted with the time since its begin.
type clockwork struct {
	*Service
	begin  time.Time
	mu     sync.Mutex
	calls  []string // guarded by mu
	answer func() (map[int64]string, error)
	tell   func() error
	joined func() bool
}

func (c *clockwork) log(call string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, fmt.Sprint(call, " ", time.Since(c.begin)))
}

// of lists the times of one kind of call.
func (c *clockwork) of(call string) (times []string) {
	for _, s := range c.calls {
		if at, ok := strings.CutPrefix(s, call+" "); ok {
			times = append(times, at)
		}
	}
	return times
}

func newClockwork(set Settings) *clockwork {
	c := &clockwork{begin: time.Now(), tell: func() error { return nil }, joined: func() bool { return true }}
	c.Service = New(Deps{Settings: func() Settings { return set },
		Ask: func(context.Context) (map[int64]string, error) {
			c.log("ask")
			return c.answer()
		},
		Beat:    func(context.Context) { c.log("beat") },
		Follows: func() bool { return false },
		Act:     func(on bool) { c.log(fmt.Sprint("act ", on)) },
		Changed: func() { c.log("changed") },
		Slaves: Slaves{
			Tell: func(_ context.Context, addr string) error {
				c.log("tell " + addr)
				return c.tell()
			},
			Joined: func(string) bool {
				c.log("joined")
				return c.joined()
			},
			Take: func(_ context.Context, addr string) error {
				c.log("take " + addr)
				return nil
			}},
		Log: zerolog.Nop()})
	return c
}

// TestPeriods: the members are looked at at once, each period, and when somebody says that they changed; heartbeats
// have a period of their own; only another number is told.
func TestPeriods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClockwork(Settings{Total: 7, Period: 10 * time.Second, Beat: 4 * time.Second})
		addrs := map[int64]string{0: "m", 1: "s"}
		var failed error
		c.answer = func() (map[int64]string, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			return addrs, failed
		}
		change := func(a map[int64]string, err error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			addrs, failed = a, err
		}
		if c.Alive() != 7 {
			t.Errorf("%d alive before an answer", c.Alive())
		}
		c.Start()
		time.Sleep(13 * time.Second)
		c.Look()
		synctest.Wait()
		change(map[int64]string{0: "m"}, errors.New("no answer"))
		time.Sleep(11 * time.Second) // asks at 23
		if c.Alive() != 2 {
			t.Errorf("%d alive after a failure", c.Alive())
		}
		change(addrs, nil)
		time.Sleep(10 * time.Second) // asks at 33
		if c.Alive() != 1 {
			t.Errorf("%d alive in the end", c.Alive())
		}
		c.Stop()
		time.Sleep(time.Minute)
		for call, want := range map[string][]string{"ask": {"0s", "10s", "13s", "23s", "33s"}, "changed": {"0s", "33s"},
			"beat": {"4s", "8s", "12s", "16s", "20s", "24s", "28s", "32s"}, "act true": nil} {
			if got := c.of(call); !slices.Equal(got, want) {
				t.Errorf("%s: %q, not %q", call, got, want)
			}
		}
	})
}

// TestQuietTime: a slave that heard of its master may act again when quietTime is over, not before.
func TestQuietTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClockwork(Settings{ID: 1, Slave: true})
		alone := map[int64]string{1: "s"}
		c.found(alone)
		c.Yield()
		time.Sleep(quietTime - 1)
		if c.found(alone); c.Acting() {
			t.Error("acts too early")
		}
		time.Sleep(1)
		if c.found(alone); !c.Acting() {
			t.Error("does not act when the time is over")
		}
		if c.found(alone); len(c.of("act true")) != 2 || len(c.of("act false")) != 1 {
			t.Errorf("%q", c.calls)
		}
	})
}

// TestHearTimes: a slave is told again each onlineRetry until it answers, is looked at until it follows, and then asked,
// once, also one that comes while others are heard.
func TestHearTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClockwork(Settings{Deadline: time.Minute})
		asked := 0
		c.answer = func() (map[int64]string, error) {
			asked++
			switch asked {
			case 1, 2:
				return nil, errors.New("no NameServer yet")
			case 3:
				return map[int64]string{0: "self", 1: "a"}, nil
			}
			return map[int64]string{0: "self", 1: "a", 2: "b"}, nil
		}
		fails := 2
		c.tell = func() error {
			if fails--; fails >= 0 {
				return errors.New("it starts")
			}
			return nil
		}
		looks := 0
		c.joined = func() bool {
			looks++
			return looks > 3
		}
		c.Online(t.Context())
		want := []string{"ask 0s", "ask 500ms", "ask 1s", "tell a 1s", "tell a 1.5s", "tell a 2s", "joined 2s",
			"joined 2.05s", "joined 2.1s", "joined 2.15s", "take a 2.15s", "ask 2.15s", "tell b 2.15s", "joined 2.15s",
			"take b 2.15s", "ask 2.15s"}
		if !slices.Equal(c.calls, want) {
			t.Errorf("%q", c.calls)
		}
	})
}

// TestDeadlines: NameServers, and the slaves together, hold a master up for the deadline and no longer.
func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := errors.New("silent")
		c := newClockwork(Settings{Deadline: 1200 * time.Millisecond})
		c.answer = func() (map[int64]string, error) { return nil, silent }
		c.Online(t.Context())
		if got, want := c.of("ask"), []string{"0s", "500ms", "1s", "1.5s"}; !slices.Equal(got, want) {
			t.Errorf("NameServers are asked at %q", got)
		}
		c = newClockwork(Settings{Deadline: time.Second})
		c.answer = func() (map[int64]string, error) { return nil, silent }
		c.Online(t.Context())
		if got, want := c.of("ask"), []string{"0s", "500ms", "1s", "1.5s"}; !slices.Equal(got, want) {
			t.Errorf("to the moment: asked at %q", got)
		}
		c = newClockwork(Settings{Deadline: 1200 * time.Millisecond})
		c.answer = func() (map[int64]string, error) { return map[int64]string{1: "a", 2: "b"}, nil }
		c.tell = func() error { return silent }
		c.Online(t.Context())
		for _, call := range []string{"tell a", "tell b"} {
			if got, want := c.of(call), []string{"0s", "500ms", "1s"}; !slices.Equal(got, want) {
				t.Errorf("%s at %q", call, got)
			}
		}
		c = newClockwork(Settings{Deadline: 120 * time.Millisecond})
		c.answer = func() (map[int64]string, error) { return map[int64]string{1: "a"}, nil }
		c.joined = func() bool { return false }
		c.Online(t.Context())
		if got, want := c.of("joined"), []string{"0s", "50ms", "100ms"}; !slices.Equal(got, want) || len(c.of("take a")) > 0 {
			t.Errorf("a slave that does not follow is looked at at %q; %q", got, c.of("take a"))
		}
	})
}
