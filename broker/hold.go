package broker

import (
	"sync"
	"sync/atomic"
	"time"

	"gorocket/remoting"
)

// Holding pulls that find nothing (long polling). Java: PullRequestHoldService.
//
// A held pull waits in the list of its queue. The appender of a message looks at that list only, and only when anything is held
// at all; a pull whose filter does not match goes on waiting. It also stands in a wheel of slots by the time at which it has to be looked at: when it times out, or
// after recheckEvery, because its queue may have grown by messages that did not match and the client wants the new offset. Idle pulls cost nothing in between.
const (
	recheckEvery = 5 * time.Second // Java: the 5 s round of the hold service
	wheelTick    = 200 * time.Millisecond
	wheelSlots   = 64  // times wheelTick: farther than recheckEvery
	answerBatch  = 256 // timed-out pulls answered before connections are flushed
)

type queueKey struct {
	topic string
	queue int32
}

// heldPull is one pull that waits. Immutable but for its place in the wheel.
type heldPull struct {
	reply    remoting.Replier
	head     remoting.PullMessageRequestHeader
	static   *staticPull // nil for an ordinary topic
	sub      *subscription
	deadline int64 // ms, by holdTable.now

	prev, next *heldPull // guarded by the wheel's mu, as all below
	slot       *heldPull // head of the list it stands in, nil when in none
	done       bool      // answered or given up
}

type heldQueue struct {
	mu      sync.Mutex
	waiting []*heldPull // guarded by mu
}

type holdTable struct {
	b      *Broker
	queues sync.Map // queueKey -> *heldQueue
	wheel  holdWheel
	base   time.Time // immutable
	count  atomic.Int64
	stop   chan struct{}
	done   chan struct{}
	once   sync.Once
	ran    bool // set by start, before any other goroutine
}

func newHoldTable(b *Broker) *holdTable {
	return &holdTable{b: b, base: time.Now(), stop: make(chan struct{}), done: make(chan struct{})}
}

// now is in ms; it does not jump when somebody sets the clock.
func (t *holdTable) now() int64 { return time.Since(t.base).Milliseconds() }

func (t *holdTable) start() {
	t.ran = true
	go t.run()
}

// close ends the sweep; held pulls end with their connections.
func (t *holdTable) close() {
	t.once.Do(func() {
		close(t.stop)
		if t.ran {
			<-t.done
		}
	})
}

// hold lets a pull wait. A message may have come since the store was asked, so the queue is looked at once more.
func (t *holdTable) hold(reply remoting.Replier, of *pullState, sub *subscription, suspendMillis int64) {
	now, h := t.now(), &of.head
	p := &heldPull{reply: reply, head: *h, static: of.static, sub: sub, deadline: now + max(0, suspendMillis)}
	q := t.of(h.Topic, h.QueueID)
	q.mu.Lock()
	q.waiting = append(q.waiting, p)
	q.mu.Unlock()
	t.count.Add(1)
	t.wheel.add(p, now)
	if t.b.store.MaxOffset(h.Topic, h.QueueID) > h.QueueOffset && t.take(q, p) {
		t.b.wake(p)
	}
}

func (t *holdTable) of(topic string, queue int32) *heldQueue {
	key := queueKey{topic, queue}
	if v, ok := t.queues.Load(key); ok {
		return v.(*heldQueue)
	}
	v, _ := t.queues.LoadOrStore(key, new(heldQueue))
	return v.(*heldQueue)
}

// take removes one pull from its list; false when somebody else has taken it.
func (t *holdTable) take(q *heldQueue, p *heldPull) bool {
	return len(t.takeIf(q, func(w *heldPull) bool { return w == p })) > 0
}

// removeAt drops one entry without keeping the order. The caller holds mu.
func (q *heldQueue) removeAt(i int) {
	last := len(q.waiting) - 1
	q.waiting[i] = q.waiting[last]
	q.waiting[last] = nil
	q.waiting = q.waiting[:last]
	if last == 0 {
		q.waiting = nil
	}
}

// takeIf removes and returns the pulls that want to be answered.
func (t *holdTable) takeIf(q *heldQueue, want func(*heldPull) bool) (taken []*heldPull) {
	q.mu.Lock()
	for i := len(q.waiting) - 1; i >= 0; i-- {
		if p := q.waiting[i]; want(p) {
			taken = append(taken, p)
			q.removeAt(i)
		}
	}
	q.mu.Unlock()
	t.count.Add(-int64(len(taken)))
	for _, p := range taken {
		t.wheel.remove(p)
	}
	return taken
}

// arrived wakes the pulls that wait for a message. It runs in the appender, often an event loop.
func (t *holdTable) arrived(topic string, queue int32, offset, tagsCode int64, rec []byte) {
	if t.count.Load() == 0 {
		return
	}
	v, ok := t.queues.Load(queueKey{topic, queue})
	if !ok {
		return
	}
	match := func(p *heldPull) bool {
		return offset >= p.head.QueueOffset && p.sub.MatchTagsCode(tagsCode) && p.sub.MatchRecord(rec)
	}
	for _, p := range t.takeIf(v.(*heldQueue), match) {
		t.b.wake(p)
	}
}

func (t *holdTable) run() {
	defer close(t.done)
	tick := time.NewTicker(wheelTick)
	defer tick.Stop()
	for {
		select {
		case <-t.stop:
			return
		case <-tick.C:
			t.sweep(t.now())
		}
	}
}

// sweep looks at the pulls whose time has come. Answers to one connection leave together.
func (t *holdTable) sweep(now int64) {
	due := t.wheel.advance(now)
	for len(due) > 0 {
		n := min(len(due), answerBatch)
		corked := map[*remoting.Conn]bool{}
		for _, p := range due[:n] {
			if c := p.reply.Conn(); !corked[c] {
				corked[c] = true
				c.Cork()
			}
			t.look(p, now)
		}
		for c := range corked {
			c.Uncork()
		}
		due = due[n:]
	}
}

// look answers a pull that timed out or whose queue grew, forgets one whose connection ended, and puts the others back.
func (t *holdTable) look(p *heldPull, now int64) {
	closed := p.reply.Conn().Closed()
	if !closed && now < p.deadline && t.b.store.MaxOffset(p.head.Topic, p.head.QueueID) <= p.head.QueueOffset {
		t.wheel.add(p, now)
		return
	}
	if t.take(t.of(p.head.Topic, p.head.QueueID), p) && !closed {
		t.b.wake(p)
	}
}

// wake answers a held pull with a fresh read; it is not held again. Data that is not in memory is read on a goroutine of its own:
// the caller may be an event loop.
func (b *Broker) wake(h *heldPull) {
	if h.reply.Conn().Closed() {
		return // nobody reads the answer, and the group's pull position must not move
	}
	if h.static != nil {
		b.wakeAside(h, b.wakeStatic)
		return
	}
	p := b.pulls.Get().(*pullState)
	p.head, p.static = h.head, nil
	b.read(p, h.sub, true)
	if p.res.Cold {
		p.res.Release()
		b.pulls.Put(p)
		b.wakeAside(h, b.wakeCold)
		return
	}
	b.answerPull(&h.reply, p, b.pullCode(p))
	p.res.Release()
	b.pulls.Put(p)
}

// wakeAside answers on a goroutine of its own.
func (b *Broker) wakeAside(h *heldPull, answer func(*heldPull)) {
	b.wg.Add(1)
	go func() {
		defer b.wg.Done()
		answer(h)
	}()
}

func (b *Broker) wakeCold(h *heldPull) {
	p := b.pulls.Get().(*pullState)
	p.head, p.static = h.head, nil
	b.read(p, h.sub, false)
	b.answerPull(&h.reply, p, b.pullCode(p))
	p.res.Release()
	b.pulls.Put(p)
}
