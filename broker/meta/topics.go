package meta

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"

	"gorocket/broker/stats"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store/vfs"
)

// Topic is a topic and what is counted of it. The configuration is immutable: a change makes another entry with the
// same traffic.
type Topic struct {
	protocol.TopicConfig
	Traffic *stats.TopicTraffic
}

// Topics holds the topics of this broker. Entries are immutable; a change replaces the entry. Java: TopicConfigManager.
type Topics struct {
	entries *xsync.Map[string, *Topic]
	size    atomic.Int64
	Limit   func() int         // maxTopicNum
	Light   bool               // light queues exist as topics of one queue; immutable after New
	Queued  stats.TopicTraffic // of all light queues together

	system  map[string]bool // names that every broker has; immutable after AddSystem
	mu      sync.Mutex      // serializes changes
	version compat.DataVersion
	Odd     []string                    // what load left out, as no folder can have the name, or gave fewer queues
	Changed func()                      // marks topics.json
	Publish func(*protocol.TopicConfig) // tells the NameServers about one topic
}

// NewTopics makes an empty table without a limit.
func NewTopics() *Topics {
	return &Topics{entries: xsync.NewMap[string, *Topic](), version: compat.NewDataVersion(),
		Limit: func() int { return math.MaxInt }, Changed: func() {}, Publish: func(*protocol.TopicConfig) {}}
}

// Get returns a topic, nil when there is none. The entry must not be changed.
func (t *Topics) Get(topic string) *protocol.TopicConfig {
	if e := t.Find(topic); e != nil {
		return &e.TopicConfig
	}
	return nil
}

// Find returns a topic with its figures, nil when there is none.
func (t *Topics) Find(topic string) *Topic {
	if e, ok := t.entries.Load(topic); ok {
		return e
	}
	if t.Light && IsLight(topic) {
		e := &Topic{protocol.NewTopicConfig(topic), &t.Queued}
		e.ReadQueueNums, e.WriteQueueNums = 1, 1
		return e
	}
	return nil
}

// Each visits every topic until visit returns false.
func (t *Topics) Each(visit func(*Topic) bool) {
	t.entries.Range(func(_ string, e *Topic) bool { return visit(e) })
}

// IsLight tells the name of a light queue, or of a group that reads one. They exist without being made, so what could
// not be a folder, by itself or behind %RETRY%, is none. Java: MixAll.isLmq.
func IsLight(name string) bool {
	return strings.HasPrefix(name, "%LMQ%") && len(name) <= compat.RetryTopicMaxLength-len(compat.RetryTopicPrefix) &&
		compat.IsFolderName(name)
}

// IsBatch tells whether the topic's queues are batch consume queues. Java: QueueTypeUtils.isBatchCq.
func IsBatch(t *protocol.TopicConfig) bool {
	return t != nil && t.Attributes["queue.type"] == "BatchCQ"
}

// IsOrder tells whether the topic is marked as order topic; an unknown one is not.
func (t *Topics) IsOrder(topic string) bool {
	c := t.Get(topic)
	return c != nil && c.Order
}

// Snapshot returns the version and all topics as of one moment.
func (t *Topics) Snapshot() (compat.DataVersion, map[string]*protocol.TopicConfig) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]*protocol.TopicConfig{}
	t.Each(func(e *Topic) bool {
		all[e.TopicName] = &e.TopicConfig
		return true
	})
	return t.version, all
}

// CurrentVersion returns the version of the table.
func (t *Topics) CurrentVersion() compat.DataVersion {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.version
}

// put adds or replaces an entry. The caller holds mu.
func (t *Topics) put(c *protocol.TopicConfig) {
	e := &Topic{TopicConfig: *c}
	if old, had := t.entries.Load(c.TopicName); had {
		e.Traffic = old.Traffic
	} else {
		e.Traffic = new(stats.TopicTraffic)
		t.size.Add(1)
	}
	t.entries.Store(c.TopicName, e)
}

// Full says why no topic can be created, nil when one can.
func (t *Topics) Full() error {
	if limit := t.Limit(); t.size.Load() >= int64(limit) {
		return &TableFullError{"topics", "maxTopicNum", int64(limit)}
	}
	return nil
}

// MayCreate says why a topic cannot be created, nil when it can or is there.
func (t *Topics) MayCreate(topic string) error {
	if t.Get(topic) != nil {
		return nil
	}
	return t.Full()
}

// store puts a topic and counts the change. The caller holds mu.
func (t *Topics) store(c *protocol.TopicConfig) {
	t.put(c)
	t.version.Next(0)
	t.Changed()
}

// CreateByDefault creates a topic at its first send, from the default topic that the producer named. It returns nil
// and the reason when that is not allowed. Java: createTopicInSendMessageMethod.
func (t *Topics) CreateByDefault(topic, defaultTopic string, queues int, sysFlag int,
	autoCreate bool) (*protocol.TopicConfig, string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.Get(topic); c != nil {
		return c, ""
	}
	d := t.Get(defaultTopic)
	if d == nil {
		return nil, fmt.Sprintf("the default topic[%s] does not exist", defaultTopic)
	}
	if defaultTopic == compat.TopicAutoCreate && !autoCreate || d.Perm&protocol.PermInherit == 0 {
		return nil, fmt.Sprintf("the default topic[%s] has no inherit permission (autoCreateTopicEnable=%v)", defaultTopic,
			autoCreate)
	}
	if err := t.Full(); err != nil {
		return nil, err.Error()
	}
	c := protocol.NewTopicConfig(topic)
	c.ReadQueueNums = max(0, min(queues, d.WriteQueueNums))
	c.WriteQueueNums = c.ReadQueueNums
	c.Perm = d.Perm &^ protocol.PermInherit
	c.TopicSysFlag = sysFlag
	c.TopicFilterType = d.TopicFilterType
	t.store(&c)
	t.Publish(&c)
	return &c, ""
}

// Ensure returns a topic, creating it with the given queues and permission 6: retry and dead letter topics, which are
// at most two for a group, whatever maxTopicNum says. Java: createTopicInSendMessageBackMethod.
func (t *Topics) Ensure(topic string, queues int, order bool, sysFlag int) *protocol.TopicConfig {
	if c := t.Get(topic); c != nil && c.Order == order {
		return c
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var c protocol.TopicConfig
	if old := t.Get(topic); old != nil {
		if old.Order == order {
			return old
		}
		c = *old
	} else {
		c = protocol.NewTopicConfig(topic)
		c.ReadQueueNums, c.WriteQueueNums = queues, queues
		c.Perm, c.TopicSysFlag = protocol.PermRead|protocol.PermWrite, sysFlag
	}
	c.Order = order
	t.store(&c)
	t.Publish(&c)
	return &c
}

// Update creates or replaces a topic and tells the NameServers. Attributes of c are changes (+key, -key); a bad one
// is an error with Java's text.
func (t *Topics) Update(c protocol.TopicConfig) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.Get(c.TopicName)
	var current map[string]string
	if old != nil {
		current = old.Attributes
	} else if err := t.Full(); err != nil {
		return err
	}
	attrs, err := alterAttributes(old == nil, TopicAttributes, current, c.Attributes)
	if err != nil {
		return err
	}
	c.Attributes = attrs
	t.store(&c)
	t.Publish(&c) // under mu: see namesrvLink.incremental
	return nil
}

// Remove deletes a topic and tells whether it was there.
func (t *Topics) Remove(topic string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.entries.LoadAndDelete(topic); !ok {
		return false
	}
	t.size.Add(-1)
	t.version.Next(0)
	t.Changed()
	return true
}

// Load fills the table from topics.json.
func (t *Topics) Load(data []byte) error {
	var w protocol.TopicConfigSerializeWrapper
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, c := range w.TopicConfigTable {
		if t.accept(name, c) {
			t.put(c)
		}
	}
	t.version = w.DataVersion
	return nil
}

// ReadTopics reads the table of a store directory, for those who look at it without running a broker on it, and to open
// the store. Without a file it is empty, as it is beside an error.
func ReadTopics(fsys vfs.FS, root string) (*Topics, error) {
	t := NewTopics()
	if err := NewPersister(fsys, root, nil).Load("topics.json", t.Load); err != nil {
		return NewTopics(), fmt.Errorf("config/topics.json below %s: %w", root, err)
	}
	return t, nil
}

// accept makes a topic of a file or of the master one that can be used, and tells whether it is; what it left out or
// cut is in Odd. The caller holds mu.
func (t *Topics) accept(name string, c *protocol.TopicConfig) bool {
	if c == nil {
		return false
	}
	if !compat.IsFolderName(name) {
		t.Odd = append(t.Odd, name)
		return false
	}
	c.TopicName = strings.Clone(name) // what counts, as in Java
	if max(c.ReadQueueNums, c.WriteQueueNums) > MaxQueueNumber+1 {
		t.Odd = append(t.Odd, name)
		c.ReadQueueNums = min(c.ReadQueueNums, MaxQueueNumber+1)
		c.WriteQueueNums = min(c.WriteQueueNums, MaxQueueNumber+1)
	}
	return true
}

// Encode is the content of topics.json.
func (t *Topics) Encode() ([]byte, error) {
	v, all := t.Snapshot()
	return compat.MarshalPretty(protocol.TopicConfigSerializeWrapper{DataVersion: v, TopicConfigTable: all})
}

// SystemTopic is a topic that every broker has.
type SystemTopic struct {
	Name   string
	Queues int
	Perm   int
	Absent bool // switched off: the name is reserved all the same
}

// AddSystem puts the topics that every broker has, and returns the reserved names. Java: TopicConfigManager.init.
func (t *Topics) AddSystem(system []SystemTopic) map[string]bool {
	names := map[string]bool{}
	for _, s := range system {
		names[s.Name] = true
		if s.Absent {
			continue
		}
		tc := protocol.NewTopicConfig(s.Name)
		tc.ReadQueueNums, tc.WriteQueueNums, tc.Perm = s.Queues, s.Queues, s.Perm
		t.put(&tc)
	}
	t.system = names
	return names
}

// Names lists the topics in order.
func (t *Topics) Names() []string {
	_, all := t.Snapshot()
	return slices.Sorted(maps.Keys(all))
}

// Republish counts a change of all topics and registers them again: their permissions look different from outside.
func (t *Topics) Republish() {
	t.mu.Lock()
	t.version.Next(0)
	var all []*protocol.TopicConfig
	t.Each(func(e *Topic) bool {
		all = append(all, &e.TopicConfig)
		return true
	})
	t.mu.Unlock()
	for _, c := range all {
		t.Publish(c)
	}
}

// DescribeTopic prints a topic as Java's TopicConfig.toString does: it is part of a remark.
func DescribeTopic(t *protocol.TopicConfig) string {
	perm := []byte("---")
	if t.Perm&protocol.PermRead != 0 {
		perm[0] = 'R'
	}
	if t.Perm&protocol.PermWrite != 0 {
		perm[1] = 'W'
	}
	if t.Perm&protocol.PermInherit != 0 {
		perm[2] = 'X'
	}
	return fmt.Sprintf("TopicConfig [topicName=%s, readQueueNums=%d, writeQueueNums=%d, perm=%s, topicFilterType=%s, "+
		"topicSysFlag=%d, order=%v, attributes=%s]",
		t.TopicName, t.ReadQueueNums, t.WriteQueueNums, perm, t.TopicFilterType, t.TopicSysFlag, t.Order,
		describeMap(t.Attributes))
}

func describeMap(m map[string]string) string {
	parts := make([]string, 0, len(m))
	for k, v := range m {
		parts = append(parts, k+"="+v)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// Len is the number of topics.
func (t *Topics) Len() int64 { return t.size.Load() }

// MayHold tells whether a message whose properties name its real topic and queue may go there: not to where a client
// could not have sent it.
func MayHold(topic string, queue int64) bool {
	return queue >= 0 && queue <= MaxQueueNumber && !compat.IsSendForbidden(topic) && compat.IsFolderName(topic)
}
