package broker

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"gorocket/broker/meta"
	"gorocket/remoting"
)

// producerTable knows the live producers of every group and the connection of every client id: transaction checks and replies go
// there. Java: ProducerManager.
type producerTable struct {
	limit func() int // maxProducerNum

	mu       sync.RWMutex
	size     int                                   // guarded by mu; clients in groups
	groups   map[string]map[*remoting.Conn]*client // guarded by mu
	byConn   map[*remoting.Conn]map[string]bool    // guarded by mu
	byClient map[string]*remoting.Conn             // guarded by mu
}

func newProducerTable() *producerTable {
	return &producerTable{limit: func() int { return math.MaxInt }, groups: map[string]map[*remoting.Conn]*client{}, byConn: map[*remoting.Conn]map[string]bool{}, byClient: map[string]*remoting.Conn{}}
}

// register notes a heartbeat for one group. An error says that the producer is not known: there are too many.
func (t *producerTable) register(group string, who client) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if who.conn.Closed() {
		return nil
	}
	m := t.groups[group][who.conn]
	switch {
	case m == nil:
		if err := t.join(group, who.conn); err != nil {
			return err
		}
	case m.id == who.id:
		m.lastSeen = who.lastSeen
		t.byClient[who.id] = who.conn
		return nil
	case t.byClient[m.id] == who.conn: // the process has another client id now
		delete(t.byClient, m.id)
	}
	t.groups[group][who.conn] = &who
	t.byClient[who.id] = who.conn
	return nil
}

// join makes room for a connection in a group, if there is any. The caller holds mu.
func (t *producerTable) join(group string, conn *remoting.Conn) error {
	if limit := t.limit(); t.size >= limit {
		return &meta.TableFullError{What: "producers", Key: "maxProducerNum", Limit: int64(limit)}
	}
	if len(group) > maxProducerGroup {
		return fmt.Errorf("the producer group %.64q... has %d bytes, more than %d", group, len(group), maxProducerGroup)
	}
	mine := t.byConn[conn]
	if len(mine) >= maxProducersOfConn {
		return &meta.TableFullError{What: "producer groups of one connection", Limit: maxProducersOfConn}
	}
	if mine == nil {
		mine = map[string]bool{}
		t.byConn[conn] = mine
	}
	g := t.groups[group]
	if g == nil {
		g = map[*remoting.Conn]*client{}
		t.groups[group] = g
	}
	mine[group] = true
	t.size++
	return nil
}

func (t *producerTable) count() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.size
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
	t.size--
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
