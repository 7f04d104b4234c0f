package static

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// Mappings holds the static topics that this broker has a share in: which logic queues are made of which physical
// ones, on which brokers. Handlers read it without a lock; on a broker without static topics they see nil and go on.
// Java: TopicQueueMappingManager.
type Mappings struct {
	// nil: no static topics. The map and what it holds are immutable
	all atomic.Pointer[map[string]*protocol.TopicQueueMappingDetail]

	mu      sync.Mutex         // serializes changes
	version compat.DataVersion // guarded by mu
	Changed func()             // marks topicQueueMapping.json; immutable after Start
}

func (t *Mappings) init() { t.version, t.Changed = compat.NewDataVersion(), func() {} }

// Of returns the mapping that a request has to go through: nil for an ordinary topic, and when another broker has
// done it already (lo=false).
func (t *Mappings) Of(topic, lo string) *protocol.TopicQueueMappingDetail {
	all := t.all.Load()
	if all == nil {
		return nil
	}
	return mappingFor(*all, topic, lo)
}

func mappingFor(all map[string]*protocol.TopicQueueMappingDetail, topic, lo string) *protocol.TopicQueueMappingDetail {
	if lo != "" && !strings.EqualFold(lo, "true") {
		return nil
	}
	return all[topic]
}

// Current is the table as of now; it must not be changed.
func (t *Mappings) Current() map[string]*protocol.TopicQueueMappingDetail {
	if all := t.all.Load(); all != nil {
		return *all
	}
	return nil
}

// Snapshot returns the version and all mappings as of one moment.
func (t *Mappings) Snapshot() (compat.DataVersion, map[string]*protocol.TopicQueueMappingDetail) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.Current()
	if all == nil {
		all = map[string]*protocol.TopicQueueMappingDetail{}
	}
	return t.version, all
}

// Update takes a mapping over, or says why not, with Java's text. d must not be changed afterwards. Java:
// updateTopicQueueMapping.
func (t *Mappings) Update(d *protocol.TopicQueueMappingDetail, force bool) error {
	if err := d.Check(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	merged, err := d.Follow(t.Current()[d.Topic], force)
	if err != nil {
		return err
	}
	t.replace(func(all map[string]*protocol.TopicQueueMappingDetail) { all[strings.Clone(d.Topic)] = merged })
	return nil
}

// Remove forgets a topic.
func (t *Mappings) Remove(topic string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Current()[topic] != nil {
		t.replace(func(all map[string]*protocol.TopicQueueMappingDetail) { delete(all, topic) })
	}
}

// replace changes a copy of the table and counts the change. The caller holds mu.
func (t *Mappings) replace(change func(map[string]*protocol.TopicQueueMappingDetail)) {
	all := maps.Clone(t.Current())
	if all == nil {
		all = map[string]*protocol.TopicQueueMappingDetail{}
	}
	change(all)
	t.publish(all)
	t.version.Next(0)
	t.Changed()
}

// publish shows a table to the handlers. The caller holds mu.
func (t *Mappings) publish(all map[string]*protocol.TopicQueueMappingDetail) {
	if len(all) == 0 {
		t.all.Store(nil)
		return
	}
	t.all.Store(&all)
}

// Infos returns what the NameServers are told about the static ones of these topics.
func (t *Mappings) Infos(topics map[string]*protocol.TopicConfig) map[string]*protocol.TopicQueueMappingInfo {
	out := map[string]*protocol.TopicQueueMappingInfo{}
	for topic, d := range t.Current() {
		if topics[topic] != nil {
			out[topic] = d.Info()
		}
	}
	return out
}

// Load fills the table from topicQueueMapping.json.
func (t *Mappings) Load(data []byte) error {
	var w protocol.TopicQueueMappingSerializeWrapper
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.take(w.DataVersion, w.TopicQueueMappingInfoMap)
	return nil
}

// take makes the table another one. The caller holds mu.
func (t *Mappings) take(v compat.DataVersion, all map[string]*protocol.TopicQueueMappingDetail) {
	maps.DeleteFunc(all, func(_ string, d *protocol.TopicQueueMappingDetail) bool { return d == nil })
	t.publish(all)
	t.version = v
}

// CurrentVersion returns the version of the table.
func (t *Mappings) CurrentVersion() compat.DataVersion {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.version
}

// Follow makes the mappings of a slave those of its master. all belongs to the Mappings afterwards. What would be no
// mapping here is left out and named.
func (t *Mappings) Follow(v compat.DataVersion, all map[string]*protocol.TopicQueueMappingDetail) (odd []string) {
	for topic, d := range all {
		if d != nil && (d.Topic != topic || d.Check() != nil) {
			odd = append(odd, topic)
			delete(all, topic)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.take(v, all)
	t.Changed()
	return odd
}

// Encode is the content of topicQueueMapping.json.
func (t *Mappings) Encode() ([]byte, error) {
	v, all := t.Snapshot()
	return compat.MarshalPretty(protocol.TopicQueueMappingSerializeWrapper{DataVersion: v, TopicQueueMappingInfoMap: all})
}

// Any tells whether there is any static topic.
func (t *Mappings) Any() bool { return t.all.Load() != nil }
