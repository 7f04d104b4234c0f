package ha

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gorocket/compat/testutil"
)

// TestRoomForAnotherMachine: who has not asked leaves first, then of the machine with the most connections the one with
// the least of the log; but nobody for a machine that would have as many.
func TestRoomForAnotherMachine(t *testing.T) {
	type peer struct {
		host         string
		asked, acked int64
	}
	greedy := []peer{{"a", 0, 7}, {"b", 0, 1}, {"a", 0, 3}, {"a", 0, 5}}
	for name, c := range map[string]struct {
		conns []peer
		host  string
		want  int
	}{
		"one that has not asked":      {append(greedy[:4:4], peer{"c", -1, -1}), "c", 4},
		"a new machine":               {greedy, "c", 2},
		"one that has fewer":          {greedy, "b", 2},
		"the one with the most":       {greedy, "a", -1},
		"as many with it":             {[]peer{{"a", 0, 1}, {"a", 0, 2}, {"b", 0, 1}, {"b", 0, 1}}, "b", -1},
		"one each":                    {[]peer{{"a", 0, 1}, {"b", 0, 1}}, "c", -1},
		"it would have as many as it": {[]peer{{"a", 0, 1}, {"a", 0, 2}, {"b", 0, 1}}, "b", -1},
	} {
		m := NewMaster(MasterOptions{}, MasterSettings{}, fixedLog{}, MasterEvents{})
		for _, p := range c.conns {
			x := connOf(m, p.asked, 10, p.acked)
			x.host = p.host
			m.conns = append(m.conns, x)
		}
		if got := m.leaves(c.host); got != c.want {
			t.Errorf("%s: connection %d leaves, want %d", name, got, c.want)
		}
	}
}

// TestBeginOfAnEmptyLog: a log that is empty begins nowhere behind the end of its master's, whoever says so, and nowhere
// when that cannot be asked. One that is not is not asked about.
func TestBeginOfAnEmptyLog(t *testing.T) {
	away := errors.New("away")
	for name, c := range map[string]struct {
		have string
		at   int64
		end  int64
		err  error
		asks bool
		ok   bool
	}{
		"at 0":                {"", 0, 0, nil, false, true},
		"at a file of its":    {"", 8192, 9000, nil, true, true},
		"at its end":          {"", 8192, 8192, nil, true, true},
		"behind its end":      {"", 1 << 50, 1<<50 - 1, nil, true, false},
		"nobody knows":        {"", 4096, 1 << 60, away, true, false},
		"where the log is on": {"have", 4, 0, away, false, true},
	} {
		l, s, asked := listen(t), &memory{b: []byte(c.have)}, 0
		ended := make(chan error, 9)
		x := NewSlave(SlaveOptions{Master: l.Addr().String(), HeartbeatInterval: time.Second,
			HousekeepingInterval: time.Minute, End: func(_ context.Context, master string) (int64, error) {
				if asked++; master != l.Addr().String() {
					t.Errorf("%s is asked", master)
				}
				return c.end, c.err
			}}, s, SlaveEvents{Disconnected: func(_ string, why error) { ended <- why }})
		x.Start()
		conn := accept(t, l)
		next(t, conn)
		var head [headSize]byte
		putHead(head[:], c.at, 1)
		_, _ = conn.Write(append(head[:], 'x'))
		switch {
		case c.ok && c.at == int64(len(c.have)):
			testutil.WaitFor(t, name, func() bool { return s.MaxPhyOffset() == c.at+1 })
		case c.ok: // memory begins at 0 only, and says so
			if why := <-ended; why == nil || why.Error() != "not where the log ends" {
				t.Errorf("%s: %v", name, why)
			}
		default:
			if why := <-ended; why == nil || !strings.Contains(why.Error(), "the log is to begin at") ||
				!errors.Is(why, c.err) && c.err != nil || s.MaxPhyOffset() != 0 {
				t.Errorf("%s: %v", name, why)
			}
		}
		if x.Stop(); asked > 0 != c.asks {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
}

// TestLargestBlock: BatchSize while somebody may wait for the slave and it is not far behind; then more, in proportion,
// and never more than Java's slaves take, but what BatchSize says.
func TestLargestBlock(t *testing.T) {
	for _, c := range []struct {
		batch  int
		pace   time.Duration
		behind int64
		want   int64
	}{{32 << 10, 0, farBehind - 1, 32 << 10}, {32 << 10, 0, farBehind, 1 << 20}, {32 << 10, 1, 1, 1 << 20},
		{1000, 0, farBehind, 32_000}, {1000, 1, 0, 32_000}, {3 << 20, 0, farBehind, 3 << 20}, {3 << 20, 1, 0, 3 << 20}} {
		m := NewMaster(MasterOptions{}, MasterSettings{}, fixedLog{end: 500 + c.behind}, MasterEvents{})
		set := &MasterSettings{BatchSize: c.batch, Pace: c.pace}
		if got := connOf(m, 0, 500, 0).largest(set); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
