package pop

import (
	"slices"
	"strings"
	"sync"

	"github.com/puzpuzpuz/xsync/v4"
)

// laneKey names a lane.
type laneKey struct {
	topic, group string
	queue        int32
}

// pointState is what has become of a check point.
type pointState uint8

const (
	pointHeld    pointState = iota // it is in memory only
	pointStoring                   // it is being stored; acknowledgements still set its bits
	pointStored                    // it is in the revive topic
	pointDone                      // everything is acknowledged, or nothing was handed out
)

// point is a check point whose place in the queue the group's committed offset has not passed.
type point struct {
	start, next int64   // queue offsets at which the read began, and at which the next one does
	popTime     int64   // ms since 1970
	invisible   int64   // ms
	end         int64   // commit log offset up to which the log has to be on disk before it counts as settled
	diffs       []int32 // as in CheckPoint; nil for 0, 1, 2 ...
	bits        uint32
	num         uint8
	state       pointState
	revive      uint16 // revive queue
}

// offsetOf is the queue offset of message i.
func (p *point) offsetOf(i int) int64 {
	return offsetIn(p.start, p.diffs, i)
}

// indexOf is the number of the message at a queue offset, -1 when it is none of these.
func (p *point) indexOf(offset int64) int {
	return indexIn(p.start, p.diffs, int(p.num), offset)
}

// offsets are the queue offsets of the messages whose bits are set, nil for none.
func (p *point) offsets(bits uint32) (list []int64) {
	for i := range int(p.num) {
		if bits&(1<<i) != 0 {
			list = append(list, p.offsetOf(i))
		}
	}
	return list
}

// full is what bits are when everything is acknowledged.
func (p *point) full() uint32 { return uint32(1<<p.num - 1) }

// dueAt is when a point that is held has to be stored, ms since 1970: after stay, and before it becomes visible again.
func (p *point) dueAt(stay, before int64) int64 { return p.popTime + min(stay, p.invisible-before) }

// lane is one queue of a topic for one group.
type lane struct {
	laneKey

	mu      sync.Mutex
	reading bool    // guarded by mu, as all below: somebody pops it, and he alone may add points
	again   bool    // somebody passed it by meanwhile
	gone    bool    // no longer in the table
	points  []point // from head on: in the order of their pops, and of their offsets
	head    int
	due     int64 // when the first of those that are held has to be stored at the latest, ms; 0: none is held
	used    int64 // when it was popped last, ms since 1970
	drops   int   // how often drop was called: a read that began before adds no point

	noted  uint64 // the journal's file that has all points; 0: none
	number uint32 // of the lane there
}

// size is how many points there are. The caller holds mu, as for all methods.
func (l *lane) size() int { return len(l.points) - l.head }

// position is where the next pop begins, if the group has committed an offset.
func (l *lane) position(committed int64) int64 {
	if l.size() == 0 {
		return committed
	}
	return max(committed, l.points[len(l.points)-1].next)
}

// push adds a point behind the others.
func (l *lane) push(p point) {
	if l.head > 32 && l.head > len(l.points)/2 {
		l.points = slices.Delete(l.points, 0, l.head)
		l.head = 0
	}
	l.points = append(l.points, p)
}

// pass notes that a read found nothing to hand out up to next. It tells whether there is a point more.
func (l *lane) pass(start, next int64) (added bool) {
	if n := len(l.points); l.size() > 0 && l.points[n-1].state == pointDone {
		l.points[n-1].next = max(next, l.points[n-1].next)
		return false
	}
	l.push(point{start: start, next: next, state: pointDone})
	return true
}

// find returns the point of a pop, nil when there is none. It may be used while mu is held and nothing is added.
func (l *lane) find(start, popTime int64) *point {
	list := l.points[l.head:]
	i, found := slices.BinarySearchFunc(list, start, func(p point, start int64) int {
		switch {
		case p.start < start:
			return -1
		case p.start > start:
			return 1
		}
		return 0
	})
	for ; found && i < len(list) && list[i].start == start; i++ {
		if p := &list[i]; p.popTime == popTime && p.num > 0 {
			return p
		}
	}
	return nil
}

// settle drops the points at the front that are settled, and returns the offset to commit, and how many they were.
// durable is the commit log offset up to which everything is on disk.
func (l *lane) settle(durable int64) (commit int64, n int) {
	for l.head < len(l.points) {
		p := &l.points[l.head]
		if p.state < pointStored || p.end > durable {
			break
		}
		commit = p.next
		*p = point{}
		l.head++
		n++
	}
	if n > 0 && l.head == len(l.points) {
		l.points, l.head = l.points[:0], 0
	}
	return commit, n
}

// drop forgets all points and returns how many they were.
func (l *lane) drop() (n int) {
	n = l.size()
	clear(l.points)
	l.points, l.head, l.due = l.points[:0], 0, 0
	l.drops++
	return n
}

// lanes are the lanes of all groups. Any goroutine.
type lanes struct {
	table *xsync.Map[laneKey, *lane]

	mu     sync.Mutex
	active map[*lane]struct{} // guarded by mu; those that have points
}

func newLanes() *lanes {
	return &lanes{table: xsync.NewMap[laneKey, *lane](), active: map[*lane]struct{}{}}
}

// get returns a lane, nil when there is none.
func (t *lanes) get(topic, group string, queue int32) *lane {
	l, _ := t.table.Load(laneKey{topic, group, queue})
	return l
}

// lock returns a lane with its mu held, and makes it when there is none.
func (t *lanes) lock(topic, group string, queue int32) *lane {
	for {
		l := t.get(topic, group, queue)
		if l == nil {
			key := laneKey{strings.Clone(topic), strings.Clone(group), queue}
			l, _ = t.table.LoadOrStore(key, &lane{laneKey: key})
		}
		l.mu.Lock()
		if !l.gone {
			return l
		}
		l.mu.Unlock()
	}
}

// activate notes that a lane has points.
func (t *lanes) activate(l *lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active[l] = struct{}{}
}

// actives lists the lanes that have points, or had some a moment ago.
func (t *lanes) actives(buf []*lane) []*lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	for l := range t.active {
		buf = append(buf, l)
	}
	return buf
}

// rest notes that a lane has no points. The caller holds its mu.
func (t *lanes) rest(l *lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.active, l)
}

// laneIdle is how long a lane without points is kept, ms.
const laneIdle = 60_000

// forget takes lanes out of the table: those that match, and those that nobody has popped for long. It returns how
// many points went with them.
func (t *lanes) forget(now int64, match func(laneKey) bool) (points int) {
	t.table.Range(func(k laneKey, l *lane) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		matches := match != nil && match(k)
		if !matches && (l.size() > 0 || l.reading || now-l.used < laneIdle) {
			return true
		}
		points += l.drop()
		l.noted = 0
		if !l.reading { // else its points are gone, and it is found anew
			l.gone = true
			t.table.Delete(k)
		}
		t.rest(l)
		return true
	})
	return points
}
