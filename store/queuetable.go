package store

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"gorocket/compat"
	"gorocket/store/dispatch"
)

// queueShards spreads the lock over the queues; a power of two.
const queueShards = 32

// queueKey names a queue.
type queueKey struct {
	topic string
	id    int32
}

// queueTable holds all consume queues.
type queueTable struct {
	shards  [queueShards]queueShard
	simple  *cqFiles          // immutable after Open
	batches *cqFiles          // immutable after Open
	isBatch func(string) bool // tells that a topic has queue.type=BatchCQ; may be nil; immutable
	light   atomic.Int64      // queues whose topic begins with lmqPrefix
	memory  atomic.Int64      // bytes of entry buffers of all queues
}

type queueShard struct {
	mu   sync.RWMutex
	m    map[string]*topicQueues     // by topic; guarded by mu
	last atomic.Pointer[topicQueues] // found last, nil when it may be gone; set with mu held
}

// topicQueues are the queues of a topic. Those with small numbers, which are nearly all, are found without a lock.
type topicQueues struct {
	topic string                           // immutable
	few   [fewQueues]atomic.Pointer[queue] // by number; set with the shard's mu held
	rest  map[int32]*queue                 // the others; guarded by the shard's mu
}

const fewQueues = 8

func (t *queueTable) shard(topic string) *queueShard {
	h := uint32(len(topic))
	if n := len(topic); n > 0 {
		h += uint32(topic[n-1])*7 + uint32(topic[n/2])*3
	}
	return &t.shards[h%queueShards]
}

func (t *queueTable) get(topic string, id int32) *queue {
	sh := t.shard(topic)
	tq := sh.topic(topic)
	if tq == nil {
		return nil
	}
	if uint32(id) < fewQueues {
		return tq.find(id)
	}
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return tq.find(id)
}

// topic finds the queues of a topic, nil when there is none.
func (sh *queueShard) topic(topic string) *topicQueues {
	if tq := sh.last.Load(); tq != nil && tq.topic == topic {
		return tq
	}
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	tq := sh.m[topic]
	if tq != nil {
		sh.last.Store(tq)
	}
	return tq
}

// hasFolder tells whether a queue can have files: the one rule for names and numbers that become a path.
func hasFolder(topic string, id int32) bool { return id >= 0 && compat.IsFolderName(topic) }

// getOrCreate finds a queue or makes an empty one of the kind its topic has; a record that is an inner batch (batch
// set) makes a batch queue in any case. The kind is decided by the first record that has an entry: a queue that never
// had one, because its record was refused, gives way. Caller holds the append lock or is Open.
func (t *queueTable) getOrCreate(topic string, id int32, batch bool) *queue {
	if q := t.get(topic, id); q != nil && (q.used() || q.files == t.kind(topic, batch)) {
		return q
	}
	sh := t.shard(topic)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	tq := sh.m[topic]
	if tq == nil {
		tq = sh.add(topic)
	}
	q, old := &queue{topic: topic, id: id, first: -1, files: t.kind(topic, batch)}, tq.find(id)
	if old != nil && (old.used() || old.files == q.files) {
		return old
	}
	q.deleted = !hasFolder(topic, id) // a record of an older version or of Java: it can be read, but has no files
	if old == nil && strings.HasPrefix(topic, dispatch.LightPrefix) {
		t.light.Add(1)
	}
	tq.add(q)
	return q
}

// kind is the folder of new queues of a topic.
func (t *queueTable) kind(topic string, batch bool) *cqFiles {
	if batch || t.isBatch != nil && t.isBatch(topic) {
		return t.batches
	}
	return t.simple
}

// add makes a topic without queues. Caller holds mu.
func (sh *queueShard) add(topic string) *topicQueues {
	if sh.m == nil {
		sh.m = make(map[string]*topicQueues)
	}
	tq := &topicQueues{topic: topic}
	sh.m[topic] = tq
	return tq
}

// find returns a queue, nil when it is not there. Caller holds the shard's mu, but for a number below fewQueues.
func (tq *topicQueues) find(id int32) *queue {
	if uint32(id) < fewQueues {
		return tq.few[id].Load()
	}
	return tq.rest[id]
}

// add adds a queue. Caller holds the shard's mu for writing.
func (tq *topicQueues) add(q *queue) {
	if uint32(q.id) < fewQueues {
		tq.few[q.id].Store(q)
		return
	}
	if tq.rest == nil {
		tq.rest = map[int32]*queue{}
	}
	tq.rest[q.id] = q
}

// list appends all queues. Caller holds the shard's mu.
func (tq *topicQueues) list(out []*queue) []*queue {
	for i := range tq.few {
		if q := tq.few[i].Load(); q != nil {
			out = append(out, q)
		}
	}
	for _, q := range tq.rest {
		out = append(out, q)
	}
	return out
}

// each calls fn for every queue until it returns false. fn may not create or remove queues.
func (t *queueTable) each(fn func(q *queue) bool) {
	for i := range t.shards {
		for _, q := range t.shards[i].list() {
			if !fn(q) {
				return
			}
		}
	}
}

func (sh *queueShard) list() []*queue {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	out := make([]*queue, 0, len(sh.m))
	for _, tq := range sh.m {
		out = tq.list(out)
	}
	return out
}

// remove takes the queues of a topic out of the table.
func (t *queueTable) remove(topic string) []*queue {
	sh := t.shard(topic)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	tq := sh.m[topic]
	if tq == nil {
		return nil
	}
	sh.last.Store(nil)
	delete(sh.m, topic)
	gone := tq.list(nil)
	for i := range tq.few { // for who has found tq already
		tq.few[i].Store(nil)
	}
	tq.rest = nil
	if strings.HasPrefix(topic, dispatch.LightPrefix) {
		t.light.Add(-int64(len(gone)))
	}
	return gone
}

// topics lists the topics that have a queue, sorted.
func (t *queueTable) topics() []string {
	out := []string{}
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.RLock()
		for topic := range sh.m {
			out = append(out, topic)
		}
		sh.mu.RUnlock()
	}
	slices.Sort(out)
	return out
}

// ids lists the queues of a topic, sorted.
func (t *queueTable) ids(topic string) []int32 {
	sh := t.shard(topic)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	var out []int32
	if tq := sh.m[topic]; tq != nil {
		for _, q := range tq.list(nil) {
			out = append(out, q.id)
		}
	}
	slices.Sort(out)
	return out
}
