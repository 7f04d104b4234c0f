// Package liveness knows which brokers a controller has heard of lately, and what they reported. Every controller keeps
// its own: brokers send their heartbeats to all of them. Java: DefaultBrokerHeartbeatManager.
package liveness

import (
	"sync"
	"time"

	"gorocket/namesrv/controller/replicas"
)

// Key names a broker.
type Key struct {
	Cluster, Broker string
	ID              int64
}

// Beat is what a heartbeat says.
type Beat struct {
	Key
	Address   string
	Epoch     int32
	MaxOffset int64         // of the commit log, bytes
	Priority  int32         // brokerElectionPriority
	Timeout   time.Duration // without a heartbeat for so long it is not alive
	Conn      any           // the connection, compared by ==
	Known     bool          // it is registered: strangers do not take its place
}

// Limits of the table; heartbeats beyond them are not noted.
const (
	MaxBrokers = replicas.MaxSets * 4 // brokers that are watched, but for those that controllers know, see Beat.Known
	MaxKnown   = 2 * MaxBrokers       // all brokers that are watched
	MaxPerConn = 1024                 // brokers that send their heartbeats on one connection
)

// MaxTimeout bounds what a broker may ask for; 0 and less mean DefaultTimeout.
const (
	DefaultTimeout = 10 * time.Second
	MaxTimeout     = 10 * time.Minute
)

// Table has the brokers' last heartbeats. Any goroutine. now is read from one monotonic clock.
type Table struct {
	mu     sync.Mutex
	live   map[Key]*entry              // guarded by mu
	byConn map[any]map[Key]*entry      // guarded by mu; what a connection's end takes along
	sets   map[string]map[int64]*entry // guarded by mu; by broker name and id
	gone   map[Key]bool                // guarded by mu; were alive and are not any more; MaxBrokers at most
}

type entry struct {
	Beat
	last time.Time
}

// NewTable makes an empty one.
func NewTable() *Table {
	return &Table{live: map[Key]*entry{}, byConn: map[any]map[Key]*entry{}, sets: map[string]map[int64]*entry{},
		gone: map[Key]bool{}}
}

// Note takes a heartbeat. known is false for a broker that was not alive before, taken is when there is no room for it.
func (t *Table) Note(b Beat, now time.Time) (known, taken bool) {
	if b.Timeout <= 0 {
		b.Timeout = DefaultTimeout
	}
	b.Timeout = min(b.Timeout, MaxTimeout)
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.live[b.Key]
	if e == nil {
		if !t.room(&b) {
			return false, false
		}
		delete(t.gone, b.Key)
		e = &entry{Beat: b, last: now}
		t.live[b.Key] = e
		put(t.byConn, b.Conn, b.Key, e)
		put(t.sets, b.Broker, b.ID, e)
		return false, true
	}
	if e.Conn != b.Conn {
		t.unbind(e)
		e.Conn = b.Conn
		put(t.byConn, b.Conn, b.Key, e)
	}
	e.last, e.Timeout, e.Priority, e.Address = now, b.Timeout, b.Priority, b.Address
	if b.Epoch > e.Epoch || b.Epoch == e.Epoch && b.MaxOffset > e.MaxOffset {
		e.Epoch, e.MaxOffset = b.Epoch, b.MaxOffset
	}
	return true, true
}

// room tells whether one more broker can be watched. Caller holds mu.
func (t *Table) room(b *Beat) bool {
	most := MaxBrokers
	if b.Known {
		most = MaxKnown
	}
	return len(t.live) < most && len(t.byConn[b.Conn]) < MaxPerConn
}

func put[K, L comparable](m map[K]map[L]*entry, k K, l L, e *entry) {
	if m[k] == nil {
		m[k] = map[L]*entry{}
	}
	m[k][l] = e
}

// unbind takes an entry from its connection. Caller holds mu.
func (t *Table) unbind(e *entry) {
	delete(t.byConn[e.Conn], e.Key)
	if len(t.byConn[e.Conn]) == 0 {
		delete(t.byConn, e.Conn)
	}
}

// remove forgets a broker. Caller holds mu.
func (t *Table) remove(e *entry) {
	t.unbind(e)
	delete(t.live, e.Key)
	if len(t.gone) >= MaxBrokers { // those whose end nobody needs to know any more
		clear(t.gone)
	}
	t.gone[e.Key] = true
	if t.sets[e.Broker][e.ID] == e {
		delete(t.sets[e.Broker], e.ID)
	}
	if len(t.sets[e.Broker]) == 0 {
		delete(t.sets, e.Broker)
	}
}

// Address is where a broker said that it is, "" when it is not alive.
func (t *Table) Address(k Key, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.live[k]; e != nil && now.Sub(e.last) <= e.Timeout {
		return e.Address
	}
	return ""
}

// ConnClosed forgets the brokers whose heartbeats came in on a connection, and returns them.
func (t *Table) ConnClosed(conn any) (gone []Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, e := range t.byConn[conn] {
		t.remove(e)
		gone = append(gone, k)
	}
	return gone
}

// Expire forgets the brokers that have been silent for too long, and returns them.
func (t *Table) Expire(now time.Time) (gone []Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, e := range t.live {
		if now.Sub(e.last) > e.Timeout {
			t.remove(e)
			gone = append(gone, k)
		}
	}
	return gone
}

// Gone tells that a broker was alive in the eyes of this table, and is not any more.
func (t *Table) Gone(k Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gone[k]
}

// Members are the living brokers of a set, of those that are registered: anybody can send heartbeats of others.
func (t *Table) Members(set *replicas.Set, now time.Time) (list []replicas.Live) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.sets[set.Broker]
	for id := range set.Replicas {
		if e := of[id]; e != nil && e.Cluster == set.Cluster && now.Sub(e.last) <= e.Timeout {
			list = append(list, replicas.Live{ID: id, Epoch: e.Epoch, MaxOffset: e.MaxOffset, Priority: e.Priority})
		}
	}
	return list
}

// Count is how many brokers are alive, for each broker set.
func (t *Table) Count(now time.Time) map[[2]string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := map[[2]string]int{}
	for k, e := range t.live {
		if now.Sub(e.last) <= e.Timeout {
			n[[2]string{k.Cluster, k.Broker}]++
		}
	}
	return n
}
