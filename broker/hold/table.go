package hold

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/worker"
	"gorocket/store"
)

// When held pulls are looked at.
const (
	RecheckEvery = 5 * time.Second // Java: the 5 s round of the hold service
	wheelTick    = 200 * time.Millisecond
	wheelSlots   = 64  // times wheelTick: farther than recheckEvery
	answerBatch  = 256 // timed-out pulls answered before connections are flushed
)

type queueKey struct {
	topic string
	queue int32
}

// Conn is where the answer to a waiting pull goes.
type Conn interface {
	Closed() bool // nobody reads the answer any more
	Cork()        // keeps answers back until Uncork
	Uncork()
}

// Waiter is who waits with a pull.
type Waiter interface {
	// Conn returns the same value for all who are answered over one connection; it is used as a key of a map.
	Conn() Conn
	// Wake answers: the pull does not wait any more. It must not block: it runs on event loops too.
	Wake()
}

// Pull is one pull that waits. Its waiter has it as a part. Immutable but for its place in the table.
type Pull struct {
	Waiter  Waiter
	Topic   string
	QueueID int32
	Offset  int64 // of the queue; messages from there on wake it
	Sub     *clients.Subscription

	deadline int64 // ms, by Table.now

	waits  bool         // guarded by the queue's mu: it stands in the queue's lists
	places []heldPlace  // guarded by the queue's mu
	one    [1]heldPlace // memory of places, for most

	prev, next *Pull // guarded by the wheel's mu, as all below
	slot       *Pull // head of the list it stands in, nil when in none
	done       bool  // answered or given up
}

// Deps is what the table needs of its broker.
type Deps struct {
	Store func() *store.Store // open while anybody pulls
	Limit func() int64        // maxHeldPulls
}

// Table holds the pulls that wait. Any goroutine.
type Table struct {
	d       Deps
	queues  sync.Map     // queueKey -> *heldQueue
	known   atomic.Int64 // entries of queues
	wheel   holdWheel
	base    time.Time // immutable
	count   atomic.Int64
	refused atomic.Int64 // pulls beyond maxHeldPulls
	many    arrivals
	loop    worker.Group
}

// NewTable makes a table that holds nothing.
func NewTable(d Deps) *Table {
	return &Table{d: d, base: time.Now(), many: arrivals{poke: make(chan struct{}, 1)}}
}

// Count is how many pulls wait.
func (t *Table) Count() int64 { return t.count.Load() }

// Refused is how many pulls were refused because too many waited.
func (t *Table) Refused() int64 { return t.refused.Load() }

// now is in ms; it does not jump when somebody sets the clock.
func (t *Table) now() int64 { return time.Since(t.base).Milliseconds() }

// Start begins to look after the pulls that wait too long.
func (t *Table) Start() { t.loop.Start(t.run) }

// Stop ends the sweep; held pulls end with their connections, or are looked at after the next Start.
func (t *Table) Stop() { t.loop.Stop() }

// maxHeldExpression is the longest filter expression that a held pull may have, in bytes: it is kept as long as the
// pull waits.
const maxHeldExpression = 8 << 10

// Why a pull may not wait.
var (
	// ErrTooMany says that maxHeldPulls wait already. The pull is counted as refused.
	ErrTooMany = errors.New("too many pulls wait for messages (maxHeldPulls)")
	// ErrTooLong says that the expression would take too much memory: the pull is answered as it is.
	ErrTooLong = errors.New("the expression is too long to be kept")
)

// Admit tells whether a pull with an expression may wait: nil, ErrTooMany or ErrTooLong.
func (t *Table) Admit(expression string) error {
	if len(expression) > maxHeldExpression {
		return ErrTooLong
	}
	if t.count.Load() >= t.d.Limit() {
		t.refused.Add(1)
		return ErrTooMany
	}
	return nil
}

// Hold lets a pull wait that was admitted. A message may have come since the store was asked, so the queue is looked at
// once more.
func (t *Table) Hold(p *Pull, suspendMillis int64) {
	now := t.now()
	p.deadline = now + max(0, suspendMillis)
	q := t.add(p)
	t.count.Add(1)
	t.wheel.add(p, now)
	if t.d.Store().MaxOffset(p.Topic, p.QueueID) > p.Offset && t.take(q, p) {
		p.Waiter.Wake()
	}
}

func (t *Table) of(topic string, queue int32) *heldQueue {
	key := queueKey{topic, queue}
	if v, ok := t.queues.Load(key); ok {
		return v.(*heldQueue)
	}
	v, had := t.queues.LoadOrStore(key, new(heldQueue))
	if !had {
		t.known.Add(1)
	}
	return v.(*heldQueue)
}

// add lets a pull wait for its queue.
func (t *Table) add(p *Pull) *heldQueue {
	for {
		if q := t.of(p.Topic, p.QueueID); q.add(p) {
			return q
		}
	}
}

// maxKnownQueues is how many queues keep their entry while no pull waits for them: to make one each time costs more.
const maxKnownQueues = 16 << 10

// forget drops the entries of queues for which no pull waits, when there are many: a peer can make some for every queue
// of every topic, also of topics that are deleted later.
func (t *Table) forget() {
	if t.known.Load() <= maxKnownQueues {
		return
	}
	t.queues.Range(func(key, v any) bool {
		q := v.(*heldQueue)
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.any.len() == 0 && len(q.tags) == 0 {
			q.gone = true
			t.queues.Delete(key)
			t.known.Add(-1)
		}
		return true
	})
}

// take removes one pull from its list; false when somebody else has taken it.
func (t *Table) take(q *heldQueue, p *Pull) bool {
	if !q.take(p) {
		return false
	}
	t.left(p)
	return true
}

// left notes that pulls do not wait any more.
func (t *Table) left(taken ...*Pull) {
	t.count.Add(-int64(len(taken)))
	for _, p := range taken {
		t.wheel.remove(p)
	}
}

// Arrived wakes the pulls that wait for a message. It runs in the appender, often an event loop.
func (t *Table) Arrived(topic string, queue int32, offset, tagsCode int64, rec []byte) {
	if t.count.Load() == 0 {
		return
	}
	v, ok := t.queues.Load(queueKey{topic, queue})
	if !ok {
		return
	}
	a := arrival{v.(*heldQueue), offset, tagsCode, rec}
	taken, ok := a.q.takeFew(&a)
	if !ok {
		t.many.add(&a)
		return
	}
	t.left(taken...)
	for _, p := range taken {
		p.Waiter.Wake()
	}
}

func (t *Table) run(stop <-chan struct{}) {
	tick, seldom := time.NewTicker(wheelTick), time.NewTicker(RecheckEvery)
	defer tick.Stop()
	defer seldom.Stop()
	for {
		select {
		case <-stop:
			return
		case <-seldom.C:
			t.forget()
		case <-tick.C:
			now := t.now()
			corkedEach(t.wheel.advance(now), func(p *Pull) { t.look(p, now) })
		case <-t.many.poke:
			t.wakeMany()
		}
	}
}

// wakeMany answers the pulls that want messages which concern many.
func (t *Table) wakeMany() {
	for _, a := range t.many.take() {
		taken := a.q.takeAll(&a)
		t.left(taken...)
		corkedEach(taken, func(p *Pull) { p.Waiter.Wake() })
	}
}

// corkedEach calls do for each pull. Answers to one connection leave together.
func corkedEach(pulls []*Pull, do func(*Pull)) {
	for part := range slices.Chunk(pulls, answerBatch) {
		corked := map[Conn]bool{}
		for _, p := range part {
			if c := p.Waiter.Conn(); !corked[c] {
				corked[c] = true
				c.Cork()
			}
			do(p)
		}
		for c := range corked {
			c.Uncork()
		}
	}
}

// look answers a pull that timed out or whose queue grew, forgets one whose connection ended, and puts the others back.
func (t *Table) look(p *Pull, now int64) {
	closed := p.Waiter.Conn().Closed()
	if !closed && now < p.deadline && t.d.Store().MaxOffset(p.Topic, p.QueueID) <= p.Offset {
		t.wheel.add(p, now)
		return
	}
	if t.take(t.of(p.Topic, p.QueueID), p) && !closed {
		p.Waiter.Wake()
	}
}
