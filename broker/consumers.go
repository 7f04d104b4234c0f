package broker

import (
	"strings"
	"sync"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// client is one process that sends heartbeats over a connection. Java: ClientChannelInfo.
type client struct {
	conn     *remoting.Conn
	id       string
	language wire.Language
	version  int32
	lastSeen int64 // ms since 1970; guarded by the group's mu
}

// consumerGroup is who consumes as a group right now. Java: ConsumerGroupInfo.
type consumerGroup struct {
	name string

	mu          sync.RWMutex
	consumeType string // guarded by mu, as all below
	model       string
	fromWhere   string
	fingerprint int32
	subs        map[string]*subscription
	members     map[*remoting.Conn]*client
}

func (g *consumerGroup) broadcasting() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.model == modelBroadcasting
}

func (g *consumerGroup) subscription(topic string) *subscription {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.subs[topic]
}

// conns lists the members' connections.
func (g *consumerGroup) conns() []*remoting.Conn {
	g.mu.RLock()
	defer g.mu.RUnlock()
	all := make([]*remoting.Conn, 0, len(g.members))
	for c := range g.members {
		all = append(all, c)
	}
	return all
}

func (g *consumerGroup) clientIDs() []string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	ids := make([]string, 0, len(g.members))
	for _, m := range g.members {
		ids = append(ids, m.id)
	}
	return ids
}

// consumerTable knows the live members of every group. Java: ConsumerManager.
type consumerTable struct {
	groups sync.Map // string -> *consumerGroup
	// gone is called when the last member of a group has left; without locks.
	gone func(group string)
	// notify has the members told that the group changed; called without locks, and returns at once.
	notify func(group string)
	max    int // groups of one connection; immutable

	mu     sync.Mutex                         // joins and leaves
	byConn map[*remoting.Conn]map[string]bool // guarded by mu; which groups a connection is in
}

func newConsumerTable(notify func(group string), most int) *consumerTable {
	return &consumerTable{notify: notify, max: most, gone: func(string) {},
		byConn: map[*remoting.Conn]map[string]bool{}}
}

// get returns a group with members, nil when there is none.
func (t *consumerTable) get(group string) *consumerGroup {
	if v, ok := t.groups.Load(group); ok {
		return v.(*consumerGroup)
	}
	return nil
}

// register notes a heartbeat for one group and tells the members when something changed. keepSubs leaves the
// subscriptions as they are (heartbeat V2 without subscriptions). False when the connection is in too many groups.
func (t *consumerTable) register(who client, d *consumerData, keepSubs, mayNotify bool) bool {
	if who.conn.Closed() {
		return true
	}
	t.mu.Lock()
	if in := t.byConn[who.conn]; len(in) >= t.max && !in[d.GroupName] {
		t.mu.Unlock()
		return false
	}
	g := t.get(d.GroupName)
	if g == nil {
		g = &consumerGroup{name: strings.Clone(d.GroupName), subs: map[string]*subscription{}, members: map[*remoting.Conn]*client{}}
		t.groups.Store(g.name, g)
	}
	if t.byConn[who.conn] == nil {
		t.byConn[who.conn] = map[string]bool{}
	}
	t.byConn[who.conn][g.name] = true
	changed := g.update(who, d, keepSubs)
	t.mu.Unlock()
	if who.conn.Closed() { // the close event may have run before we were in the table
		t.closed(who.conn)
		return true
	}
	if changed && mayNotify && d.MessageModel != modelBroadcasting {
		t.notify(g.name)
	}
	return true
}

// update applies a heartbeat; true when a member is new or the set of topics changed.
func (g *consumerGroup) update(who client, d *consumerData, keepSubs bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.consumeType, g.model, g.fromWhere = d.ConsumeType, d.MessageModel, d.ConsumeFromWhere
	m := g.members[who.conn]
	changed := m == nil
	if m == nil || m.id != who.id {
		g.members[who.conn] = &who
	} else {
		m.lastSeen = who.lastSeen
	}
	if keepSubs {
		return changed
	}
	return g.updateSubs(d.SubscriptionDataSet) || changed
}

// updateSubs makes the set of the latest heartbeat the group's set: members with different sets fight, as in Java.
func (g *consumerGroup) updateSubs(set []subscriptionData) (changed bool) {
	topics := make(map[string]bool, len(set))
	for i := range set {
		s := &set[i]
		topics[s.Topic] = true
		old := g.subs[s.Topic]
		if old == nil || s.SubVersion > old.SubVersion {
			changed = changed || old == nil
			g.subs[s.Topic] = newSubscription(*s)
		}
	}
	for topic := range g.subs {
		if !topics[topic] {
			delete(g.subs, topic)
			changed = true
		}
	}
	return changed
}

// swapFingerprint stores the fingerprint of a V2 heartbeat; true when an earlier one was different.
func (t *consumerTable) swapFingerprint(group string, fingerprint int32) bool {
	g := t.get(group)
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.fingerprint
	g.fingerprint = fingerprint
	return old != 0 && old != fingerprint
}

// unregister takes a connection out of one group.
func (t *consumerTable) unregister(group string, conn *remoting.Conn, mayNotify bool) {
	t.mu.Lock()
	g := t.leave(group, conn)
	delete(t.byConn[conn], group)
	t.mu.Unlock()
	t.ended(g)
	if g != nil && mayNotify && !g.broadcasting() {
		t.notify(group)
	}
}

// ended tells that a group has no members any more.
func (t *consumerTable) ended(g *consumerGroup) {
	if g != nil && t.get(g.name) == nil {
		t.gone(g.name)
	}
}

// leave removes the member and the group with its last member. The caller holds mu.
func (t *consumerTable) leave(group string, conn *remoting.Conn) *consumerGroup {
	g := t.get(group)
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.members[conn]; !ok {
		return nil
	}
	delete(g.members, conn)
	if len(g.members) == 0 {
		t.groups.Delete(group)
	}
	return g
}

// closed takes a connection out of all its groups and tells the others at once.
func (t *consumerTable) closed(conn *remoting.Conn) {
	t.mu.Lock()
	var left []*consumerGroup
	for group := range t.byConn[conn] {
		if g := t.leave(group, conn); g != nil {
			left = append(left, g)
		}
	}
	delete(t.byConn, conn)
	t.mu.Unlock()
	for _, g := range left {
		t.ended(g)
		if !g.broadcasting() {
			t.notify(g.name)
		}
	}
}

// expired lists connections whose last heartbeat is older than ms since 1970.
func (t *consumerTable) expired(ms int64) (old []*remoting.Conn) {
	t.groups.Range(func(_, v any) bool {
		g := v.(*consumerGroup)
		g.mu.RLock()
		defer g.mu.RUnlock()
		for c, m := range g.members {
			if m.lastSeen < ms {
				old = append(old, c)
			}
		}
		return true
	})
	return old
}

// names lists the groups that have members.
func (t *consumerTable) names() (all []string) {
	t.groups.Range(func(k, _ any) bool {
		all = append(all, k.(string))
		return true
	})
	return all
}
