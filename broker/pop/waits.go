package pop

import (
	"container/heap"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/signal"
)

// Waiter is who waits for messages.
type Waiter interface {
	Closed() bool // nobody reads the answer any more
	// Run answers; over: it may not wait any longer. It runs on a goroutine of the service, and may call Wait again.
	Run(over bool)
}

// Wait is one request that waits. Its waiter has it as a part.
type Wait struct {
	Waiter
	Topic, Group string
	QueueID      int32 // -1: of all queues
	Until        int64 // by when it is answered, ms since 1970
	Sub          *clients.Subscription
	Again        int // how often it was looked at again at once, without a message that came

	over  bool  // guarded by the mu of waits, as all below
	place int   // in the heap; -1: it does not wait
	list  *list // where it waits
}

// early is how long before its time a request is answered, ms. Java: PopRequest.isTimeout.
const early = 50

// ErrFull says that as many requests wait as may: popPollingSize of this kind, maxPopPollingSize of all.
var ErrFull = errors.New("pop: too many requests wait (popPollingSize, maxPopPollingSize)")

// list is the requests of one key.
type list struct {
	key   laneKey
	items []*Wait // in the order in which they came
}

// groupKey names the lists of one group of a topic.
type groupKey struct{ topic, group string }

// waits holds requests that wait, and has those run that are woken or over. Any goroutine.
type waits struct {
	limits func() (each, all int)
	last   bool         // who came last is woken first
	count  atomic.Int64 // that wait
	now    func() int64 // ms since 1970

	mu     sync.Mutex
	closed bool                        // guarded by mu, as all below
	lists  map[laneKey]*list           // those with items
	groups map[string]map[groupKey]int // by topic: groups with lists, and how many
	heap   waitHeap                    // by Until
	ready  []*Wait                     // taken out, to be run

	poke  chan struct{} // there is something in ready
	timed chan struct{} // the first of heap has changed
}

func newWaits(limits func() (each, all int), last bool) *waits {
	return &waits{limits: limits, last: last, now: func() int64 { return time.Now().UnixMilli() }, closed: true,
		lists: map[laneKey]*list{}, groups: map[string]map[groupKey]int{}, poke: make(chan struct{}, 1),
		timed: make(chan struct{}, 1)}
}

// open lets requests wait.
func (t *waits) open() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = false
}

// close answers all that wait; further ones may not.
func (t *waits) close() {
	t.mu.Lock()
	t.closed = true
	var all []*Wait
	for len(t.heap) > 0 {
		w := t.heap[0]
		t.remove(w)
		w.over = true
		all = append(all, w)
	}
	all = append(t.ready, all...)
	t.ready = nil
	t.mu.Unlock()
	for _, w := range all {
		w.Run(true)
	}
}

// add lets a request wait; false when its time is over, or nobody may wait. The error is ErrFull.
func (t *waits) add(w *Wait) (waiting bool, err error) {
	each, all := t.limits()
	key := laneKey{w.Topic, w.Group, w.QueueID}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return false, nil
	case t.count.Load() >= int64(all):
		return false, ErrFull
	case w.Until-early <= t.now():
		return false, nil
	}
	l := t.lists[key]
	if l == nil {
		l = &list{key: key}
		t.lists[key] = l
		g := groupKey{w.Topic, w.Group}
		if t.groups[w.Topic] == nil {
			t.groups[w.Topic] = map[groupKey]int{}
		}
		t.groups[w.Topic][g]++
	} else if len(l.items) > each {
		return false, ErrFull
	}
	w.list, w.over = l, false
	l.items = append(l.items, w)
	heap.Push(&t.heap, w)
	t.count.Add(1)
	if w.place == 0 {
		signal.Raise(t.timed)
	}
	return true, nil
}

// remove takes a request out. The caller holds mu.
func (t *waits) remove(w *Wait) {
	l := w.list
	if i := slices.Index(l.items, w); i >= 0 {
		l.items = slices.Delete(l.items, i, i+1)
	}
	if len(l.items) == 0 {
		delete(t.lists, l.key)
		g := groupKey{l.key.topic, l.key.group}
		if t.groups[g.topic][g]--; t.groups[g.topic][g] == 0 {
			if delete(t.groups[g.topic], g); len(t.groups[g.topic]) == 0 {
				delete(t.groups, g.topic)
			}
		}
	}
	heap.Remove(&t.heap, w.place)
	w.list = nil
	t.count.Add(-1)
}

// take has a request run, if it waits. The caller holds mu.
func (t *waits) take(w *Wait) {
	t.remove(w)
	t.ready = append(t.ready, w)
}

// scanned is how many requests of a list are asked whether they want a message.
const scanned = 128

// oneOf wakes a request of a key that wants what wants tells; nil wants everything. Requests whose connection has ended
// are dropped on the way. The caller holds mu.
func (t *waits) oneOf(key laneKey, wants func(*Wait) bool) bool {
	l := t.lists[key]
	for i, asked := 0, 0; l != nil && i < len(l.items) && asked < scanned; asked++ {
		at := i
		if t.last {
			at = len(l.items) - 1 - i
		}
		w := l.items[at]
		switch {
		case w.Closed():
			t.remove(w)
		case wants == nil || wants(w):
			t.take(w)
			return true
		default:
			i++
		}
	}
	return false
}

// one wakes a request of a key.
func (t *waits) one(key laneKey) {
	if t.count.Load() == 0 {
		return
	}
	t.mu.Lock()
	woken := t.oneOf(key, nil)
	t.mu.Unlock()
	if woken {
		signal.Raise(t.poke)
	}
}

// either wakes a request for a queue, and if there is none, one for all queues.
func (t *waits) either(key laneKey) {
	if t.count.Load() == 0 {
		return
	}
	t.mu.Lock()
	woken := t.oneOf(key, nil)
	if !woken {
		key.queue = -1
		woken = t.oneOf(key, nil)
	}
	t.mu.Unlock()
	if woken {
		signal.Raise(t.poke)
	}
}

// arrived wakes for each group of a topic, or for one group, a request for all queues and one for the message's queue
// that want it.
func (t *waits) arrived(topic, group string, queue int32, wants func(*Wait) bool) {
	t.mu.Lock()
	woken := false
	for g := range t.groups[topic] {
		if group != "" && g.group != group {
			continue
		}
		for _, q := range [...]int32{-1, queue} {
			woken = t.oneOf(laneKey{topic, g.group, q}, wants) || woken
		}
	}
	t.mu.Unlock()
	if woken {
		signal.Raise(t.poke)
	}
}

// back has a request run that has just begun to wait, unless somebody else has taken it.
func (t *waits) back(w *Wait) {
	t.mu.Lock()
	if w.list != nil {
		t.take(w)
	}
	t.mu.Unlock()
	signal.Raise(t.poke)
}

// size is how many requests of a key wait.
func (t *waits) size(key laneKey) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.lists[key]; l != nil {
		return len(l.items)
	}
	return 0
}

// watch has those run whose time is over.
func (t *waits) watch(stop <-chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(t.expire())
		select {
		case <-stop:
			return
		case <-timer.C:
		case <-t.timed:
		}
	}
}

// expire takes those out whose time is over, and returns how long the next one may wait.
func (t *waits) expire() time.Duration {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.heap) > 0 {
		w := t.heap[0]
		if left := w.Until - early - now; left > 0 {
			return time.Duration(left) * time.Millisecond
		}
		w.over = true
		t.take(w)
		signal.Raise(t.poke)
	}
	return time.Hour
}

// wake runs those that are ready.
func (t *waits) wake(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-t.poke:
		}
		for w, more := t.nextReady(); w != nil; w, more = t.nextReady() {
			if more {
				signal.Raise(t.poke) // for another goroutine
			}
			if !w.Closed() {
				w.Run(w.over)
			}
		}
	}
}

func (t *waits) nextReady() (w *Wait, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ready) == 0 {
		return nil, false
	}
	w = t.ready[0]
	t.ready[0] = nil
	if t.ready = t.ready[1:]; len(t.ready) == 0 {
		t.ready = nil
	}
	return w, len(t.ready) > 0
}

// waitHeap orders requests by the time at which they are answered at the latest.
type waitHeap []*Wait

func (h waitHeap) Len() int           { return len(h) }
func (h waitHeap) Less(i, j int) bool { return h[i].Until < h[j].Until }
func (h waitHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *waitHeap) Push(x any) {
	w := x.(*Wait)
	w.place = len(*h)
	*h = append(*h, w)
}

// Pop implements heap.Interface.
func (h *waitHeap) Pop() any {
	old := *h
	w := old[len(old)-1]
	old[len(old)-1] = nil
	*h, w.place = old[:len(old)-1], -1
	return w
}
