package broker

import (
	"math/rand/v2"
	"sync"
	"time"

	"gorocket/remoting"
)

// producerTable knows the live producers of every group and the connection of every client id: transaction checks and replies go
// there. Java: ProducerManager.
type producerTable struct {
	mu       sync.RWMutex
	groups   map[string]map[*remoting.Conn]*client // guarded by mu
	byConn   map[*remoting.Conn]map[string]bool    // guarded by mu
	byClient map[string]*remoting.Conn             // guarded by mu
}

func newProducerTable() *producerTable {
	return &producerTable{groups: map[string]map[*remoting.Conn]*client{}, byConn: map[*remoting.Conn]map[string]bool{}, byClient: map[string]*remoting.Conn{}}
}

func (t *producerTable) register(group string, who client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if who.conn.Closed() {
		return
	}
	g := t.groups[group]
	if g == nil {
		g = map[*remoting.Conn]*client{}
		t.groups[group] = g
	}
	who.lastSeen = time.Now().UnixMilli()
	if m := g[who.conn]; m != nil && m.id == who.id {
		m.lastSeen = who.lastSeen
	} else {
		g[who.conn] = &who
	}
	if t.byConn[who.conn] == nil {
		t.byConn[who.conn] = map[string]bool{}
	}
	t.byConn[who.conn][group] = true
	t.byClient[who.id] = who.conn
}

func (t *producerTable) unregister(group string, conn *remoting.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leave(group, conn)
	delete(t.byConn[conn], group)
}

func (t *producerTable) leave(group string, conn *remoting.Conn) {
	g := t.groups[group]
	m := g[conn]
	if m == nil {
		return
	}
	delete(g, conn)
	if len(g) == 0 {
		delete(t.groups, group)
	}
	if t.byClient[m.id] == conn {
		delete(t.byClient, m.id)
	}
}

func (t *producerTable) closed(conn *remoting.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for group := range t.byConn[conn] {
		t.leave(group, conn)
	}
	delete(t.byConn, conn)
}

// freshProducer is how long ago the last heartbeat of a producer may be that is asked before others, in ms; clients send one every 30 s.
const freshProducer = 45_000

// enoughProducers is how many producers pick compares.
const enoughProducers = 16

// pick returns a connection of some live producer of a group at random, one with a recent heartbeat if there is any, for whom at most backlog bytes wait; nil
// when nobody is there. busy says that producers are there, but none of them reads. Java: ProducerManager.getAvailableChannel.
func (t *producerTable) pick(group string, now int64, backlog int) (conn *remoting.Conn, busy bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	fresh, old, n := 0, 0, 0
	for c, m := range t.groups[group] {
		if conn != nil && n >= enoughProducers {
			break
		}
		if c.Closed() {
			continue
		}
		n++
		switch {
		case c.Backlog() > backlog:
		case now-m.lastSeen <= freshProducer:
			if fresh++; rand.IntN(fresh) == 0 {
				conn = c
			}
		case fresh == 0:
			if old++; rand.IntN(old) == 0 {
				conn = c
			}
		}
	}
	return conn, conn == nil && n > 0
}

func (t *producerTable) expired(ms int64) (old []*remoting.Conn) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, g := range t.groups {
		for c, m := range g {
			if m.lastSeen < ms {
				old = append(old, c)
			}
		}
	}
	return old
}
