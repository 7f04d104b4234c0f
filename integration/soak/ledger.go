package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// ledger knows what was sent and what came. Safe for concurrent use.
type ledger struct {
	mu     sync.Mutex
	sent   []bool     // acknowledged; guarded by mu
	first  []delivery // at is 0 until it came; guarded by mu
	again  []repeat   // guarded by mu
	acks   int        // guarded by mu
	came   int        // acknowledged ones that came; guarded by mu
	done   int        // sends that ended; guarded by mu
	strays []string   // deliveries that cannot be; guarded by mu
	refuse error      // the first send that failed; guarded by mu
}

// repeat is a delivery of a message that had come before.
type repeat struct {
	number int64
	delivery
}

func newLedger(n int) *ledger { return &ledger{sent: make([]bool, n), first: make([]delivery, n)} }

// acked notes the end of a send. Of one that failed nobody knows whether the message is stored: it may come or not.
func (l *ledger) acked(n int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done++
	if err != nil {
		if l.refuse == nil {
			l.refuse = fmt.Errorf("message %d: %w", n, err)
		}
		return
	}
	l.sent[n] = true
	l.acks++
	if l.first[n].at != 0 {
		l.came++
	}
}

func (l *ledger) unacknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done - l.acks
}

func (l *ledger) delivered(n int64, d delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n < 0 || n >= int64(len(l.first)) {
		l.strays = append(l.strays, fmt.Sprintf("number %d at %+v was never sent", n, d))
		return
	}
	f := &l.first[n]
	switch {
	case f.at == 0:
		*f = d
		if l.sent[n] {
			l.came++
		}
	case f.queue != d.queue || f.offset != d.offset:
		l.strays = append(l.strays, fmt.Sprintf("number %d came from queue %d offset %d and from queue %d offset %d", n,
			f.queue, f.offset, d.queue, d.offset))
	default:
		l.again = append(l.again, repeat{n, d})
	}
}

// await returns when every acknowledged message has come, or nothing came for so long.
func (l *ledger) await(patience time.Duration) {
	last, since := -1, time.Now()
	for time.Since(since) < patience {
		l.mu.Lock()
		acks, came := l.acks, l.came
		l.mu.Unlock()
		if came == acks {
			time.Sleep(2 * time.Second) // repeats that are on their way
			return
		}
		if came != last {
			last, since = came, time.Now()
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// reasons counts the repeats by rule; "" is those that no rule allows.
func (l *ledger) reasons(changes []change) map[string]int {
	count := map[string]int{}
	for _, r := range l.again {
		count[why(l.first[r.number], r.delivery, changes)]++
	}
	return count
}

func (l *ledger) report(w io.Writer, changes []change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	joins, kills := 0, 0
	for _, c := range changes {
		if c.joined {
			joins++
		} else if !c.politely {
			kills++
		}
	}
	fmt.Fprintf(w, "%d acknowledged, %d of them came, %d lost; %d joins, %d leaves, %d of them by SIGKILL\n",
		l.acks, l.came, l.acks-l.came, joins, len(changes)-joins, kills)
	if l.refuse != nil {
		fmt.Fprintf(w, "%d sends failed, the first: %v\n", l.done-l.acks, l.refuse)
	}
	fmt.Fprintf(w, "%d deliveries of messages that had come before:\n", len(l.again))
	count := l.reasons(changes)
	for _, reason := range slices.Sorted(maps.Keys(count)) {
		text := reason
		if text == "" {
			text = "NOT EXPLAINED"
		}
		fmt.Fprintf(w, "  %8d  %s\n", count[reason], text)
	}
}

// verdict is nil when nothing is lost and each repeat explained.
func (l *ledger) verdict(changes []change) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.strays) > 0 {
		return fmt.Errorf("%d deliveries that cannot be, such as %s", len(l.strays), l.strays[0])
	}
	if lost := l.acks - l.came; lost > 0 {
		return fmt.Errorf("%d of %d acknowledged messages did not come, such as number %d; -seed %d", lost, l.acks,
			l.firstLost(), *seed)
	}
	for _, r := range l.again {
		if why(l.first[r.number], r.delivery, changes) == "" {
			return fmt.Errorf("%d repeats that no rule allows, such as number %d: %+v, then %+v; the group's last changes "+
				"before: %+v; -seed %d",
				l.reasons(changes)[""], r.number, l.first[r.number], r.delivery, before(changes, r.at), *seed)
		}
	}
	return nil
}

// before is up to four changes of the group before a time.
func before(changes []change, at int64) (last []change) {
	for _, c := range changes {
		if c.at <= at {
			last = append(last, c)
		}
	}
	return last[max(0, len(last)-4):]
}

func (l *ledger) firstLost() int {
	for i, sent := range l.sent {
		if sent && l.first[i].at == 0 {
			return i
		}
	}
	return -1
}
