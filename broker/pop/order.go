package pop

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"gorocket/compat"
)

// orderInfo is which messages of a queue a group has popped in order, and which of them are acknowledged. A new pop
// replaces it. Java: QueueLevelConsumerManager.OrderInfo.
type orderInfo struct {
	PopTime   int64           `json:"popTime"` // ms since 1970
	Invisible int64           `json:"i"`       // ms
	Offsets   []int64         `json:"o"`       // the first queue offset, and the distances of the others from it
	Visible   map[int64]int64 `json:"ot"`      // by queue offset: when it becomes visible, ms, where a client has changed that
	Consumed  map[int64]int32 `json:"oc"`      // by queue offset: how often it was popped before; nil for 0
	Last      int64           `json:"l"`       // when it was popped last, ms since 1970
	Bits      int64           `json:"cm"`      // bit i: message i is acknowledged
	Attempt   *string         `json:"a"`       // of the request; nil: it had none
}

// maxOrdered is how many messages an orderInfo has bits for.
const maxOrdered = 64

func (o *orderInfo) offset(i int) int64 {
	if i == 0 {
		return o.Offsets[0]
	}
	return o.Offsets[0] + o.Offsets[i]
}

func (o *orderInfo) index(offset int64) int {
	for i := range o.Offsets {
		if o.offset(i) == offset {
			return i
		}
	}
	return -1
}

// visibleAt is when the last message that waits becomes visible, ms; 0 when none waits.
func (o *orderInfo) visibleAt() (at int64) {
	for i := range o.Offsets {
		if o.Bits&(1<<i) != 0 {
			continue
		}
		when, changed := o.Visible[o.offset(i)]
		if !changed {
			when = o.PopTime + o.Invisible
		}
		at = max(at, when)
	}
	return at
}

// next is the offset to commit: of the first message that is not acknowledged, or behind the last.
func (o *orderInfo) next() int64 {
	for i := range o.Offsets {
		if o.Bits&(1<<i) == 0 {
			return o.offset(i)
		}
	}
	return o.offset(len(o.Offsets)-1) + 1
}

// count notes how often each message was popped before. An equal attempt is the same one, made again.
func (o *orderInfo) count(before *orderInfo) {
	if before == nil {
		return
	}
	if before.Attempt != nil && o.Attempt != nil && *before.Attempt == *o.Attempt {
		o.Consumed = before.Consumed
		return
	}
	for i := range o.Offsets {
		if at := o.offset(i); before.index(at) >= 0 {
			if o.Consumed == nil {
				o.Consumed = map[int64]int32{}
			}
			o.Consumed[at] = before.Consumed[at] + 1
		}
	}
}

// orders holds the orderInfos of all queues and groups: consumerOrderInfo.json. Any goroutine.
type orders struct {
	changed func() // marks the file; immutable after Start
	// note has each change on disk, with the offset to commit, which it commits; -1: none. It is called under mu
	note func(key laneKey, o *orderInfo, commit int64)

	mu    sync.Mutex
	table map[laneKey]*orderInfo // guarded by mu; an orderInfo is replaced, never changed
	wakes map[laneKey]int64      // guarded by mu; when the block of a queue ends, ms since 1970
}

func newOrders() *orders {
	return &orders{changed: func() {}, note: func(laneKey, *orderInfo, int64) {}, table: map[laneKey]*orderInfo{},
		wakes: map[laneKey]int64{}}
}

// put stores o, or nil for none, and commits an offset, unless it is -1. The caller holds mu.
func (t *orders) put(key laneKey, o *orderInfo, now, commit int64) {
	t.set(key, o, now)
	t.note(key, o, commit)
}

// restore is put of what is noted already.
func (t *orders) restore(key laneKey, o *orderInfo, now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set(key, o, now)
}

// set stores o, or nil for none. The caller holds mu.
func (t *orders) set(key laneKey, o *orderInfo, now int64) {
	delete(t.wakes, key)
	if o == nil {
		delete(t.table, key)
	} else {
		t.table[key] = o
		if at := o.visibleAt(); at > now {
			t.wakes[key] = at
		}
	}
	t.changed()
}

// blocked tells that messages of the queue are out and not visible yet, unless the same attempt asks again.
func (t *orders) blocked(key laneKey, attempt string, now int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.table[key]
	if o == nil || attempt != "" && o.Attempt != nil && *o.Attempt == attempt {
		return false
	}
	return o.visibleAt() > now
}

// popped notes what was handed out, offsets in order, and returns the entries of orderCountInfo behind counts.
func (t *orders) popped(key laneKey, p *Pop, offsets []int64, counts []byte) []byte {
	o := &orderInfo{PopTime: p.PopTime, Invisible: p.Invisible, Last: p.PopTime, Offsets: slices.Clone(offsets)}
	for i := 1; i < len(offsets); i++ {
		o.Offsets[i] -= offsets[0]
	}
	if p.AttemptID != "" {
		attempt := strings.Clone(p.AttemptID)
		o.Attempt = &attempt
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	o.count(t.table[key])
	key.topic, key.group = strings.Clone(key.topic), strings.Clone(key.group)
	t.put(key, o, p.PopTime, p.query.Offset)
	least := int32(0)
	for i, at := range offsets {
		n := o.Consumed[at]
		if least = min(least, n); i == 0 {
			least = n
		}
		if n > 0 {
			counts = appendCount(counts, key.topic, "qo"+strconv.Itoa(int(key.queue))+"%"+strconv.FormatInt(at, 10), n)
		}
	}
	return appendCount(counts, key.topic, strconv.Itoa(int(key.queue)), least) // for old clients
}

// appendCount writes an entry of orderCountInfo.
func appendCount(dst []byte, topic, of string, n int32) []byte {
	if len(dst) > 0 {
		dst = append(dst, ';')
	}
	dst = append(append(dst, retryFlag(topic), ' '), of...)
	return strconv.AppendInt(append(dst, ' '), int64(n), 10)
}

// Outcomes of an acknowledgement. Java: commitAndNext.
const (
	ackUnknown = -1 // no such message is out
	ackOld     = -2 // of an earlier pop
)

// ack notes an acknowledgement and returns the offset that is committed, ackUnknown or ackOld. blocked: messages of the
// queue are still out.
func (t *orders) ack(key laneKey, offset, popTime, now int64) (next int64, blocked bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.table[key]
	switch {
	case o == nil:
		t.note(key, nil, offset+1)
		return offset + 1, false
	case o.PopTime != popTime:
		return ackOld, false
	}
	i := o.index(offset)
	if i < 0 {
		return ackUnknown, false
	}
	changed := *o
	changed.Bits |= 1 << i
	t.put(key, &changed, now, changed.next())
	return changed.next(), changed.visibleAt() > now
}

// change sets when a message becomes visible, if it is of this pop.
func (t *orders) change(key laneKey, offset, popTime, visible, now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.table[key]
	if o == nil || o.PopTime != popTime || o.index(offset) < 0 {
		return
	}
	changed := *o
	changed.Visible = map[int64]int64{offset: visible}
	for at, when := range o.Visible {
		if at != offset {
			changed.Visible[at] = when
		}
	}
	t.put(key, &changed, now, -1)
}

// clear forgets the queue: its messages may be popped.
func (t *orders) clear(key laneKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.table[key] != nil {
		t.put(key, nil, 0, -1)
	}
}

// ended returns the queues whose block has ended by time.
func (t *orders) ended(now int64) (keys []laneKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, at := range t.wakes {
		if at <= now {
			keys = append(keys, key)
			delete(t.wakes, key)
		}
	}
	return keys
}

// orderKept is how long a queue that is not popped is kept, ms. Java: CLEAN_SPAN_FROM_LAST.
const orderKept = 24 * 3600_000

// forget drops what match tells, and what was not popped for long.
func (t *orders) forget(now int64, match func(laneKey) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, o := range t.table {
		if now-o.Last > orderKept || match(key) {
			t.put(key, nil, now, -1)
		}
	}
}

// count is how many queues there are.
func (t *orders) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.table)
}

// orderFile is consumerOrderInfo.json.
type orderFile struct {
	Table map[string]map[int32]*orderInfo `json:"table"`
}

// encode is the content of consumerOrderInfo.json.
func (t *orders) encode() ([]byte, error) {
	file := orderFile{Table: map[string]map[int32]*orderInfo{}}
	t.mu.Lock()
	for key, o := range t.table {
		name := key.topic + "@" + key.group
		if file.Table[name] == nil {
			file.Table[name] = map[int32]*orderInfo{}
		}
		file.Table[name][key.queue] = o
	}
	t.mu.Unlock()
	return compat.MarshalPretty(file)
}

// load fills the table from consumerOrderInfo.json; what cannot be is left out.
func (t *orders) load(data []byte) error {
	var file orderFile
	if err := compat.Unmarshal(data, &file); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, queues := range file.Table {
		topic, group, ok := strings.Cut(name, "@")
		for queue, o := range queues {
			if ok && queue >= 0 && o != nil && len(o.Offsets) > 0 && len(o.Offsets) <= maxOrdered {
				t.set(laneKey{topic, group, queue}, o, 0)
			}
		}
	}
	return nil
}
