package meta

import (
	"math"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// What a slave's tables take over from its master's. Java: SlaveSynchronize.

// Follow makes the topics those of the master, as of version v. The system's own stay. It returns the topics that are
// gone. table belongs to the Topics afterwards.
func (t *Topics) Follow(v compat.DataVersion, table map[string]*protocol.TopicConfig) (gone []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Each(func(e *Topic) bool {
		if table[e.TopicName] == nil && !t.system[e.TopicName] {
			gone = append(gone, e.TopicName)
		}
		return true
	})
	for _, name := range gone {
		t.entries.Delete(name)
		t.size.Add(-1)
	}
	for name, c := range table {
		if t.accept(name, c) {
			t.put(c)
		}
	}
	t.version = v
	t.Changed()
	return gone
}

// CurrentVersion returns the version of the table.
func (g *Groups) CurrentVersion() compat.DataVersion {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.version
}

// Follow makes the groups those of the master. The system's own stay. w belongs to the Groups afterwards.
func (g *Groups) Follow(w protocol.SubscriptionGroupWrapper) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.entries.Range(func(name string, _ *protocol.SubscriptionGroupConfig) bool {
		if w.SubscriptionGroupTable[name] == nil && !IsBuiltInGroup(name) {
			g.entries.Delete(name)
			g.size.Add(-1)
		}
		return true
	})
	g.take(w)
	g.Changed()
}

// Follow makes the request modes those of the master. w belongs to the Modes afterwards.
func (r *Modes) Follow(w ModesWrapper) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.MessageRequestModeMap == nil {
		w.MessageRequestModeMap = map[string]map[string]Mode{}
	}
	r.take(w)
	r.Changed()
}

// Follow takes the master's offsets over, but those of which mine says that this broker knows better. Offsets that the
// master does not have stay, as in Java.
func (t *Offsets) Follow(w protocol.ConsumerOffsetSerializeWrapper, mine func(OffsetKey, int32, int64) bool) {
	for key, queues := range w.OffsetTable {
		topic, group, ok := strings.Cut(key, "@")
		if !ok {
			continue
		}
		q := t.orCreate(group, topic)
		for queue, off := range queues {
			if queue < 0 || queue > math.MaxInt32 || mine(OffsetKey{group, topic}, int32(queue), off) {
				continue
			}
			q.mu.Lock()
			added := q.set(int32(queue), off)
			q.mu.Unlock()
			if added {
				t.size.Add(1)
			}
		}
	}
	if w.DataVersion != nil {
		t.mu.Lock()
		t.version = *w.DataVersion
		t.mu.Unlock()
	}
	t.Changed()
}
