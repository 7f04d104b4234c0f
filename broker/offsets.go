package broker

import (
	"maps"
	"math"
	"strings"
	"sync"
	"sync/atomic"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// offsetKey names a group's position on a topic.
type offsetKey struct{ group, topic string }

// queueOffsets are the offsets of one group on one topic.
type queueOffsets struct {
	mu        sync.Mutex
	committed map[int32]int64 // guarded by mu; queue -> next offset to consume
	reset     map[int32]int64 // guarded by mu; resets that wait for the next pull
	gone      bool            // guarded by mu; no longer in the table

	messages, bytes int64 // guarded by mu; handed out since the start; pulled positions only
}

// set stores an offset; it tells whether that is a new one. The caller holds mu.
func (q *queueOffsets) set(queue int32, offset int64) (added bool) {
	_, had := q.committed[queue]
	q.committed[queue] = offset
	return !had && !q.gone
}

// offsetTable holds consumer offsets. Java: ConsumerOffsetManager.
type offsetTable struct {
	entries sync.Map     // offsetKey -> *queueOffsets
	size    atomic.Int64 // offsets in committed
	limit   func() int   // maxConsumerOffsetNum
	changed func()
	light   bool // groups of light queues have a file of their own; immutable after Start

	mu      sync.Mutex
	version compat.DataVersion // guarded by mu
}

func newOffsetTable() *offsetTable {
	return &offsetTable{version: compat.NewDataVersion(), limit: func() int { return math.MaxInt }, changed: func() {}}
}

func (t *offsetTable) of(group, topic string) *queueOffsets {
	if v, ok := t.entries.Load(offsetKey{group, topic}); ok {
		return v.(*queueOffsets)
	}
	return nil
}

func (t *offsetTable) orCreate(group, topic string) *queueOffsets {
	if q := t.of(group, topic); q != nil {
		return q
	}
	v, _ := t.entries.LoadOrStore(offsetKey{strings.Clone(group), strings.Clone(topic)}, &queueOffsets{committed: map[int32]int64{}})
	return v.(*queueOffsets)
}

// commit stores an offset; going backwards is allowed, as in Java. The error is a *tableFullError.
func (t *offsetTable) commit(group, topic string, queue int32, offset int64) error {
	return t.change(group, topic, queue, func(q *queueOffsets) bool { return q.set(queue, offset) })
}

// pulled notes where the next pull will be, and what this one has handed out. The error is a *tableFullError; nothing is
// counted then.
func (t *offsetTable) pulled(group, topic string, queue int32, next, messages, bytes int64) error {
	return t.change(group, topic, queue, func(q *queueOffsets) bool {
		q.messages += messages
		q.bytes += bytes
		return q.set(queue, next)
	})
}

// change applies set to a group's offsets on a topic, unless that would add one too many. set gets them locked and
// tells whether it added one.
func (t *offsetTable) change(group, topic string, queue int32, set func(q *queueOffsets) (added bool)) error {
	if limit := t.limit(); t.size.Load() >= int64(limit) && !t.has(group, topic, queue) && !isBuiltIn(group) {
		return &tableFullError{"consumer offsets", "maxConsumerOffsetNum", int64(limit)}
	}
	q := t.orCreate(group, topic)
	q.mu.Lock()
	added := set(q)
	q.mu.Unlock()
	if added {
		t.size.Add(1)
	}
	t.changed()
	return nil
}

func (t *offsetTable) has(group, topic string, queue int32) bool {
	q := t.of(group, topic)
	if q == nil {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.committed[queue]
	return ok
}

// query returns the committed offset, -1 when there is none. A reset that waits counts.
func (t *offsetTable) query(group, topic string, queue int32) int64 {
	q := t.of(group, topic)
	if q == nil {
		return -1
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if off, ok := q.reset[queue]; ok {
		return off
	}
	if off, ok := q.committed[queue]; ok {
		return off
	}
	return -1
}

// hasReset tells whether a reset waits for the next pull of the queue.
func (t *offsetTable) hasReset(group, topic string, queue int32) bool {
	q := t.of(group, topic)
	if q == nil {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.reset[queue]
	return ok
}

// assignReset sets the offset that the next pull of the queue is told, and the committed one with it. Java: assignResetOffset.
func (t *offsetTable) assignReset(group, topic string, queue int32, offset int64) error {
	if queue < 0 || offset < 0 {
		return nil
	}
	return t.change(group, topic, queue, func(q *queueOffsets) bool {
		if q.reset == nil {
			q.reset = map[int32]int64{}
		}
		q.reset[queue] = offset
		return q.set(queue, offset)
	})
}

// committedOf returns a copy of a group's offsets on a topic, nil when there are none.
func (t *offsetTable) committedOf(group, topic string) map[int32]int64 {
	q := t.of(group, topic)
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.committed)
}

// takeReset returns and forgets a waiting reset. Java: queryThenEraseResetOffset.
func (t *offsetTable) takeReset(group, topic string, queue int32) (int64, bool) {
	q := t.of(group, topic)
	if q == nil {
		return 0, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	off, ok := q.reset[queue]
	delete(q.reset, queue)
	return off, ok
}

// removeTopic and removeGroup forget all offsets of a topic or a group.
func (t *offsetTable) removeTopic(topic string) {
	t.removeIf(func(k offsetKey) bool { return k.topic == topic })
}

func (t *offsetTable) removeGroup(group string) {
	t.removeIf(func(k offsetKey) bool { return k.group == group })
}

func (t *offsetTable) removeIf(match func(offsetKey) bool) {
	t.entries.Range(func(k, _ any) bool {
		if match(k.(offsetKey)) {
			if v, was := t.entries.LoadAndDelete(k); was {
				t.size.Add(-v.(*queueOffsets).leave())
			}
			t.changed()
		}
		return true
	})
}

// leave marks what was taken out of the table and returns how many offsets went with it.
func (q *queueOffsets) leave() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.gone = true
	return int64(len(q.committed))
}

// wrapper returns the table in the shape of consumerOffset.json.
func (t *offsetTable) wrapper(next bool) protocol.ConsumerOffsetSerializeWrapper {
	t.mu.Lock()
	if next {
		t.version.Next(0)
	}
	v := t.version
	t.mu.Unlock()
	w := protocol.ConsumerOffsetSerializeWrapper{DataVersion: &v, OffsetTable: map[string]map[int]int64{}}
	t.entries.Range(func(k, val any) bool {
		key, q := k.(offsetKey), val.(*queueOffsets)
		if t.light && isLight(key.group) {
			return true
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		m := make(map[int]int64, len(q.committed))
		for queue, off := range q.committed {
			m[int(queue)] = off
		}
		w.OffsetTable[key.topic+"@"+key.group] = m
		return true
	})
	return w
}

func (t *offsetTable) encode() ([]byte, error) { return compat.MarshalPretty(t.wrapper(true)) }

// load fills the table from consumerOffset.json.
func (t *offsetTable) load(data []byte) error {
	var w protocol.ConsumerOffsetSerializeWrapper
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	t.fill(w.OffsetTable)
	if w.DataVersion != nil {
		t.mu.Lock()
		t.version = *w.DataVersion
		t.mu.Unlock()
	}
	return nil
}
