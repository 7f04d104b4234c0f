package broker

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/static"
	"gorocket/remoting"
	"gorocket/remoting/wire"
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
	head     wire.PullMessageRequestHeader
	static   *static.Pull // nil for an ordinary topic
	sub      *clients.Subscription
	deadline int64 // ms, by holdTable.now

	waits  bool         // guarded by the queue's mu: it stands in the queue's lists
	places []heldPlace  // guarded by the queue's mu
	one    [1]heldPlace // memory of places, for most

	prev, next *heldPull // guarded by the wheel's mu, as all below
	slot       *heldPull // head of the list it stands in, nil when in none
	done       bool      // answered or given up
}

type holdTable struct {
	b       *Broker
	queues  sync.Map     // queueKey -> *heldQueue
	known   atomic.Int64 // entries of queues
	wheel   holdWheel
	base    time.Time // immutable
	count   atomic.Int64
	refused atomic.Int64 // pulls beyond maxHeldPulls
	many    arrivals
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once
	ran     bool // set by start, before any other goroutine
}

func newHoldTable(b *Broker) *holdTable {
	return &holdTable{b: b, base: time.Now(), many: arrivals{poke: make(chan struct{}, 1)}, stop: make(chan struct{}),
		done: make(chan struct{})}
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

// maxHeldExpression is the longest filter expression that a held pull may have, in bytes: it is kept as long as the
// pull waits.
const maxHeldExpression = 8 << 10

// hold lets a pull wait, or refuses it when too many wait; false when it has to be answered as it is. A message may
// have come since the store was asked, so the queue is looked at once more.
func (t *holdTable) hold(reply remoting.Replier, of *pullState, sub *clients.Subscription, suspendMillis int64) bool {
	if len(of.head.Subscription) > maxHeldExpression {
		return false
	}
	if t.count.Load() >= int64(t.b.cfg().MaxHeldPulls) {
		t.refused.Add(1)
		reply.Status(wire.SystemBusy, "[OVERLOAD]too many pulls wait for messages (maxHeldPulls)")
		return true
	}
	now, h := t.now(), &of.head
	p := &heldPull{reply: reply, head: *h, static: of.static, sub: sub, deadline: now + max(0, suspendMillis)}
	q := t.add(p)
	t.count.Add(1)
	t.wheel.add(p, now)
	if t.b.store.MaxOffset(h.Topic, h.QueueID) > h.QueueOffset && t.take(q, p) {
		t.b.wake(p)
	}
	return true
}

func (t *holdTable) of(topic string, queue int32) *heldQueue {
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
func (t *holdTable) add(p *heldPull) *heldQueue {
	for {
		if q := t.of(p.head.Topic, p.head.QueueID); q.add(p) {
			return q
		}
	}
}

// maxKnownQueues is how many queues keep their entry while no pull waits for them: to make one each time costs more.
const maxKnownQueues = 16 << 10

// forget drops the entries of queues for which no pull waits, when there are many: a peer can make some for every queue
// of every topic, also of topics that are deleted later.
func (t *holdTable) forget() {
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
func (t *holdTable) take(q *heldQueue, p *heldPull) bool {
	if !q.take(p) {
		return false
	}
	t.left(p)
	return true
}

// left notes that pulls do not wait any more.
func (t *holdTable) left(taken ...*heldPull) {
	t.count.Add(-int64(len(taken)))
	for _, p := range taken {
		t.wheel.remove(p)
	}
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
	a := arrival{v.(*heldQueue), offset, tagsCode, rec}
	taken, ok := a.q.takeFew(&a)
	if !ok {
		t.many.add(&a)
		return
	}
	t.left(taken...)
	for _, p := range taken {
		t.b.wake(p)
	}
}

func (t *holdTable) run() {
	defer close(t.done)
	tick, seldom := time.NewTicker(wheelTick), time.NewTicker(recheckEvery)
	defer tick.Stop()
	defer seldom.Stop()
	for {
		select {
		case <-t.stop:
			return
		case <-seldom.C:
			t.forget()
		case <-tick.C:
			now := t.now()
			corkedEach(t.wheel.advance(now), func(p *heldPull) { t.look(p, now) })
		case <-t.many.poke:
			t.wakeMany()
		}
	}
}

// wakeMany answers the pulls that want messages which concern many.
func (t *holdTable) wakeMany() {
	for _, a := range t.many.take() {
		taken := a.q.takeAll(&a)
		t.left(taken...)
		corkedEach(taken, t.b.wake)
	}
}

// corkedEach calls do for each pull. Answers to one connection leave together.
func corkedEach(pulls []*heldPull, do func(*heldPull)) {
	for part := range slices.Chunk(pulls, answerBatch) {
		corked := map[*remoting.Conn]bool{}
		for _, p := range part {
			if c := p.reply.Conn(); !corked[c] {
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

// maxAside is how many held pulls are answered on goroutines of their own at a time.
const maxAside = 256

// wakeAside answers on a goroutine of its own. When there are too many of those the client is told to pull again:
// then a worker reads.
func (b *Broker) wakeAside(h *heldPull, answer func(*heldPull)) {
	select {
	case b.asides <- struct{}{}:
	default:
		if h.static != nil { // its offsets are those of another queue
			h.reply.Status(wire.SystemBusy, "[OVERLOAD]system busy, too many pulls are answered aside")
			return
		}
		resp := wire.PullMessageResponseHeader{NextBeginOffset: h.head.QueueOffset,
			MinOffset: b.store.MinOffset(h.head.Topic, h.head.QueueID),
			MaxOffset: b.store.MaxOffset(h.head.Topic, h.head.QueueID), OffsetDelta: wire.NoOffsetDelta}
		remoting.Respond(&h.reply, wire.PullRetryImmediately, "", wire.PullMessageResponse, &resp,
			remoting.Body{})
		return
	}
	b.wg.Add(1)
	go func() {
		defer b.wg.Done()
		defer func() { <-b.asides }()
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
