package clients

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"gorocket/broker/meta"
	"gorocket/remoting"
)

// Limits of what one connection may put into the table.
const (
	MaxProducersOfConn = 1024 // producer groups of one connection
	MaxProducerGroup   = 255  // bytes of a producer group's name; Java's clients check it
)

// Producers knows the live producers of every group and the connection of every client id: transaction checks and
// replies go there. Java: ProducerManager.
type Producers struct {
	Limit func() int // maxProducerNum

	mu       sync.RWMutex
	size     int                                   // guarded by mu; clients in groups
	groups   map[string]map[*remoting.Conn]*Client // guarded by mu
	byConn   map[*remoting.Conn]map[string]bool    // guarded by mu
	byClient map[string]*remoting.Conn             // guarded by mu
}

// NewProducers makes an empty table without a limit.
func NewProducers() *Producers {
	return &Producers{Limit: func() int { return math.MaxInt }, groups: map[string]map[*remoting.Conn]*Client{},
		byConn: map[*remoting.Conn]map[string]bool{}, byClient: map[string]*remoting.Conn{}}
}

// Register notes a heartbeat for one group. An error says that the producer is not known: there are too many.
func (t *Producers) Register(group string, who Client) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if who.Conn.Closed() {
		return nil
	}
	m := t.groups[group][who.Conn]
	switch {
	case m == nil:
		if err := t.join(group, who.Conn); err != nil {
			return err
		}
	case m.ID == who.ID:
		m.LastSeen, m.MayPub = who.LastSeen, who.MayPub
		t.byClient[who.ID] = who.Conn
		return nil
	}
	t.groups[group][who.Conn] = &who
	if m != nil { // the process has another client id now
		t.release(m)
	}
	t.byClient[who.ID] = who.Conn
	return nil
}

// release forgets where a client id leads, when the connection has it in none of its groups any more: producers of one
// process share theirs. The caller holds mu.
func (t *Producers) release(m *Client) {
	if t.byClient[m.ID] != m.Conn {
		return
	}
	for group := range t.byConn[m.Conn] {
		if o := t.groups[group][m.Conn]; o != nil && o.ID == m.ID {
			return
		}
	}
	delete(t.byClient, m.ID)
}

// join makes room for a connection in a group, if there is any. The caller holds mu.
func (t *Producers) join(group string, conn *remoting.Conn) error {
	if limit := t.Limit(); t.size >= limit {
		return &meta.TableFullError{What: "producers", Key: "maxProducerNum", Limit: int64(limit)}
	}
	if len(group) > MaxProducerGroup {
		return fmt.Errorf("the producer group %.64q... has %d bytes, more than %d", group, len(group), MaxProducerGroup)
	}
	mine := t.byConn[conn]
	if len(mine) >= MaxProducersOfConn {
		return &meta.TableFullError{What: "producer groups of one connection", Limit: MaxProducersOfConn}
	}
	if mine == nil {
		mine = map[string]bool{}
		t.byConn[conn] = mine
	}
	g := t.groups[group]
	if g == nil {
		g = map[*remoting.Conn]*Client{}
		t.groups[group] = g
	}
	mine[group] = true
	t.size++
	return nil
}

// Count is the number of producers: a client counts once for each of its groups.
func (t *Producers) Count() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.size
}

// Unregister takes a connection out of one group.
func (t *Producers) Unregister(group string, conn *remoting.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.leave(group, conn)
	if delete(t.byConn[conn], group); m != nil {
		t.release(m)
	}
}

// leave takes a connection out of a group; nil when it was not in it. The caller holds mu.
func (t *Producers) leave(group string, conn *remoting.Conn) *Client {
	g := t.groups[group]
	m := g[conn]
	if m == nil {
		return nil
	}
	delete(g, conn)
	t.size--
	if len(g) == 0 {
		delete(t.groups, group)
	}
	return m
}

// Closed takes a connection out of all its groups.
func (t *Producers) Closed(conn *remoting.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for group := range t.byConn[conn] {
		if m := t.leave(group, conn); m != nil && t.byClient[m.ID] == conn {
			delete(t.byClient, m.ID)
		}
	}
	delete(t.byConn, conn)
}

// freshProducer is how long ago the last heartbeat of a producer may be that is asked before others, in ms; clients
// send one every 30 s.
const freshProducer = 45_000

// enoughProducers is how many producers pick compares.
const enoughProducers = 16

// Pick returns a connection of some live producer of a group at random who may send to a topic, one with a recent
// heartbeat if there is any, for whom at most backlog bytes wait; nil when nobody is there. busy says that producers
// are there, but none of them reads. Java: ProducerManager.getAvailableChannel, which takes anybody who says that he is
// of the group.
func (t *Producers) Pick(group, topic string, now int64, backlog int) (conn *remoting.Conn, busy bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	fresh, old, n := 0, 0, 0
	for c, m := range t.groups[group] {
		if conn != nil && n >= enoughProducers {
			break
		}
		if c.Closed() || m.MayPub != nil && !m.MayPub(topic) {
			continue
		}
		n++
		switch {
		case c.Backlog() > backlog:
		case now-m.LastSeen <= freshProducer:
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

// Expired lists connections whose last heartbeat is older than ms since 1970.
func (t *Producers) Expired(ms int64) (old []*remoting.Conn) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, g := range t.groups {
		for c, m := range g {
			if m.LastSeen < ms {
				old = append(old, c)
			}
		}
	}
	return old
}

// ProducerInfo is one client in 328. Java: ProducerInfo.
type ProducerInfo struct {
	ClientID            string `json:"clientId"`
	Language            string `json:"language"`
	LastUpdateTimestamp int64  `json:"lastUpdateTimestamp"` // ms
	RemoteIP            string `json:"remoteIP"`            // /ip:port
	Version             int32  `json:"version"`
}

// ProducerTableInfo answers 328. Java: ProducerTableInfo.
type ProducerTableInfo struct {
	Data map[string][]ProducerInfo `json:"data"`
}

// Info lists all producers as GET_ALL_PRODUCER_INFO answers them.
func (t *Producers) Info() ProducerTableInfo {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := ProducerTableInfo{Data: map[string][]ProducerInfo{}}
	for group, members := range t.groups {
		for _, m := range members {
			all.Data[group] = append(all.Data[group], ProducerInfo{m.ID, m.Language.String(), m.LastSeen, "/" +
				m.Conn.RemoteAddr(), m.Version})
		}
	}
	return all
}

// OfClient returns the connection of the producer with a client id, nil when there is none. Java:
// ProducerManager.findChannel.
func (t *Producers) OfClient(id string) *remoting.Conn {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byClient[id]
}

// GroupsOf lists the producer groups of a connection.
func (t *Producers) GroupsOf(c *remoting.Conn) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Sorted(maps.Keys(t.byConn[c]))
}

// Kinds counts the producers of all groups.
func (t *Producers) Kinds() map[Kind]int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n := map[Kind]int{}
	for _, members := range t.groups {
		for _, m := range members {
			n[Kind{m.Language, m.Version}]++
		}
	}
	return n
}
