package broker

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store/timer"
)

// topicEntry is a topic and what is counted of it. The configuration is immutable: a change makes another entry with the
// same traffic.
type topicEntry struct {
	protocol.TopicConfig
	traffic *topicTraffic
}

// topicTable holds the topics of this broker. Entries are immutable; a change replaces the entry. Java: TopicConfigManager.
type topicTable struct {
	entries sync.Map // string -> *topicEntry
	size    atomic.Int64
	limit   func() int   // maxTopicNum
	light   bool         // light queues exist as topics of one queue; immutable after New
	queued  topicTraffic // of all light queues together

	mu      sync.Mutex // serializes changes
	version compat.DataVersion
	odd     []string                    // what load left out, as no folder can have the name, or gave fewer queues
	changed func()                      // marks topics.json
	publish func(*protocol.TopicConfig) // tells the NameServers about one topic
}

func newTopicTable() *topicTable {
	return &topicTable{version: compat.NewDataVersion(), limit: func() int { return math.MaxInt }, changed: func() {},
		publish: func(*protocol.TopicConfig) {}}
}

// get returns a topic, nil when there is none. The entry must not be changed.
func (t *topicTable) get(topic string) *protocol.TopicConfig {
	if e := t.find(topic); e != nil {
		return &e.TopicConfig
	}
	return nil
}

// find returns a topic with its figures, nil when there is none.
func (t *topicTable) find(topic string) *topicEntry {
	v, ok := t.entries.Load(topic)
	if ok {
		return v.(*topicEntry)
	}
	if t.light && isLight(topic) {
		e := &topicEntry{protocol.NewTopicConfig(topic), &t.queued}
		e.ReadQueueNums, e.WriteQueueNums = 1, 1
		return e
	}
	return nil
}

// each visits every topic until visit returns false.
func (t *topicTable) each(visit func(*topicEntry) bool) {
	t.entries.Range(func(_, v any) bool { return visit(v.(*topicEntry)) })
}

// isLight tells the name of a light queue, or of a group that reads one. They exist without being made, so what could
// not be a folder, by itself or behind %RETRY%, is none. Java: MixAll.isLmq.
func isLight(name string) bool {
	return strings.HasPrefix(name, "%LMQ%") && len(name) <= compat.RetryTopicMaxLength-len(compat.RetryTopicPrefix) &&
		compat.IsFolderName(name)
}

// isBatch tells whether the topic's queues are batch consume queues. Java: QueueTypeUtils.isBatchCq.
func isBatch(t *protocol.TopicConfig) bool {
	return t != nil && t.Attributes["queue.type"] == "BatchCQ"
}

// isOrder tells whether the topic is marked as order topic; an unknown one is not.
func (t *topicTable) isOrder(topic string) bool {
	c := t.get(topic)
	return c != nil && c.Order
}

// snapshot returns the version and all topics as of one moment.
func (t *topicTable) snapshot() (compat.DataVersion, map[string]*protocol.TopicConfig) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]*protocol.TopicConfig{}
	t.each(func(e *topicEntry) bool {
		all[e.TopicName] = &e.TopicConfig
		return true
	})
	return t.version, all
}

// currentVersion returns the version of the table.
func (t *topicTable) currentVersion() compat.DataVersion {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.version
}

// put adds or replaces an entry. The caller holds mu.
func (t *topicTable) put(c *protocol.TopicConfig) {
	e := &topicEntry{TopicConfig: *c}
	if old, had := t.entries.Load(c.TopicName); had {
		e.traffic = old.(*topicEntry).traffic
	} else {
		e.traffic = new(topicTraffic)
		t.size.Add(1)
	}
	t.entries.Store(c.TopicName, e)
}

// full says why no topic can be created, nil when one can.
func (t *topicTable) full() error {
	if limit := t.limit(); t.size.Load() >= int64(limit) {
		return &tableFullError{"topics", "maxTopicNum", int64(limit)}
	}
	return nil
}

// mayCreate says why a topic cannot be created, nil when it can or is there.
func (t *topicTable) mayCreate(topic string) error {
	if t.get(topic) != nil {
		return nil
	}
	return t.full()
}

// store puts a topic and counts the change. The caller holds mu.
func (t *topicTable) store(c *protocol.TopicConfig) {
	t.put(c)
	t.version.Next(0)
	t.changed()
}

// createByDefault creates a topic at its first send, from the default topic that the producer named. It returns nil and the reason
// when that is not allowed. Java: createTopicInSendMessageMethod.
func (t *topicTable) createByDefault(topic, defaultTopic string, queues int, sysFlag int, autoCreate bool) (*protocol.TopicConfig, string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.get(topic); c != nil {
		return c, ""
	}
	d := t.get(defaultTopic)
	if d == nil {
		return nil, fmt.Sprintf("the default topic[%s] does not exist", defaultTopic)
	}
	if defaultTopic == compat.TopicAutoCreate && !autoCreate || d.Perm&protocol.PermInherit == 0 {
		return nil, fmt.Sprintf("the default topic[%s] has no inherit permission (autoCreateTopicEnable=%v)", defaultTopic, autoCreate)
	}
	if err := t.full(); err != nil {
		return nil, err.Error()
	}
	c := protocol.NewTopicConfig(topic)
	c.ReadQueueNums = max(0, min(queues, d.WriteQueueNums))
	c.WriteQueueNums = c.ReadQueueNums
	c.Perm = d.Perm &^ protocol.PermInherit
	c.TopicSysFlag = sysFlag
	c.TopicFilterType = d.TopicFilterType
	t.store(&c)
	t.publish(&c)
	return &c, ""
}

// ensure returns a topic, creating it with the given queues and permission 6: retry and dead letter topics, which are
// at most two for a group, whatever maxTopicNum says. Java: createTopicInSendMessageBackMethod.
func (t *topicTable) ensure(topic string, queues int, order bool, sysFlag int) *protocol.TopicConfig {
	if c := t.get(topic); c != nil && c.Order == order {
		return c
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var c protocol.TopicConfig
	if old := t.get(topic); old != nil {
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
	t.publish(&c)
	return &c
}

// update creates or replaces a topic and tells the NameServers. Attributes of c are changes (+key, -key); a bad one is an error with Java's text.
func (t *topicTable) update(c protocol.TopicConfig) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.get(c.TopicName)
	var current map[string]string
	if old != nil {
		current = old.Attributes
	} else if err := t.full(); err != nil {
		return err
	}
	attrs, err := alterAttributes(old == nil, topicAttributes, current, c.Attributes)
	if err != nil {
		return err
	}
	c.Attributes = attrs
	t.store(&c)
	t.publish(&c) // under mu: see namesrvLink.incremental
	return nil
}

// remove deletes a topic and tells whether it was there.
func (t *topicTable) remove(topic string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.entries.LoadAndDelete(topic); !ok {
		return false
	}
	t.size.Add(-1)
	t.version.Next(0)
	t.changed()
	return true
}

// load fills the table from topics.json.
func (t *topicTable) load(data []byte) error {
	var w protocol.TopicConfigSerializeWrapper
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, c := range w.TopicConfigTable {
		if c == nil {
			continue
		}
		if !compat.IsFolderName(name) {
			t.odd = append(t.odd, name)
			continue
		}
		c.TopicName = strings.Clone(name) // what counts, as in Java
		if max(c.ReadQueueNums, c.WriteQueueNums) > maxQueueNumber+1 {
			t.odd = append(t.odd, name)
			c.ReadQueueNums = min(c.ReadQueueNums, maxQueueNumber+1)
			c.WriteQueueNums = min(c.WriteQueueNums, maxQueueNumber+1)
		}
		t.put(c)
	}
	t.version = w.DataVersion
	return nil
}

func (t *topicTable) encode() ([]byte, error) {
	v, all := t.snapshot()
	return compat.MarshalPretty(protocol.TopicConfigSerializeWrapper{DataVersion: v, TopicConfigTable: all})
}

// addSystemTopics puts the topics that every broker has. Java: TopicConfigManager.init.
func (t *topicTable) addSystemTopics(c *Config) map[string]bool {
	const rw = protocol.PermRead | protocol.PermWrite
	perm := func(enabled bool) int {
		if enabled {
			return protocol.PermInherit | rw
		}
		return protocol.PermInherit
	}
	system := []struct {
		name   string
		queues int
		perm   int
		when   bool
	}{
		{compat.TopicSelfTest, 1, rw, true},
		{compat.TopicAutoCreate, c.DefaultTopicQueueNums, rw | protocol.PermInherit, c.AutoCreateTopicEnable},
		{compat.TopicBenchmark, 1024, rw, true},
		{c.BrokerClusterName, 16, perm(c.ClusterTopicEnable), true},
		{c.BrokerName, 1, perm(c.BrokerTopicEnable), true},
		{compat.TopicOffsetMoved, 1, rw, true},
		{compat.TopicSchedule, scheduleTopicQueues, rw, true},
		{c.MsgTraceTopicName, 1, rw, c.TraceTopicEnable},
		{c.BrokerClusterName + "_REPLY_TOPIC", 1, rw, true},
		{compat.ReviveTopicPrefix + c.BrokerClusterName, c.ReviveQueueNum, rw, true},
		{compat.SyncMemberPrefix + c.BrokerName, 1, protocol.PermInherit, true},
		{compat.TopicTransHalf, 1, rw, true},
		{compat.TopicTransOpHalf, 1, rw, true},
		{timer.Topic, 1, rw, c.TimerWheelEnable},
	}
	names := map[string]bool{}
	for _, s := range system {
		names[s.name] = true
		if !s.when {
			continue
		}
		tc := protocol.NewTopicConfig(s.name)
		tc.ReadQueueNums, tc.WriteQueueNums, tc.Perm = s.queues, s.queues, s.perm
		t.put(&tc)
	}
	return names
}

// scheduleTopicQueues is the number of queues that SCHEDULE_TOPIC_XXXX is registered with. Java: SCHEDULE_TOPIC_QUEUE_NUM.
const scheduleTopicQueues = 18

// names lists the topics in order.
func (t *topicTable) names() []string {
	_, all := t.snapshot()
	return slices.Sorted(maps.Keys(all))
}
