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
// at all; a pull whose filter does not match goes on waiting. A sweep answers what has timed out, and looks again at pulls
// that have waited for a while: their queue may have grown by messages that did not match, and the client wants the new offset.
const (
	sweepEvery   = 200 * time.Millisecond
	recheckEvery = 5 * time.Second // Java: the 5 s round of the hold service
)

type queueKey struct {
	topic string
	queue int32
}

// heldPull is one pull that waits. Immutable but for recheck.
type heldPull struct {
	reply    remoting.Replier
	head     remoting.PullMessageRequestHeader
	sub      *subscription
	deadline int64 // ms since 1970
	recheck  int64 // ms since 1970; guarded by the queue's mu
}

type heldQueue struct {
	mu      sync.Mutex
	waiting []*heldPull // guarded by mu
}

type holdTable struct {
	b      *Broker
	queues sync.Map // queueKey -> *heldQueue
	count  atomic.Int64
	stop   chan struct{}
	done   chan struct{}
	once   sync.Once
	ran    bool // set by start, before any other goroutine
}

func newHoldTable(b *Broker) *holdTable {
	return &holdTable{b: b, stop: make(chan struct{}), done: make(chan struct{})}
}

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
func (t *holdTable) hold(reply remoting.Replier, h *remoting.PullMessageRequestHeader, sub *subscription, suspendMillis int64) {
	now := time.Now().UnixMilli()
	p := &heldPull{reply: reply, head: *h, sub: sub, deadline: now + max(0, suspendMillis), recheck: now + recheckEvery.Milliseconds()}
	q := t.of(h.Topic, h.QueueID)
	q.mu.Lock()
	q.waiting = append(q.waiting, p)
	q.mu.Unlock()
	t.count.Add(1)
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
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, w := range q.waiting {
		if w == p {
			q.removeAt(i)
			t.count.Add(-1)
			return true
		}
	}
	return false
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
	defer q.mu.Unlock()
	for i := len(q.waiting) - 1; i >= 0; i-- {
		if p := q.waiting[i]; want(p) {
			taken = append(taken, p)
			q.removeAt(i)
		}
	}
	t.count.Add(-int64(len(taken)))
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

// drop forgets the pulls of a closed connection.
func (t *holdTable) drop(c *remoting.Conn) {
	if t.count.Load() == 0 {
		return
	}
	t.queues.Range(func(_, v any) bool {
		t.takeIf(v.(*heldQueue), func(p *heldPull) bool { return p.reply.Conn() == c })
		return true
	})
}

func (t *holdTable) run() {
	defer close(t.done)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-t.stop:
			return
		case now := <-tick.C:
			if t.count.Load() > 0 {
				t.sweep(now.UnixMilli())
			}
		}
	}
}

func (t *holdTable) sweep(now int64) {
	t.queues.Range(func(k, v any) bool {
		key, q := k.(queueKey), v.(*heldQueue)
		for _, p := range t.takeIf(q, func(p *heldPull) bool { return p.due(now, t.b, key) }) {
			t.b.wake(p)
		}
		return true
	})
}

// due tells whether a pull has timed out, or has waited for a while on a queue that grew.
func (p *heldPull) due(now int64, b *Broker, key queueKey) bool {
	if now >= p.deadline {
		return true
	}
	if now < p.recheck {
		return false
	}
	p.recheck = now + recheckEvery.Milliseconds()
	return b.store.MaxOffset(key.topic, key.queue) > p.head.QueueOffset
}

// wake answers a held pull with a fresh read; it is not held again. Data that is not in memory is read on a goroutine of its own:
// the caller may be an event loop.
func (b *Broker) wake(h *heldPull) {
	p := b.pulls.Get().(*pullState)
	p.head = h.head
	b.read(p, h.sub, true)
	if p.res.Cold {
		p.res.Release()
		b.pulls.Put(p)
		b.wg.Add(1)
		go func() {
			defer b.wg.Done()
			b.wakeCold(h)
		}()
		return
	}
	b.answerPull(&h.reply, p, b.pullCode(p))
	p.res.Release()
	b.pulls.Put(p)
}

func (b *Broker) wakeCold(h *heldPull) {
	p := b.pulls.Get().(*pullState)
	p.head = h.head
	b.read(p, h.sub, false)
	b.answerPull(&h.reply, p, b.pullCode(p))
	p.res.Release()
	b.pulls.Put(p)
}
