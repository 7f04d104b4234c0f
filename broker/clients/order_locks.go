package clients

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

// OrderLocks holds order locks by group and queue. Java: RebalanceLockManager.
type OrderLocks struct {
	Now   func() time.Time
	Limit func() int // maxOrderLockNum

	mu     sync.Mutex
	size   int                                            // guarded by mu; locks of all groups
	groups map[string]map[protocol.MessageQueue]orderLock // guarded by mu
}

// NewOrderLocks makes an empty table by the machine's clock, without a limit.
func NewOrderLocks() *OrderLocks {
	return &OrderLocks{Now: time.Now, Limit: func() int { return math.MaxInt },
		groups: map[string]map[protocol.MessageQueue]orderLock{}}
}

// Lock takes, renews or (when expired) takes over queues and returns those that the client now holds. full tells that
// there was no room for some; the client asks again 20 s later.
func (t *OrderLocks) Lock(group, clientID string, queues []protocol.MessageQueue) (held []protocol.MessageQueue,
	full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, limit := t.Now(), t.Limit()
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

// Expire forgets the locks that nobody renewed for lockLiveTime.
func (t *OrderLocks) Expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Now()
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

// Count is the number of locks, expired ones that nobody took away too.
func (t *OrderLocks) Count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.size
}

// Unlock gives up the queues that the client holds.
func (t *OrderLocks) Unlock(group, clientID string, queues []protocol.MessageQueue) {
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

// AnyLive tells whether the group holds a lock that has not expired.
func (t *OrderLocks) AnyLive(group string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Now()
	for _, l := range t.groups[group] {
		if now.Sub(l.renewed) <= lockLiveTime {
			return true
		}
	}
	return false
}
