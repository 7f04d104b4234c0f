package broker

import (
	"math"
	"sync"
	"time"

	"gorocket/remoting/protocol"
)

// lockLiveTime is how long an order lock lives without renewal. Java: rocketmq.broker.rebalance.lockMaxLiveTime.
const lockLiveTime = 60 * time.Second

// orderLock is the right of one client to consume a queue in order. Java: RebalanceLockManager.LockEntry.
type orderLock struct {
	clientID string
	renewed  time.Time
}

// lockTable holds order locks by group and queue. Java: RebalanceLockManager.
type lockTable struct {
	now   func() time.Time
	limit func() int // maxOrderLockNum

	mu     sync.Mutex
	size   int                                            // guarded by mu; locks of all groups
	groups map[string]map[protocol.MessageQueue]orderLock // guarded by mu
}

func newLockTable() *lockTable {
	return &lockTable{now: time.Now, limit: func() int { return math.MaxInt },
		groups: map[string]map[protocol.MessageQueue]orderLock{}}
}

// lock takes, renews or (when expired) takes over queues and returns those that the client now holds. full tells that
// there was no room for some; the client asks again 20 s later.
func (t *lockTable) lock(group, clientID string, queues []protocol.MessageQueue) (held []protocol.MessageQueue, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, limit := t.now(), t.limit()
	g := t.groups[group]
	held = []protocol.MessageQueue{}
	for _, q := range queues {
		l, taken := g[q]
		if taken && l.clientID != clientID && now.Sub(l.renewed) <= lockLiveTime {
			continue
		}
		if !taken {
			if t.size >= limit {
				full = true
				continue
			}
			t.size++
		}
		if g == nil {
			g = map[protocol.MessageQueue]orderLock{}
			t.groups[group] = g
		}
		g[q] = orderLock{clientID, now}
		held = append(held, q)
	}
	return held, full
}

// expire forgets the locks that nobody renewed for lockLiveTime.
func (t *lockTable) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for group, g := range t.groups {
		for q, l := range g {
			if now.Sub(l.renewed) > lockLiveTime {
				delete(g, q)
				t.size--
			}
		}
		if len(g) == 0 {
			delete(t.groups, group)
		}
	}
}

func (t *lockTable) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.size
}

// unlock gives up the queues that the client holds.
func (t *lockTable) unlock(group, clientID string, queues []protocol.MessageQueue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.groups[group]
	for _, q := range queues {
		if l, taken := g[q]; taken && l.clientID == clientID {
			delete(g, q)
			t.size--
		}
	}
	if len(g) == 0 {
		delete(t.groups, group)
	}
}

// anyLive tells whether the group holds a lock that has not expired.
func (t *lockTable) anyLive(group string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, l := range t.groups[group] {
		if now.Sub(l.renewed) <= lockLiveTime {
			return true
		}
	}
	return false
}
