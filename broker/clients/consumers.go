package clients

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// Client is one process that sends heartbeats over a connection. Java: ClientChannelInfo.
type Client struct {
	Conn     *remoting.Conn
	ID       string
	Language wire.Language
	Version  int32
	LastSeen int64 // ms since 1970; guarded by the group's mu
	// MayPub tells whether who sent the last heartbeat may send to a topic, of a producer only; nil: to all. It blocks
	// for nothing. Guarded by the mu of Producers.
	MayPub func(topic string) bool
}

// ConsumerGroup is who consumes as a group right now. Java: ConsumerGroupInfo.
type ConsumerGroup struct {
	name string

	mu          sync.RWMutex
	consumeType string // guarded by mu, as all below
	model       string
	fromWhere   string
	fingerprint int32
	subs        map[string]*Subscription
	members     map[*remoting.Conn]*Client
}

// Broadcasting tells whether every member gets every message, by the latest heartbeat.
func (g *ConsumerGroup) Broadcasting() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.model == ModelBroadcasting
}

// Subscription is what the group wants of a topic, nil when nothing.
func (g *ConsumerGroup) Subscription(topic string) *Subscription {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.subs[topic]
}

// Conns lists the members' connections.
func (g *ConsumerGroup) Conns() []*remoting.Conn {
	g.mu.RLock()
	defer g.mu.RUnlock()
	all := make([]*remoting.Conn, 0, len(g.members))
	for c := range g.members {
		all = append(all, c)
	}
	return all
}

// ClientIDs lists the members' client ids, in no order.
func (g *ConsumerGroup) ClientIDs() []string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	ids := make([]string, 0, len(g.members))
	for _, m := range g.members {
		ids = append(ids, m.ID)
	}
	return ids
}

// Consumers knows the live members of every group. Java: ConsumerManager.
type Consumers struct {
	groups sync.Map // string -> *consumerGroup
	// Gone is called when the last member of a group has left; without locks.
	Gone func(group string)
	// notify has the members told that the group changed; called without locks, and returns at once.
	notify func(group string)
	max    int // groups of one connection; immutable

	mu     sync.Mutex                         // joins and leaves
	byConn map[*remoting.Conn]map[string]bool // guarded by mu; which groups a connection is in
}

// NewConsumers makes an empty table; notify has the members of a group told, most is how many groups a connection may
// be in.
func NewConsumers(notify func(group string), most int) *Consumers {
	return &Consumers{notify: notify, max: most, Gone: func(string) {},
		byConn: map[*remoting.Conn]map[string]bool{}}
}

// Get returns a group with members, nil when there is none.
func (t *Consumers) Get(group string) *ConsumerGroup {
	if v, ok := t.groups.Load(group); ok {
		return v.(*ConsumerGroup)
	}
	return nil
}

// Subscribed is what a group that has members subscribes to in a topic; nil when there is no such group, or it does
// not.
func (t *Consumers) Subscribed(group, topic string) *SubscriptionData {
	if g := t.Get(group); g != nil {
		if s := g.Subscription(topic); s != nil {
			return &s.SubscriptionData
		}
	}
	return nil
}

// Register notes a heartbeat for one group and tells the members when something changed. keepSubs leaves the
// subscriptions as they are (heartbeat V2 without subscriptions). False when the connection is in too many groups.
func (t *Consumers) Register(who Client, d *ConsumerData, keepSubs, mayNotify bool) bool {
	if who.Conn.Closed() {
		return true
	}
	t.mu.Lock()
	if in := t.byConn[who.Conn]; len(in) >= t.max && !in[d.GroupName] {
		t.mu.Unlock()
		return false
	}
	g := t.Get(d.GroupName)
	if g == nil {
		g = &ConsumerGroup{name: strings.Clone(d.GroupName), subs: map[string]*Subscription{},
			members: map[*remoting.Conn]*Client{}}
		t.groups.Store(g.name, g)
	}
	if t.byConn[who.Conn] == nil {
		t.byConn[who.Conn] = map[string]bool{}
	}
	t.byConn[who.Conn][g.name] = true
	changed := g.update(who, d, keepSubs)
	t.mu.Unlock()
	if who.Conn.Closed() { // the close event may have run before we were in the table
		t.Closed(who.Conn)
		return true
	}
	if changed && mayNotify && d.MessageModel != ModelBroadcasting {
		t.notify(g.name)
	}
	return true
}

// update applies a heartbeat; true when a member is new or the set of topics changed.
func (g *ConsumerGroup) update(who Client, d *ConsumerData, keepSubs bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.consumeType, g.model, g.fromWhere = d.ConsumeType, d.MessageModel, d.ConsumeFromWhere
	m := g.members[who.Conn]
	changed := m == nil
	if m == nil || m.ID != who.ID {
		g.members[who.Conn] = &who
	} else {
		m.LastSeen = who.LastSeen
	}
	if keepSubs {
		return changed
	}
	return g.updateSubs(d.SubscriptionDataSet) || changed
}

// updateSubs makes the set of the latest heartbeat the group's set: members with different sets fight, as in Java.
func (g *ConsumerGroup) updateSubs(set []SubscriptionData) (changed bool) {
	topics := make(map[string]bool, len(set))
	for i := range set {
		s := &set[i]
		topics[s.Topic] = true
		old := g.subs[s.Topic]
		if old == nil || s.SubVersion > old.SubVersion {
			changed = changed || old == nil
			g.subs[s.Topic] = NewSubscription(*s)
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

// SwapFingerprint stores the fingerprint of a V2 heartbeat; true when an earlier one was different.
func (t *Consumers) SwapFingerprint(group string, fingerprint int32) bool {
	g := t.Get(group)
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.fingerprint
	g.fingerprint = fingerprint
	return old != 0 && old != fingerprint
}

// Unregister takes a connection out of one group.
func (t *Consumers) Unregister(group string, conn *remoting.Conn, mayNotify bool) {
	t.mu.Lock()
	g := t.leave(group, conn)
	delete(t.byConn[conn], group)
	t.mu.Unlock()
	t.ended(g)
	if g != nil && mayNotify && !g.Broadcasting() {
		t.notify(group)
	}
}

// ended tells that a group has no members any more.
func (t *Consumers) ended(g *ConsumerGroup) {
	if g != nil && t.Get(g.name) == nil {
		t.Gone(g.name)
	}
}

// leave removes the member and the group with its last member. The caller holds mu.
func (t *Consumers) leave(group string, conn *remoting.Conn) *ConsumerGroup {
	g := t.Get(group)
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

// Closed takes a connection out of all its groups and tells the others at once.
func (t *Consumers) Closed(conn *remoting.Conn) {
	t.mu.Lock()
	var left []*ConsumerGroup
	for group := range t.byConn[conn] {
		if g := t.leave(group, conn); g != nil {
			left = append(left, g)
		}
	}
	delete(t.byConn, conn)
	t.mu.Unlock()
	for _, g := range left {
		t.ended(g)
		if !g.Broadcasting() {
			t.notify(g.name)
		}
	}
}

// Expired lists connections whose last heartbeat is older than ms since 1970.
func (t *Consumers) Expired(ms int64) (old []*remoting.Conn) {
	t.groups.Range(func(_, v any) bool {
		g := v.(*ConsumerGroup)
		g.mu.RLock()
		defer g.mu.RUnlock()
		for c, m := range g.members {
			if m.LastSeen < ms {
				old = append(old, c)
			}
		}
		return true
	})
	return old
}

// Names lists the groups that have members.
func (t *Consumers) Names() (all []string) {
	t.groups.Range(func(k, _ any) bool {
		all = append(all, k.(string))
		return true
	})
	return all
}

// MembersOf copies the live members of a group.
func (t *Consumers) MembersOf(group string) (all []Client) {
	g := t.Get(group)
	if g == nil {
		return nil
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	for _, m := range g.members {
		all = append(all, *m)
	}
	return all
}

// GroupsOf lists the consumer groups of a connection.
func (t *Consumers) GroupsOf(c *remoting.Conn) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.byConn[c]))
}

// Kind is what connections are counted by: how many there are is bounded by the connections themselves.
type Kind struct {
	Language wire.Language
	Version  int32
}

// Kinds counts the members of a group, and tells how they consume.
func (t *Consumers) Kinds(group string) (mode string, n map[Kind]int) {
	g := t.Get(group)
	if g == nil {
		return "", nil
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	n = map[Kind]int{}
	for _, m := range g.members {
		n[Kind{m.Language, m.Version}]++
	}
	return consumeModes[g.consumeType], n
}

// consumeModes names what consumers do, as Java's metrics do. Java: ConsumeType.
var consumeModes = map[string]string{"CONSUME_ACTIVELY": "pull", "CONSUME_PASSIVELY": "push", "CONSUME_POP": "pop"}
