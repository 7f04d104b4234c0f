package meta

import (
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// OffsetKey names a group's position on a topic.
type OffsetKey struct{ Group, Topic string }

// queueOffsets are the offsets of one group on one topic.
type queueOffsets struct {
	mu        sync.Mutex
	committed map[int32]int64 // guarded by mu; queue -> next offset to consume
	reset     map[int32]int64 // guarded by mu; resets that wait for the next pull
	gone      bool            // guarded by mu; no longer in the table

	messages, bytes int64 // guarded by mu; handed out since the start; pulled positions only
	pulls           int64 // guarded by mu; that found messages; pulled positions only
}

// set stores an offset; it tells whether that is a new one. The caller holds mu.
func (q *queueOffsets) set(queue int32, offset int64) (added bool) {
	_, had := q.committed[queue]
	q.committed[queue] = offset
	return !had && !q.gone
}

// at is the committed offset, -1 when there is none. A reset that waits counts. The caller holds mu.
func (q *queueOffsets) at(queue int32) int64 {
	if off, ok := q.reset[queue]; ok {
		return off
	}
	if off, ok := q.committed[queue]; ok {
		return off
	}
	return -1
}

// Offsets holds consumer offsets. Java: ConsumerOffsetManager.
type Offsets struct {
	entries sync.Map     // offsetKey -> *queueOffsets
	size    atomic.Int64 // offsets in committed
	Limit   func() int   // maxConsumerOffsetNum
	Changed func()
	Light   bool // groups of light queues have a file of their own; immutable after Start
	// Committed is told of every commit of a client, on a slave; nil on others. Immutable after Start
	Committed func(k OffsetKey, queue int32, offset int64)

	mu      sync.Mutex
	version compat.DataVersion // guarded by mu
}

// NewOffsets makes an empty table without a limit.
func NewOffsets() *Offsets {
	return &Offsets{version: compat.NewDataVersion(), Limit: func() int { return math.MaxInt }, Changed: func() {}}
}

func (t *Offsets) of(group, topic string) *queueOffsets {
	if v, ok := t.entries.Load(OffsetKey{group, topic}); ok {
		return v.(*queueOffsets)
	}
	return nil
}

func (t *Offsets) orCreate(group, topic string) *queueOffsets {
	if q := t.of(group, topic); q != nil {
		return q
	}
	v, _ := t.entries.LoadOrStore(OffsetKey{strings.Clone(group), strings.Clone(topic)},
		&queueOffsets{committed: map[int32]int64{}})
	return v.(*queueOffsets)
}

// Commit stores an offset; going backwards is allowed, as in Java. The error is a *TableFullError.
func (t *Offsets) Commit(group, topic string, queue int32, offset int64) error {
	err := t.change(group, topic, queue, func(q *queueOffsets) bool { return q.set(queue, offset) })
	if err == nil {
		t.committed(group, topic, queue, offset)
	}
	return err
}

// committed tells of a client's commit.
func (t *Offsets) committed(group, topic string, queue int32, offset int64) {
	if t.Committed != nil {
		t.Committed(OffsetKey{strings.Clone(group), strings.Clone(topic)}, queue, offset)
	}
}

// Forward is Commit, but an offset that is as far or further on stays: for commits that are not the client's own words,
// and may have been overtaken by those. It tells whether the offset has moved.
func (t *Offsets) Forward(group, topic string, queue int32, offset int64) (moved bool, err error) {
	if moved, err = t.forward(group, topic, queue, offset); moved && err == nil {
		t.committed(group, topic, queue, offset)
	}
	return moved, err
}

// forward is Forward of what another broker knows: nobody is told of it.
func (t *Offsets) forward(group, topic string, queue int32, offset int64) (moved bool, err error) {
	err = t.change(group, topic, queue, func(q *queueOffsets) bool {
		if moved = offset > q.at(queue); !moved {
			return false
		}
		return q.set(queue, offset)
	})
	return moved, err
}

// Pulled notes where the next pull will be, and what this one has handed out. The error is a *TableFullError; nothing
// is counted then.
func (t *Offsets) Pulled(group, topic string, queue int32, next, messages, bytes int64) error {
	return t.change(group, topic, queue, func(q *queueOffsets) bool {
		q.messages += messages
		q.bytes += bytes
		if messages > 0 {
			q.pulls++
		}
		return q.set(queue, next)
	})
}

// change applies set to a group's offsets on a topic, unless that would add one too many. set gets them locked and
// tells whether it added one.
func (t *Offsets) change(group, topic string, queue int32, set func(q *queueOffsets) (added bool)) error {
	if limit := t.Limit(); t.size.Load() >= int64(limit) && !t.has(group, topic, queue) && !IsBuiltInGroup(group) {
		return &TableFullError{"consumer offsets", "maxConsumerOffsetNum", int64(limit)}
	}
	q := t.orCreate(group, topic)
	q.mu.Lock()
	added := set(q)
	q.mu.Unlock()
	if added {
		t.size.Add(1)
	}
	t.Changed()
	return nil
}

func (t *Offsets) has(group, topic string, queue int32) bool {
	q := t.of(group, topic)
	if q == nil {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.committed[queue]
	return ok
}

// Query returns the committed offset, -1 when there is none. A reset that waits counts.
func (t *Offsets) Query(group, topic string, queue int32) int64 {
	q := t.of(group, topic)
	if q == nil {
		return -1
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.at(queue)
}

// HasReset tells whether a reset waits for the next pull of the queue.
func (t *Offsets) HasReset(group, topic string, queue int32) bool {
	q := t.of(group, topic)
	if q == nil {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.reset[queue]
	return ok
}

// AssignReset sets the offset that the next pull of the queue is told, and the committed one with it. Java:
// assignResetOffset.
func (t *Offsets) AssignReset(group, topic string, queue int32, offset int64) error {
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

// CommittedOf returns a copy of a group's offsets on a topic, nil when there are none.
func (t *Offsets) CommittedOf(group, topic string) map[int32]int64 {
	q := t.of(group, topic)
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.committed)
}

// TakeReset returns and forgets a waiting reset. Java: queryThenEraseResetOffset.
func (t *Offsets) TakeReset(group, topic string, queue int32) (int64, bool) {
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

// RemoveTopic forgets all offsets of a topic.
func (t *Offsets) RemoveTopic(topic string) {
	t.removeIf(func(k OffsetKey) bool { return k.Topic == topic })
}

// RemoveGroup forgets all offsets of a group.
func (t *Offsets) RemoveGroup(group string) {
	t.removeIf(func(k OffsetKey) bool { return k.Group == group })
}

func (t *Offsets) removeIf(match func(OffsetKey) bool) {
	t.entries.Range(func(k, _ any) bool {
		if match(k.(OffsetKey)) {
			if v, was := t.entries.LoadAndDelete(k); was {
				t.size.Add(-v.(*queueOffsets).leave())
			}
			t.Changed()
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

// Wrapper returns the table in the shape of consumerOffset.json.
func (t *Offsets) Wrapper(next bool) protocol.ConsumerOffsetSerializeWrapper {
	t.mu.Lock()
	if next {
		t.version.Next(0)
	}
	v := t.version
	t.mu.Unlock()
	w := protocol.ConsumerOffsetSerializeWrapper{DataVersion: &v, OffsetTable: map[string]map[int]int64{}}
	t.entries.Range(func(k, val any) bool {
		key, q := k.(OffsetKey), val.(*queueOffsets)
		if t.Light && IsLight(key.Group) {
			return true
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		m := make(map[int]int64, len(q.committed))
		for queue, off := range q.committed {
			m[int(queue)] = off
		}
		w.OffsetTable[key.Topic+"@"+key.Group] = m
		return true
	})
	return w
}

// Encode is the content of consumerOffset.json; each call counts as a version.
func (t *Offsets) Encode() ([]byte, error) { return compat.MarshalPretty(t.Wrapper(true)) }

// Load fills the table from consumerOffset.json.
func (t *Offsets) Load(data []byte) error {
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

// ByGroup lists for every group the topics on which it has committed offsets.
func (t *Offsets) ByGroup() map[string][]string {
	all := map[string][]string{}
	t.Each(func(k OffsetKey) { all[k.Group] = append(all[k.Group], k.Topic) })
	return all
}

// Each visits every group and topic with an offset.
func (t *Offsets) Each(visit func(OffsetKey)) {
	t.entries.Range(func(k, _ any) bool {
		visit(k.(OffsetKey))
		return true
	})
}

// TopicsOf lists the topics of which a group has offsets, sorted; never nil.
func (t *Offsets) TopicsOf(group string) []string {
	topics := []string{}
	t.Each(func(k OffsetKey) {
		if k.Group == group && !slices.Contains(topics, k.Topic) {
			topics = append(topics, k.Topic)
		}
	})
	slices.Sort(topics)
	return topics
}

// EachLeast yields every queue that has committed offsets with the least of them, until yield returns false. The store
// asks before it deletes messages for want of disk space.
func (t *Offsets) EachLeast(yield func(topic string, queueID int32, offset int64) bool) {
	type queue struct {
		topic string
		id    int32
	}
	least := map[queue]int64{}
	t.Each(func(k OffsetKey) {
		for id, off := range t.CommittedOf(k.Group, k.Topic) {
			q := queue{k.Topic, id}
			if have, ok := least[q]; !ok || off < have {
				least[q] = off
			}
		}
	})
	for q, off := range least {
		if !yield(q.topic, q.id, off) {
			return
		}
	}
}

// EachTraffic visits what was handed out to each group of each topic since the start, in messages and bytes.
func (t *Offsets) EachTraffic(visit func(k OffsetKey, messages, bytes int64)) {
	t.entries.Range(func(k, v any) bool {
		q := v.(*queueOffsets)
		q.mu.Lock()
		messages, bytes := q.messages, q.bytes
		q.mu.Unlock()
		if messages > 0 {
			visit(k.(OffsetKey), messages, bytes)
		}
		return true
	})
}

// Handed is what was handed out to one group of one topic since the start, in messages, bytes and pulls.
func (t *Offsets) Handed(k OffsetKey) (messages, bytes, pulls int64) {
	q := t.of(k.Group, k.Topic)
	if q == nil {
		return 0, 0, 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.messages, q.bytes, q.pulls
}

// Len is the number of offsets of all groups.
func (t *Offsets) Len() int64 { return t.size.Load() }
