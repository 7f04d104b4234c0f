package hold

import (
	"slices"
	"sync"

	"gorocket/broker/signal"
)

// heldQueue is the pulls that wait for one queue: those for certain tags by the tags' hash codes, so that a message
// costs those nothing who want other tags; the others in one list.
type heldQueue struct {
	mu   sync.Mutex
	any  heldList            // guarded by mu; asked about each message
	tags map[int32]*heldList // guarded by mu; by hash code of a tag
	gone bool                // guarded by mu; no longer in the table
}

// maxHeldTags is for how many tags a pull stands in a list of each; with more it is asked about each message.
const maxHeldTags = 32

type heldList struct {
	items []heldItem
	code  int32 // of tags
}

// heldItem says that p.places[n] is here.
type heldItem struct {
	p *Pull
	n int
}

type heldPlace struct {
	list *heldList
	at   int // index of items
}

func (l *heldList) len() int {
	if l == nil {
		return 0
	}
	return len(l.items)
}

// add lets a pull wait; false when the table has another object for the queue by now.
func (q *heldQueue) add(p *Pull) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gone {
		return false
	}
	p.waits, p.places = true, p.one[:0]
	codes := p.Sub.CodeSet // sorted
	if p.Sub.All || len(codes) > maxHeldTags {
		q.any.put(p)
		return true
	}
	for i, code := range codes {
		if i > 0 && code == codes[i-1] {
			continue
		}
		l := q.tags[code]
		if l == nil {
			if q.tags == nil {
				q.tags = map[int32]*heldList{}
			}
			l = &heldList{code: code}
			q.tags[code] = l
		}
		l.put(p)
	}
	return true
}

func (l *heldList) put(p *Pull) {
	l.items = append(l.items, heldItem{p, len(p.places)})
	p.places = append(p.places, heldPlace{l, len(l.items) - 1})
}

// take removes a pull; false when somebody else has.
func (q *heldQueue) take(p *Pull) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.remove(p)
}

// remove takes a pull out of all lists, without keeping their order. The caller holds mu.
func (q *heldQueue) remove(p *Pull) bool {
	if !p.waits {
		return false
	}
	for _, place := range p.places {
		l, last := place.list, len(place.list.items)-1
		moved := l.items[last]
		l.items[place.at] = moved
		moved.p.places[moved.n].at = place.at
		l.items[last] = heldItem{}
		l.items = l.items[:last]
		if last == 0 {
			l.items = nil
			if l != &q.any {
				delete(q.tags, l.code)
			}
		}
	}
	p.waits, p.places = false, nil
	return true
}

// arrival is a message that has come to a queue.
type arrival struct {
	q                *heldQueue
	offset, tagsCode int64
	rec              []byte
}

// scanned is how many pulls are asked about a message at a stretch, with the queue locked.
const scanned = 128

// takeFew removes and returns those who want the message; false when so many have to be asked that it is no work for
// an event loop.
func (q *heldQueue) takeFew(a *arrival) (taken []*Pull, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	tagged := q.tags[int32(a.tagsCode)]
	if q.any.len()+tagged.len() > scanned {
		return nil, false
	}
	taken, _ = q.takeFrom(&q.any, q.any.len(), a, nil)
	taken, _ = q.takeFrom(tagged, tagged.len(), a, taken)
	return taken, true
}

// takeAll is takeFew for any number. It gives the lock back now and then: who comes meanwhile has seen the message
// itself.
func (q *heldQueue) takeAll(a *arrival) (taken []*Pull) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, tagged := range [...]bool{false, true} {
		list := func() *heldList {
			if tagged {
				return q.tags[int32(a.tagsCode)]
			}
			return &q.any
		}
		for i := list().len(); i > 0; {
			taken, i = q.takeFrom(list(), i, a, taken)
			q.mu.Unlock()
			q.mu.Lock()
		}
	}
	return taken
}

// takeFrom asks some of the first n of a list, from the end on, and returns how many are left to ask. What a removal
// moves to the front was asked.
func (q *heldQueue) takeFrom(l *heldList, n int, a *arrival, taken []*Pull) ([]*Pull, int) {
	for asked := 0; n > 0 && asked < scanned; asked++ {
		if n = min(n, l.len()); n == 0 {
			break
		}
		n--
		if p := l.items[n].p; a.offset >= p.Offset && p.Sub.MatchTagsCode(a.tagsCode) &&
			p.Sub.MatchRecord(a.rec) {
			q.remove(p)
			taken = append(taken, p)
		}
	}
	return taken, n
}

// arrivals are messages that concern many pulls; the goroutine of the holds asks these.
type arrivals struct {
	mu    sync.Mutex
	list  []arrival // guarded by mu
	bytes int       // guarded by mu; of their records
	poke  chan struct{}
}

// Limits of arrivals. What is beyond is noticed when the pulls are looked at, every recheckEvery.
const (
	maxArrivals     = 4096
	maxArrivalBytes = 16 << 20
)

// add notes a message; its record is copied.
func (l *arrivals) add(a *arrival) {
	l.mu.Lock()
	if len(l.list) < maxArrivals && l.bytes+len(a.rec) <= maxArrivalBytes {
		l.list = append(l.list, arrival{a.q, a.offset, a.tagsCode, slices.Clone(a.rec)})
		l.bytes += len(a.rec)
	}
	l.mu.Unlock()
	signal.Raise(l.poke)
}

func (l *arrivals) take() []arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.list
	l.list, l.bytes = nil, 0
	return list
}
