package store

import (
	"sort"
	"strings"
	"sync"
	"sync/atomic"
)

// queueShards spreads the lock over the queues; a power of two.
const queueShards = 32

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
	m    map[queueKey]*queue   // guarded by mu
	last atomic.Pointer[queue] // found last, nil when it may be gone; set with mu held
}

func (t *queueTable) shard(topic string, id int32) *queueShard {
	h := uint32(id) + uint32(len(topic))
	if n := len(topic); n > 0 {
		h += uint32(topic[n-1])*7 + uint32(topic[n/2])*3
	}
	return &t.shards[h%queueShards]
}

func (t *queueTable) get(topic string, id int32) *queue {
	sh := t.shard(topic, id)
	if q := sh.last.Load(); q != nil && q.id == id && q.topic == topic {
		return q
	}
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	q := sh.m[queueKey{topic, id}]
	if q != nil {
		sh.last.Store(q)
	}
	return q
}

// getOrCreate finds a queue or makes an empty one of the kind its topic has; a record that is an inner batch (batch set) makes a batch queue in any case.
func (t *queueTable) getOrCreate(topic string, id int32, batch bool) *queue {
	if q := t.get(topic, id); q != nil {
		return q
	}
	sh := t.shard(topic, id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	k := queueKey{topic, id}
	if q := sh.m[k]; q != nil {
		return q
	}
	if sh.m == nil {
		sh.m = make(map[queueKey]*queue)
	}
	files := t.simple
	if batch || t.isBatch != nil && t.isBatch(topic) {
		files = t.batches
	}
	q := &queue{topic: topic, id: id, first: -1, files: files}
	if strings.HasPrefix(topic, lmqPrefix) {
		t.light.Add(1)
	}
	sh.m[k] = q
	return q
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
	for _, q := range sh.m {
		out = append(out, q)
	}
	return out
}

// remove takes the queues of a topic out of the table.
func (t *queueTable) remove(topic string) (gone []*queue) {
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		sh.last.Store(nil)
		for k, q := range sh.m {
			if k.topic == topic {
				delete(sh.m, k)
				if strings.HasPrefix(topic, lmqPrefix) {
					t.light.Add(-1)
				}
				gone = append(gone, q)
			}
		}
		sh.mu.Unlock()
	}
	return gone
}

// topics lists the topics that have a queue, sorted.
func (t *queueTable) topics() []string {
	seen := map[string]bool{}
	t.each(func(q *queue) bool { seen[q.topic] = true; return true })
	out := make([]string, 0, len(seen))
	for name := range seen {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// ids lists the queues of a topic, sorted.
func (t *queueTable) ids(topic string) []int32 {
	var out []int32
	t.each(func(q *queue) bool {
		if q.topic == topic {
			out = append(out, q.id)
		}
		return true
	})
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}
