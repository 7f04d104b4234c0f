package broker

import (
	"maps"
	"math"
	"strings"
	"sync"
	"sync/atomic"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// groupTable holds the consumer groups. Entries are immutable; a change replaces the entry. Java: SubscriptionGroupManager.
type groupTable struct {
	entries    sync.Map // string -> *protocol.SubscriptionGroupConfig
	size       atomic.Int64
	limit      func() int // maxSubscriptionGroupNum
	autoCreate func() bool
	light      bool // groups of light queues exist always; immutable after New

	mu        sync.Mutex                // serializes changes
	version   compat.DataVersion        // guarded by mu
	forbidden map[string]map[string]int // guarded by mu; group -> topic -> bits
	changed   func()
}

func newGroupTable(autoCreate func() bool) *groupTable {
	g := &groupTable{version: compat.NewDataVersion(), forbidden: map[string]map[string]int{}, changed: func() {},
		autoCreate: autoCreate, limit: func() int { return math.MaxInt }}
	for name, broadcast := range systemGroups {
		c := protocol.NewSubscriptionGroupConfig(name)
		c.ConsumeBroadcastEnable = c.ConsumeBroadcastEnable || broadcast
		g.put(&c)
	}
	return g
}

// systemGroups exist always. Java: SubscriptionGroupManager.init, MixAll.
var systemGroups = map[string]bool{
	protocol.GroupTools: false, protocol.GroupFilterServer: false, protocol.GroupSelfTest: false,
	protocol.GroupHTTPProxy: true, protocol.GroupAPIPull: true, protocol.GroupAPIPermission: true,
	protocol.GroupAPIOwner: true, protocol.GroupTransactions: true,
}

func isSystemGroup(group string) bool {
	return isBuiltIn(group) || strings.HasPrefix(group, protocol.SystemGroupPrefix)
}

// isBuiltIn tells the groups that the broker itself makes. Limits do not count for them, but for whatever else a client
// calls a system group.
func isBuiltIn(group string) bool {
	_, ok := systemGroups[group]
	return ok
}

// get returns a group, nil when there is none. The entry must not be changed.
func (g *groupTable) get(group string) *protocol.SubscriptionGroupConfig {
	if v, ok := g.entries.Load(group); ok {
		return v.(*protocol.SubscriptionGroupConfig)
	}
	if g.light && isLight(group) {
		c := protocol.NewSubscriptionGroupConfig(group)
		return &c
	}
	return nil
}

// find returns a group, creating it where that is allowed. Java: findSubscriptionGroupConfig.
func (g *groupTable) find(group string) *protocol.SubscriptionGroupConfig {
	if c := g.get(group); c != nil {
		return c
	}
	if !g.autoCreate() && !isSystemGroup(group) {
		return nil
	}
	if compat.ValidateGroup(group) != nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.get(group); c != nil {
		return c
	}
	if g.full() != nil && !isBuiltIn(group) {
		return nil
	}
	c := protocol.NewSubscriptionGroupConfig(strings.Clone(group))
	g.store(&c)
	return &c
}

// put adds or replaces an entry. The caller holds mu.
func (g *groupTable) put(c *protocol.SubscriptionGroupConfig) {
	if _, had := g.entries.Swap(c.GroupName, c); !had {
		g.size.Add(1)
	}
}

// full says why no group can be created, nil when one can.
func (g *groupTable) full() error {
	if limit := g.limit(); g.size.Load() >= int64(limit) {
		return &tableFullError{"consumer groups", "maxSubscriptionGroupNum", int64(limit)}
	}
	return nil
}

func (g *groupTable) store(c *protocol.SubscriptionGroupConfig) {
	g.put(c)
	g.version.Next(0)
	g.changed()
}

// update creates or replaces a group; its attributes are changes (+key, -key).
func (g *groupTable) update(c protocol.SubscriptionGroupConfig) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.get(c.GroupName)
	var current map[string]string
	if old != nil {
		current = old.Attributes
	} else if err := g.full(); err != nil {
		return err
	}
	attrs, err := alterAttributes(old == nil, groupAttributes, current, c.Attributes)
	if err != nil {
		return err
	}
	c.Attributes = attrs
	g.store(&c)
	return nil
}

// remove deletes a group and tells whether it was there.
func (g *groupTable) remove(group string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.entries.LoadAndDelete(group); !ok {
		return false
	}
	g.size.Add(-1)
	delete(g.forbidden, group)
	g.version.Next(0)
	g.changed()
	return true
}

// setReadForbidden forbids or allows the group to read the topic. Java: updateForbidden with INDEX_PERM_READ.
func (g *groupTable) setReadForbidden(group, topic string, forbid bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if forbid && g.forbiddenLocked() >= maxForbidden {
		return &tableFullError{what: "topics that groups may not read", limit: maxForbidden}
	}
	group, topic = strings.Clone(group), strings.Clone(topic)
	bits := g.forbidden[group][topic] &^ (1 << permReadIndex)
	if forbid {
		bits |= 1 << permReadIndex
	}
	if bits == g.forbidden[group][topic] {
		return nil
	}
	topics := maps.Clone(g.forbidden[group]) // encoders hold the old map
	if topics == nil {
		topics = map[string]int{}
	}
	topics[topic] = bits
	if bits == 0 {
		delete(topics, topic)
	}
	if g.forbidden[group] = topics; len(topics) == 0 {
		delete(g.forbidden, group)
	}
	g.version.Next(0)
	g.changed()
	return nil
}

// forbiddenLocked counts the forbidden topics of all groups. The caller holds mu.
func (g *groupTable) forbiddenLocked() (n int) {
	for _, topics := range g.forbidden {
		n += len(topics)
	}
	return n
}

func (g *groupTable) forbiddenCount() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.forbiddenLocked()
}

// permReadIndex is the bit of the forbidden table that means reading. Java: PermName.INDEX_PERM_READ.
const permReadIndex = 2

// readForbidden tells whether the group may not read the topic. Java: getForbidden with INDEX_PERM_READ.
func (g *groupTable) readForbidden(group, topic string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.forbidden[group][topic]&(1<<permReadIndex) != 0
}

func (g *groupTable) wrapper() protocol.SubscriptionGroupWrapper {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := protocol.SubscriptionGroupWrapper{DataVersion: g.version, ForbiddenTable: map[string]map[string]int{}, SubscriptionGroupTable: map[string]*protocol.SubscriptionGroupConfig{}}
	for group, topics := range g.forbidden {
		w.ForbiddenTable[group] = topics
	}
	g.entries.Range(func(k, v any) bool {
		w.SubscriptionGroupTable[k.(string)] = v.(*protocol.SubscriptionGroupConfig)
		return true
	})
	return w
}

func (g *groupTable) encode() ([]byte, error) { return compat.MarshalPretty(g.wrapper()) }

// load fills the table from subscriptionGroup.json.
func (g *groupTable) load(data []byte) error {
	var w protocol.SubscriptionGroupWrapper
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, c := range w.SubscriptionGroupTable {
		if c == nil {
			continue
		}
		c.GroupName = name // what counts, as in Java
		g.put(c)
	}
	if w.ForbiddenTable != nil {
		g.forbidden = w.ForbiddenTable
	}
	g.version = w.DataVersion
	return nil
}
