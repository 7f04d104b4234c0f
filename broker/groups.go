package broker

import (
	"maps"
	"strings"
	"sync"

	"gorocket/compat"
	"gorocket/compat/body"
)

// groupTable holds the consumer groups. Entries are immutable; a change replaces the entry. Java: SubscriptionGroupManager.
type groupTable struct {
	entries    sync.Map // string -> *body.SubscriptionGroupConfig
	autoCreate func() bool
	light      bool // groups of light queues exist always; immutable after New

	mu        sync.Mutex                // serializes changes
	version   body.DataVersion          // guarded by mu
	forbidden map[string]map[string]int // guarded by mu; group -> topic -> bits
	changed   func()
}

func newGroupTable(autoCreate func() bool) *groupTable {
	g := &groupTable{version: body.NewDataVersion(), forbidden: map[string]map[string]int{}, changed: func() {}, autoCreate: autoCreate}
	for name, broadcast := range systemGroups {
		c := body.NewSubscriptionGroupConfig(name)
		c.ConsumeBroadcastEnable = c.ConsumeBroadcastEnable || broadcast
		g.entries.Store(name, &c)
	}
	return g
}

// systemGroups exist always. Java: SubscriptionGroupManager.init, MixAll.
var systemGroups = map[string]bool{
	"TOOLS_CONSUMER": false, "FILTERSRV_CONSUMER": false, "SELF_TEST_C_GROUP": false, "CID_ONS-HTTP-PROXY": true, "CID_ONSAPI_PULL": true,
	"CID_ONSAPI_PERMISSION": true, "CID_ONSAPI_OWNER": true, "CID_RMQ_SYS_TRANS": true,
}

func isSystemGroup(group string) bool {
	_, ok := systemGroups[group]
	return ok || strings.HasPrefix(group, "CID_RMQ_SYS_")
}

// get returns a group, nil when there is none. The entry must not be changed.
func (g *groupTable) get(group string) *body.SubscriptionGroupConfig {
	if v, ok := g.entries.Load(group); ok {
		return v.(*body.SubscriptionGroupConfig)
	}
	if g.light && isLight(group) {
		c := body.NewSubscriptionGroupConfig(group)
		return &c
	}
	return nil
}

// find returns a group, creating it where that is allowed. Java: findSubscriptionGroupConfig.
func (g *groupTable) find(group string) *body.SubscriptionGroupConfig {
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
	c := body.NewSubscriptionGroupConfig(group)
	g.store(&c)
	return &c
}

func (g *groupTable) store(c *body.SubscriptionGroupConfig) {
	g.entries.Store(c.GroupName, c)
	g.version.Next(0)
	g.changed()
}

// update creates or replaces a group; its attributes are changes (+key, -key).
func (g *groupTable) update(c body.SubscriptionGroupConfig) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.get(c.GroupName)
	var current map[string]string
	if old != nil {
		current = old.Attributes
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
	delete(g.forbidden, group)
	g.version.Next(0)
	g.changed()
	return true
}

// setReadForbidden forbids or allows the group to read the topic. Java: updateForbidden with INDEX_PERM_READ.
func (g *groupTable) setReadForbidden(group, topic string, forbid bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	bits := g.forbidden[group][topic] &^ (1 << permReadIndex)
	if forbid {
		bits |= 1 << permReadIndex
	}
	if bits == g.forbidden[group][topic] {
		return
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
}

// permReadIndex is the bit of the forbidden table that means reading. Java: PermName.INDEX_PERM_READ.
const permReadIndex = 2

// readForbidden tells whether the group may not read the topic. Java: getForbidden with INDEX_PERM_READ.
func (g *groupTable) readForbidden(group, topic string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.forbidden[group][topic]&(1<<permReadIndex) != 0
}

func (g *groupTable) wrapper() body.SubscriptionGroupWrapper {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := body.SubscriptionGroupWrapper{DataVersion: g.version, ForbiddenTable: map[string]map[string]int{}, SubscriptionGroupTable: map[string]*body.SubscriptionGroupConfig{}}
	for group, topics := range g.forbidden {
		w.ForbiddenTable[group] = topics
	}
	g.entries.Range(func(k, v any) bool {
		w.SubscriptionGroupTable[k.(string)] = v.(*body.SubscriptionGroupConfig)
		return true
	})
	return w
}

func (g *groupTable) encode() ([]byte, error) { return compat.MarshalPretty(g.wrapper()) }

// load fills the table from subscriptionGroup.json.
func (g *groupTable) load(data []byte) error {
	var w body.SubscriptionGroupWrapper
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, c := range w.SubscriptionGroupTable {
		if c == nil {
			continue
		}
		if c.GroupName == "" {
			c.GroupName = name
		}
		g.entries.Store(name, c)
	}
	if w.ForbiddenTable != nil {
		g.forbidden = w.ForbiddenTable
	}
	g.version = w.DataVersion
	return nil
}
