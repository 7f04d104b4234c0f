package filter

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// MaxEntries is how many subscriptions a Manager keeps, and MaxBytes how many bytes their names and expressions may
// have together; compiled they take about ten times as much. Further ones are refused. Java has no limit.
const (
	MaxEntries = 1 << 16
	MaxBytes   = 16 << 20
)

// Config is what a Manager needs.
type Config struct {
	MaxErrorRateOfBloomFilter  int           // percent, 1 to 99; Java's default is 20
	ExpectConsumerNumUseFilter int           // Java's default is 32
	FilterDataCleanTimeSpan    time.Duration // how long dead data is kept; Java's default is 24 h
	Now                        func() time.Time
	// Refused, if any, is told of a subscription whose expression does not compile, or that finds no room. Called without
	// locks held.
	Refused func(group, topic string, err error)
}

// Subscription is one subscription of a heartbeat.
type Subscription struct {
	Topic      string
	Expression string // subString
	Type       string // expressionType
	Version    int64  // subVersion
}

// Manager keeps the Data of all groups by topic. It does no I/O: the broker gives it consumerFilter.json at start
// (Decode) and stores what Encode returns, every 10 s as Java does. Safe for concurrent use. Java:
// ConsumerFilterManager.
type Manager struct {
	cfg   Config
	bloom *Bloom
	cache *Cache // of expressions

	change sync.Mutex // one change at a time; held while compiling. Taken before mu

	mu     sync.RWMutex
	topics map[string]map[string]*Data // topic, group; guarded by mu, written with change held too
	count  int                         // guarded likewise
	bytes  int                         // of all names and expressions; guarded likewise
}

// size is what d counts against MaxBytes.
func (d *Data) size() int {
	if d == nil {
		return 0
	}
	return len(d.Topic) + len(d.ConsumerGroup) + len(d.Expression)
}

// Size is how many subscriptions there are, dead ones too.
func (m *Manager) Size() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.count
}

// NewManager checks the configuration.
func NewManager(cfg Config) (*Manager, error) {
	bloom, err := NewBloom(cfg.MaxErrorRateOfBloomFilter, cfg.ExpectConsumerNumUseFilter)
	if err != nil {
		return nil, err
	}
	if cfg.FilterDataCleanTimeSpan < 0 {
		return nil, fmt.Errorf("filter: filterDataCleanTimeSpan=%s: must not be negative", cfg.FilterDataCleanTimeSpan)
	}
	if cfg.Now == nil {
		return nil, errors.New("filter: no clock")
	}
	return &Manager{cfg: cfg, bloom: bloom, cache: NewCache(JavaCacheSize), topics: map[string]map[string]*Data{}}, nil
}

// Bloom is the filter that the bit maps are made with.
func (m *Manager) Bloom() *Bloom { return m.bloom }

func (m *Manager) now() int64 { return m.cfg.Now().UnixMilli() }

// Get finds the data of a group, nil if there is none. For each pull with a subscription other than TAG.
func (m *Manager) Get(topic, group string) *Data {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.topics[topic][group]
}

// Build makes the data of a subscription without registering it, for pulls that carry theirs; the latest expressions
// are remembered. The error is CompileType's. Java: ConsumerFilterManager.build, which gives null for an error: a pull
// then gets every message, a pop code 23.
func (m *Manager) Build(group string, s Subscription) (*Data, error) {
	expr, err := compileType(s.Type, s.Expression, m.cache.Compile)
	if err != nil {
		return nil, err
	}
	return &Data{ConsumerGroup: group, Topic: s.Topic, Expression: expr.text, ExpressionType: s.Type, BornTime: m.now(),
		ClientVersion: s.Version, expr: expr}, nil
}

// Register takes the subscriptions of a group as its consumers announced them last. What the group subscribed to before
// and now does not is marked dead. Call it when a heartbeat changed the group (Java: ConsumerGroupEvent.REGISTER); true
// means that there is something to persist.
func (m *Manager) Register(group string, subscriptions []Subscription) (changed bool) {
	m.change.Lock()
	refused := map[string]error{}
	for _, s := range subscriptions {
		did, err := m.register(group, s)
		changed = changed || did
		if err != nil {
			refused[s.Topic] = err
		}
	}
	topics := make(map[string]bool, len(subscriptions)) // a heartbeat may name very many
	for i := range subscriptions {
		topics[subscriptions[i].Topic] = true
	}
	changed = m.bury(group, func(d *Data) bool { return topics[d.Topic] }) || changed
	m.change.Unlock()
	if m.cfg.Refused != nil {
		for topic, err := range refused {
			m.cfg.Refused(group, topic, err)
		}
	}
	return changed
}

// Unregister marks the data of a group dead, when its last consumer left (Java: ConsumerGroupEvent.UNREGISTER). It
// stays, because messages that come meanwhile have bit maps, until FilterDataCleanTimeSpan is over.
func (m *Manager) Unregister(group string) (changed bool) {
	m.change.Lock()
	defer m.change.Unlock()
	return m.bury(group, func(*Data) bool { return false })
}

// bury marks a group's living data dead, unless it is wanted. The caller holds change.
func (m *Manager) bury(group string, wanted func(*Data) bool) (changed bool) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, groups := range m.topics {
		if d := groups[group]; d != nil && !d.Dead() && !wanted(d) {
			groups[group] = d.with(func(d *Data) { d.DeadTime = now })
			changed = true
		}
	}
	return changed
}

// register takes one subscription. The higher version wins; an equal one revives dead data. The caller holds change.
// Java: FilterDataMapByTopic.register.
func (m *Manager) register(group string, s Subscription) (changed bool, err error) {
	if IsTag(s.Type) || s.Expression == "" {
		return false, nil
	}
	old := m.Get(s.Topic, group)
	positions := m.bloom.Positions(group + "#" + s.Topic)
	switch {
	case old == nil:
		return m.replace(group, s, positions)
	case s.Version <= old.ClientVersion:
		if s.Version < old.ClientVersion || !old.Dead() {
			return false, nil
		}
	case s.Expression != old.Expression || s.Type != old.ExpressionType || !sameBits(old.Bloom, positions):
		return m.replace(group, s, positions)
	}
	m.put(s.Topic, group, old.with(func(d *Data) {
		d.ClientVersion = s.Version
		if d.Dead() {
			d.DeadTime = 0
		}
	}))
	return true, nil
}

// replace compiles and stores a subscription. If that fails, the old one goes too: its clients see code 27 and find
// out.
func (m *Manager) replace(group string, s Subscription, positions *BloomData) (changed bool, err error) {
	d, err := m.Build(group, s)
	if err != nil {
		return m.remove(s.Topic, group), err
	}
	d.Bloom = positions
	if !m.put(s.Topic, group, d) {
		return false, fmt.Errorf("filter: group=%s topic=%s: more than %d subscriptions with filters, or more than %d bytes "+
			"of them",
			group, s.Topic, MaxEntries, MaxBytes)
	}
	return true, nil
}

// put stores data; false if there is no room.
func (m *Manager) put(topic, group string, d *Data) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	groups := m.topics[topic]
	more := d.size() - groups[group].size()
	if more > 0 && m.bytes+more > MaxBytes {
		return false
	}
	if groups[group] == nil {
		if m.count >= MaxEntries {
			return false
		}
		m.count++
	}
	m.bytes += more
	if groups == nil {
		groups = map[string]*Data{}
		m.topics[topic] = groups
	}
	groups[group] = d
	return true
}

// remove forgets data and tells whether there was any.
func (m *Manager) remove(topic, group string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	groups := m.topics[topic]
	if groups[group] == nil {
		return false
	}
	m.bytes -= groups[group].size()
	delete(groups, group)
	m.count--
	if len(groups) == 0 {
		delete(m.topics, topic)
	}
	return true
}

func sameBits(a, b *BloomData) bool {
	return a != nil && a.BitNum == b.BitNum && slices.Equal(a.BitPos, b.BitPos)
}

// Clean forgets what died FilterDataCleanTimeSpan ago. Encode does it, too. Java: ConsumerFilterManager.clean.
func (m *Manager) Clean() (changed bool) {
	m.change.Lock()
	defer m.change.Unlock()
	latest := m.now() - m.cfg.FilterDataCleanTimeSpan.Milliseconds()
	for _, d := range m.all() {
		if d.Dead() && d.DeadTime <= latest {
			changed = m.remove(d.Topic, d.ConsumerGroup) || changed
		}
	}
	return changed
}

// all lists all data, in no order.
func (m *Manager) all() []*Data {
	m.mu.RLock()
	defer m.mu.RUnlock()
	list := make([]*Data, 0, m.count)
	for _, groups := range m.topics {
		for _, d := range groups {
			list = append(list, d)
		}
	}
	return list
}
