package broker

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/compat"
)

// missingTopics are topics of which a slave has messages, and which it does not know: they were made on the master a
// moment ago. If that dies before they come over, a slave that becomes master makes them itself, or their messages,
// which were acknowledged, could not be read. Java's slave asks every 10 s, and loses what was made since.
type missingTopics struct {
	// leading is on while a slave becomes master: what was held shows itself then, and may be of such topics.
	leading atomic.Bool

	mu    sync.Mutex
	names map[string]time.Time // guarded by mu; when its last message came; maxMissing at most
}

// maxMissing bounds them: of so many topics made within moments nobody is lost.
const maxMissing = 10_000

func (m *missingTopics) note(topic string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names == nil {
		m.names = map[string]time.Time{}
	}
	if _, there := m.names[topic]; there || len(m.names) < maxMissing {
		m.names[topic] = time.Now()
	}
}

// take returns those of which messages came since, and forgets all: the others have been heard of, or deleted.
func (m *missingTopics) take(since time.Time) (names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, at := range m.names {
		if at.After(since) {
			names = append(names, name)
		}
	}
	m.names = nil
	slices.Sort(names)
	return names
}

// makeMissing makes the topics that are still missing, with as many queues as there are, and no fewer than a new topic
// has. How they were made is not known here. synced is when the master's tables came over last.
func (b *Broker) makeMissing(synced time.Time) {
	for _, name := range b.missing.take(synced.Add(-time.Second)) {
		ids := b.store.Queues(name)
		if b.topics.Get(name) != nil || len(ids) == 0 || b.systemTopics[name] || compat.ValidateTopic(name) != nil {
			continue
		}
		n := max(b.cfg().DefaultTopicQueueNums, int(slices.Max(ids))+1)
		b.topics.Ensure(name, n, false, 0)
		b.log.Warn().Str("topic", name).Int("queues", n).
			Msg("the master that made this topic died before its slaves knew it: it is made again, with defaults")
	}
}
