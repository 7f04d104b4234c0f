package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// entry is what is known of one operation.
type entry struct {
	round int32
	kind  kind
	acked bool
	gone  bool   // not acknowledged and not found after the kill: it must never appear
	base  int64  // acknowledged queue offset of the first item
	count uint8  // items
	seen  uint32 // items found in the queue that the answer names, one bit each
	light uint8  // light queues it belongs to, one bit each
	lit   uint8  // light queues it was found in
	came  uint8  // deliveries of a delayed message found in its topic
}

// queue names one queue of one topic.
type queue struct {
	topic string
	id    int
}

// light tells light queues, which have no topic of their own.
func (q queue) light() bool { return slices.Contains(lights[:], q.topic) }

// commit is one acknowledged consumer offset.
type commit struct {
	at     time.Time
	offset int64
}

// progress is the commits of one group on one queue.
type progress struct {
	acked []commit
	tried int64 // highest value sent, acknowledged or not
}

// ledger is everything that happened to one store directory. Guarded by mu while workers run; afterwards the checker
// has it alone.
type ledger struct {
	seed    uint64
	mu      sync.Mutex
	entries []*entry            // by operation number
	next    map[queue]int64     // first offset not read back yet
	commits map[queue]*progress // group "crash_group"
	refused map[string]int      // answers that are no acknowledgement, by code and remark
}

func newLedger(seed uint64) *ledger {
	return &ledger{seed: seed, next: map[queue]int64{}, commits: map[queue]*progress{}, refused: map[string]int{}}
}

// begin notes an operation before it is sent and returns its number.
func (l *ledger) begin(round int) (uint64, *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{round: int32(round)}
	l.entries = append(l.entries, e)
	return uint64(len(l.entries) - 1), e
}

// expect makes the checker look at a queue from now on.
func (l *ledger) expect(q queue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.next[q]; !ok {
		l.next[q] = 0
	}
}

func (l *ledger) refuse(code int, remark string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[fmt.Sprintf("%d %.60s", code, remark)]++
}

// trying returns the next offset to commit for a queue.
func (l *ledger) trying(q queue) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.commits[q]
	if p == nil {
		p = &progress{}
		l.commits[q] = p
	}
	p.tried++
	return p.tried
}

func (l *ledger) committed(q queue, offset int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.commits[q]
	p.acked = append(p.acked, commit{time.Now(), offset})
}

// undelivered counts the stored delayed messages that did not come to their topic yet.
func (l *ledger) undelivered() (n int) {
	for _, e := range l.entries {
		if e.kind == delayed && e.seen != 0 && e.came == 0 {
			n++
		}
	}
	return n
}
