package javastore

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/integration/load/client"
)

// queue names one queue of one topic.
type queue struct {
	topic string
	id    int
}

func (q queue) String() string { return fmt.Sprintf("%s queue %d", q.topic, q.id) }

// content is what a queue serves.
type content struct {
	min, max int64
	records  []*client.Record
}

// table is one of the broker's JSON tables, by name.
type table map[string]any

// snapshot is all that clients can see of a broker.
type snapshot struct {
	side    side
	topics  table // topic configurations
	groups  table // subscription groups
	offsets map[string]float64
	delay   table // progress of each delay level
	queues  map[queue]*content
	lookups map[string][]int64 // commit log offsets found by key, unique key, id
}

// noQueues are topics with queues that no client reads: thousands of empty ones.
var noQueues = []string{"BenchmarkTest", "TBW102", "SELF_TEST_TOPIC", "OFFSET_MOVED_EVENT",
	"rmq_sys_SYNC_BROKER_MEMBER_broker-a"}

// look takes the snapshot of a running broker. Extra queues are read beside those of the topic table: light queues are
// in no table.
func (h *house) look(extra ...queue) *snapshot {
	h.t.Helper()
	s := &snapshot{side: h.side, queues: map[queue]*content{}, lookups: map[string][]int64{}}
	s.topics = h.table(21, "topicConfigTable")
	s.groups = h.table(201, "subscriptionGroupTable")
	s.delay = h.table(45, "offsetTable")
	s.offsets = flatten(h.table(43, "offsetTable"))
	for _, topic := range slices.Sorted(maps.Keys(s.topics)) {
		if slices.Contains(noQueues, topic) {
			continue
		}
		n := int(member(s.topics[topic], "readQueueNums"))
		if topic == "SCHEDULE_TOPIC_XXXX" {
			n = 18
		}
		for q := range n {
			extra = append(extra, queue{topic, q})
		}
	}
	for _, q := range extra {
		s.queues[q] = h.read(q)
	}
	return s
}

func (h *house) table(code int, name string) table {
	h.t.Helper()
	v, err := h.c.Table(code)
	if err != nil {
		h.t.Fatalf("%s: %v", h.side, err)
	}
	m, _ := v.(map[string]any)[name].(map[string]any)
	return m
}

// flatten makes "topic@group/queue" -> offset of the two-level table of consumer offsets.
func flatten(t table) map[string]float64 {
	out := map[string]float64{}
	for name, queues := range t {
		for id, offset := range queues.(map[string]any) {
			out[name+"/"+id], _ = offset.(float64)
		}
	}
	return out
}

func member(v any, name string) float64 {
	n, _ := v.(map[string]any)[name].(float64)
	return n
}

func (h *house) read(q queue) *content {
	h.t.Helper()
	first, err := h.c.MinOffset(q.topic, q.id)
	if err != nil {
		h.t.Fatalf("%s: min offset of %v: %v", h.side, q, err)
	}
	c := &content{min: first}
	if c.max, err = h.c.MaxOffset(q.topic, q.id); err != nil {
		h.t.Fatalf("%s: max offset of %v: %v", h.side, q, err)
	}
	if c.max <= first {
		return c
	}
	end, err := h.c.ReadQueue(q.topic, q.id, first, func(r *client.Record) error {
		c.records = append(c.records,
			r)
		return nil
	})
	if err != nil {
		h.t.Fatalf("%s: %v", h.side, err)
	}
	c.max = max(c.max, end) // a delayed message may have come meanwhile
	return c
}

// lookUp asks for the ledger's messages by key, by unique key and by id, and adds the answers to the snapshot.
func (h *house) lookUp(s *snapshot, l *ledger) {
	h.t.Helper()
	for i, m := range l.messages {
		if i%7 != 0 && i > 20 || m.delay > 0 {
			continue
		}
		for name, unique := range map[string]bool{m.key: false, m.unique: true} {
			s.lookups[fmt.Sprintf("%s %s unique=%v", m.topic, name, unique)] = h.find(m, name, unique)
		}
		h.byID(s, m)
	}
}

// find waits until the message is among the answers: the index is built behind the log.
func (h *house) find(m *sent, key string, unique bool) []int64 {
	h.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		found, err := h.c.QueryKey(m.topic, key, unique, 64)
		if err != nil {
			h.t.Fatalf("%s: query %s %s: %v", h.side, m.topic, key, err)
		}
		at := places(found)
		if slices.Contains(at, m.place) {
			return at
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("%s: query %s %s (unique %v) does not find the message at %d, only %v", h.side, m.topic, key, unique,
				m.place, at)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func places(found []*client.Record) (out []int64) {
	for _, r := range found {
		out = append(out, r.Offset)
	}
	slices.Sort(out)
	return out
}

// byID reads a message by its offset id, and looks up its own queue offset by its store time.
func (h *house) byID(s *snapshot, m *sent) {
	h.t.Helper()
	r, err := h.c.View(m.place)
	if err != nil {
		h.t.Fatalf("%s: view %s at %d: %v", h.side, m.topic, m.place, err)
	}
	s.lookups["id "+m.id] = []int64{r.Offset, r.QueueOffset}
	if h.side == java4 {
		// 4.9 picks the queue file by its modification time, which mapped writes do not move in time: it errs on its own
		// files too
		return
	}
	at, err := h.c.SearchOffset(m.topic, m.queue, r.Stored)
	if err != nil {
		h.t.Fatalf("%s: offset by time %v: %v", h.side, r, err)
	}
	// several records may have one store time
	if got := s.queues[queue{m.topic, m.queue}].at(at); got == nil || got.Stored != r.Stored {
		h.t.Errorf("%s: offset by time %d of %v is %d: %v", h.side, r.Stored, r, at, got)
	}
}

// at is the record with a queue offset, nil when there is none.
func (c *content) at(offset int64) *client.Record {
	i, ok := slices.BinarySearchFunc(c.records, offset, func(r *client.Record,
		o int64) int {
		return cmp.Compare(r.QueueOffset, o)
	})
	if !ok {
		return nil
	}
	return c.records[i]
}

// own tells our topics and groups from the broker's.
func own(name string) bool { return strings.Contains(name, "js_") }

// count is for the log.
func (s *snapshot) count() (records int) {
	for _, c := range s.queues {
		records += len(c.records)
	}
	return records
}

// report fails the test with at most a few of many lines.
func report(t *testing.T, what string, lines []string) {
	t.Helper()
	slices.Sort(lines)
	if n := len(lines); n > 0 {
		t.Errorf("%s: %d differences\n%s", what, n, strings.Join(lines[:min(n, 12)], "\n"))
	}
}
