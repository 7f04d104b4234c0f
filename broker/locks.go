package broker

import (
	"sync"
	"time"

	"gorocket/compat/body"
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
	now func() time.Time

	mu     sync.Mutex
	groups map[string]map[body.MessageQueue]orderLock // guarded by mu
}

func newLockTable() *lockTable {
	return &lockTable{now: time.Now, groups: map[string]map[body.MessageQueue]orderLock{}}
}

// lock takes, renews or (when expired) takes over queues and returns those that the client now holds.
func (t *lockTable) lock(group, clientID string, queues []body.MessageQueue) []body.MessageQueue {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.groups[group]
	if g == nil {
		g = map[body.MessageQueue]orderLock{}
		t.groups[group] = g
	}
	now := t.now()
	held := []body.MessageQueue{}
	for _, q := range queues {
		l, taken := g[q]
		if taken && l.clientID != clientID && now.Sub(l.renewed) <= lockLiveTime {
			continue
		}
		g[q] = orderLock{clientID, now}
		held = append(held, q)
	}
	return held
}

// unlock gives up the queues that the client holds.
func (t *lockTable) unlock(group, clientID string, queues []body.MessageQueue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.groups[group]
	for _, q := range queues {
		if g[q].clientID == clientID {
			delete(g, q)
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
