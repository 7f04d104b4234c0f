package meta

import (
	"maps"
	"math"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// Groups holds the consumer groups. Entries are immutable; a change replaces the entry. Java: SubscriptionGroupManager.
type Groups struct {
	entries    *xsync.Map[string, *protocol.SubscriptionGroupConfig]
	size       atomic.Int64
	Limit      func() int // maxSubscriptionGroupNum
	AutoCreate func() bool
	Light      bool // groups of light queues exist always; immutable after New

	mu        sync.Mutex                // serializes changes
	version   compat.DataVersion        // guarded by mu
	forbidden map[string]map[string]int // guarded by mu; group -> topic -> bits
	Changed   func()
}

// NewGroups makes a table that holds the system's groups; autoCreate tells whether Find may make others.
func NewGroups(autoCreate func() bool) *Groups {
	g := &Groups{entries: xsync.NewMap[string, *protocol.SubscriptionGroupConfig](), version: compat.NewDataVersion(),
		forbidden: map[string]map[string]int{}, Changed: func() {},
		AutoCreate: autoCreate, Limit: func() int { return math.MaxInt }}
	for name, broadcast := range SystemGroups {
		c := protocol.NewSubscriptionGroupConfig(name)
		c.ConsumeBroadcastEnable = c.ConsumeBroadcastEnable || broadcast
		g.put(&c)
	}
	return g
}

// SystemGroups exist always. Java: SubscriptionGroupManager.init, MixAll.
var SystemGroups = map[string]bool{
	protocol.GroupTools: false, protocol.GroupFilterServer: false, protocol.GroupSelfTest: false,
	protocol.GroupHTTPProxy: true, protocol.GroupAPIPull: true, protocol.GroupAPIPermission: true,
	protocol.GroupAPIOwner: true, protocol.GroupTransactions: true,
}

// IsSystemGroup tells the groups that are Java's own by their names.
func IsSystemGroup(group string) bool {
	return IsBuiltInGroup(group) || strings.HasPrefix(group, protocol.SystemGroupPrefix)
}

// IsBuiltInGroup tells the groups that the broker itself makes. Limits do not count for them, but for whatever else a
// client calls a system group.
func IsBuiltInGroup(group string) bool {
	_, ok := SystemGroups[group]
	return ok
}

// Get returns a group, nil when there is none. The entry must not be changed.
func (g *Groups) Get(group string) *protocol.SubscriptionGroupConfig {
	if c, ok := g.entries.Load(group); ok {
		return c
	}
	if g.Light && IsLight(group) {
		c := protocol.NewSubscriptionGroupConfig(group)
		return &c
	}
	return nil
}

// Find returns a group, creating it where that is allowed. Java: findSubscriptionGroupConfig.
func (g *Groups) Find(group string) *protocol.SubscriptionGroupConfig {
	if c := g.Get(group); c != nil {
		return c
	}
	if !g.AutoCreate() && !IsSystemGroup(group) {
		return nil
	}
	if compat.ValidateGroup(group) != nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.Get(group); c != nil {
		return c
	}
	if g.full() != nil && !IsBuiltInGroup(group) {
		return nil
	}
	c := protocol.NewSubscriptionGroupConfig(strings.Clone(group))
	g.store(&c)
	return &c
}

// put adds or replaces an entry. The caller holds mu.
func (g *Groups) put(c *protocol.SubscriptionGroupConfig) {
	if _, had := g.entries.LoadAndStore(c.GroupName, c); !had {
		g.size.Add(1)
	}
}

// full says why no group can be created, nil when one can.
func (g *Groups) full() error {
	if limit := g.Limit(); g.size.Load() >= int64(limit) {
		return &TableFullError{"consumer groups", "maxSubscriptionGroupNum", int64(limit)}
	}
	return nil
}

func (g *Groups) store(c *protocol.SubscriptionGroupConfig) {
	g.put(c)
	g.version.Next(0)
	g.Changed()
}

// Update creates or replaces a group; its attributes are changes (+key, -key).
func (g *Groups) Update(c protocol.SubscriptionGroupConfig) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.Get(c.GroupName)
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

// Remove deletes a group and tells whether it was there.
func (g *Groups) Remove(group string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, had := g.entries.LoadAndDelete(group)
	if had {
		g.size.Add(-1)
	}
	if had || g.forbidden[group] != nil { // topics can be forbidden to a group that nobody has made
		delete(g.forbidden, group)
		g.version.Next(0)
		g.Changed()
	}
	return had
}

// SetReadForbidden forbids or allows the group to read the topic. Java: updateForbidden with INDEX_PERM_READ.
func (g *Groups) SetReadForbidden(group, topic string, forbid bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	group, topic = strings.Clone(group), strings.Clone(topic)
	bits := g.forbidden[group][topic] &^ (1 << permReadIndex)
	if forbid {
		bits |= 1 << permReadIndex
	}
	if bits == g.forbidden[group][topic] {
		return nil
	}
	if _, had := g.forbidden[group][topic]; !had && g.forbiddenLocked() >= MaxForbidden {
		return &TableFullError{What: "topics that groups may not read", Limit: MaxForbidden}
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
	g.Changed()
	return nil
}

// forbiddenLocked counts the forbidden topics of all groups. The caller holds mu.
func (g *Groups) forbiddenLocked() (n int) {
	for _, topics := range g.forbidden {
		n += len(topics)
	}
	return n
}

// ForbiddenCount is the number of pairs of group and topic that may not be read.
func (g *Groups) ForbiddenCount() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.forbiddenLocked()
}

// permReadIndex is the bit of the forbidden table that means reading. Java: PermName.INDEX_PERM_READ.
const permReadIndex = 2

// ReadForbidden tells whether the group may not read the topic. Java: getForbidden with INDEX_PERM_READ.
func (g *Groups) ReadForbidden(group, topic string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.forbidden[group][topic]&(1<<permReadIndex) != 0
}

// Wrapper copies the table in the shape of subscriptionGroup.json.
func (g *Groups) Wrapper() protocol.SubscriptionGroupWrapper {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := protocol.SubscriptionGroupWrapper{DataVersion: g.version, ForbiddenTable: map[string]map[string]int{},
		SubscriptionGroupTable: map[string]*protocol.SubscriptionGroupConfig{}}
	for group, topics := range g.forbidden {
		w.ForbiddenTable[group] = topics
	}
	g.entries.Range(func(name string, c *protocol.SubscriptionGroupConfig) bool {
		w.SubscriptionGroupTable[name] = c
		return true
	})
	return w
}

// Encode is the content of subscriptionGroup.json.
func (g *Groups) Encode() ([]byte, error) { return compat.MarshalPretty(g.Wrapper()) }

// Load fills the table from subscriptionGroup.json.
func (g *Groups) Load(data []byte) error {
	var w protocol.SubscriptionGroupWrapper
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.take(w)
	return nil
}

// take adds and replaces groups. The caller holds mu.
func (g *Groups) take(w protocol.SubscriptionGroupWrapper) {
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
}

// Len is the number of groups.
func (g *Groups) Len() int64 { return g.size.Load() }
