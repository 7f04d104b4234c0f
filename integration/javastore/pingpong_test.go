package javastore

import (
	"fmt"
	"testing"
	"time"

	"gorocket/integration/harness"
)

// TestPingPong: Java, ours, Java, ours on one directory, traffic at each stage, stopped cleanly or killed each time.
func TestPingPong(t *testing.T) {
	for _, java := range []side{java5, java4} {
		for _, clean := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s clean=%v", java, clean), func(t *testing.T) {
				harness.NeedJava(t)
				pingPong(t, clean, nil, java, ours, java, ours)
			})
		}
	}
}

// pingPong runs the sides one after the other on one directory.
func pingPong(t *testing.T, clean bool, conf harness.Conf, sides ...side) {
	h := newHouse(t, conf)
	l := newLedger(h)
	var before *snapshot
	last := map[side]*snapshot{}
	for i, s := range sides {
		h.start(s)
		t.Logf("%v %s answers", time.Now().Format("05.000"), s)
		if i == 0 {
			l.prepare()
		}
		if before != nil {
			now := l.take()
			same(t, before, now)
			if was := last[s]; was != nil {
				report(t, string(s)+": topics of its own last time", diffStrict(was.topics, now.topics))
				report(t, string(s)+": groups of its own last time", diffStrict(was.groups, now.groups))
			}
		}
		t.Logf("%v %s compared", time.Now().Format("05.000"), s)
		l.write()
		t.Logf("%v %s written", time.Now().Format("05.000"), s)
		if i == len(sides)-1 {
			l.finish(clean)
			return
		}
		before = l.take()
		last[s] = before
		t.Logf("%v %s taken", time.Now().Format("05.000"), s)
		if clean {
			h.stop(true)
		} else {
			l.killUnderLoad()
		}
		if t.Failed() {
			return
		}
	}
}

// take is a snapshot with lookups, checked against the ledger.
func (l *ledger) take() *snapshot {
	l.h.t.Helper()
	s := l.h.look()
	l.h.lookUp(s, l)
	l.check(s)
	return s
}

func (l *ledger) check(s *snapshot) {
	l.h.t.Helper()
	what := fmt.Sprintf("stage %d, read from %s", l.stage, s.side)
	report(l.h.t, what+": acknowledged messages", l.missing(s))
	report(l.h.t, what+": gaps and phantoms", l.gaps(s))
	report(l.h.t, what+": committed offsets", diffOffsets(l.commits, s.offsets))
}

// finish waits for the delayed messages: delivered once when everybody stopped cleanly, at least once after kills.
func (l *ledger) finish(clean bool) {
	l.h.t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for {
		s := l.h.look()
		waiting, twice := 0, 0
		for _, n := range l.delivered(s) {
			if n == 0 {
				waiting++
			}
			if n > 1 {
				twice++
			}
		}
		if waiting > 0 && time.Now().Before(deadline) {
			time.Sleep(500 * time.Millisecond)
			continue
		}
		l.check(s)
		if waiting > 0 {
			l.h.t.Errorf("%d delayed messages were never delivered", waiting)
		}
		if clean && twice > 0 {
			l.h.t.Errorf("%d delayed messages were delivered more than once", twice)
		}
		l.h.t.Logf("final ledger: %d messages, %d batches, %d delayed (%d delivered again), %d records in %d queues",
			len(l.messages), l.batches, len(l.delivered(s)), twice, s.count(), len(s.queues))
		return
	}
}
