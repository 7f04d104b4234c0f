package broker

import (
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
