package javastore

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"

	"gorocket/integration/load/client"
)

// sent is one acknowledged message.
type sent struct {
	side   side
	topic  string
	queue  int
	offset int64 // acknowledged queue offset; of the schedule topic when delay > 0
	place  int64 // commit log offset, out of id
	id     string
	key    string
	unique string
	tags   string
	flag   int
	born   int64
	delay  int // level
	body   []byte
}

// ledger is every acknowledged message of all stages, and the committed consumer offsets. Not for concurrent use.
type ledger struct {
	h        *house
	messages []*sent
	maybe    map[string]bool    // bodies sent but not acknowledged
	commits  map[string]float64 // "topic@group/queue"
	stage    int
	batches  int
}

func newLedger(h *house) *ledger {
	return &ledger{h: h, maybe: map[string]bool{}, commits: map[string]float64{}}
}

// next makes a message of the running stage; the body names it.
func (l *ledger) next(topic string, queue int) *sent {
	n := len(l.messages)
	m := &sent{side: l.h.side, topic: topic, queue: queue, flag: n % 77, born: 1_700_000_000_000 + int64(n),
		key: fmt.Sprintf("key%d", n), tags: fmt.Sprintf("Tag%d", n%4),
		unique: fmt.Sprintf("7F0000010000000000000000%08X", n)}
	m.body = bytes.Repeat(fmt.Appendf(nil, "%s message %d stage %d;", l.h.side, n, l.stage), 1+n%40)
	l.messages = append(l.messages, m)
	return m
}

func (m *sent) message(more ...string) *client.Message {
	pairs := []string{"KEYS", m.key + " every" + m.tags, "TAGS", m.tags, "UNIQ_KEY", m.unique, "color", "blå"}
	if m.delay > 0 {
		pairs = append(pairs, "DELAY", fmt.Sprint(m.delay))
	}
	return &client.Message{Topic: m.topic, Queue: m.queue, Flag: m.flag, Born: m.born, Body: m.body,
		Props: client.Props(append(pairs, more...)...)}
}

// acknowledged notes the answer.
func (m *sent) acknowledged(id string, offset int64) error {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != 16 && len(raw) != 28 {
		return fmt.Errorf("javastore: message id %q", id)
	}
	m.id, m.offset, m.place = id, offset, int64(binary.BigEndian.Uint64(raw[len(raw)-8:]))
	return nil
}

// home is where the acknowledged offset is.
func (m *sent) home() queue {
	if m.delay > 0 {
		return queue{"SCHEDULE_TOPIC_XXXX", m.delay - 1}
	}
	return queue{m.topic, m.queue}
}

// missing lists the acknowledged messages that the snapshot does not hold where they were acknowledged, or that differ
// from what was sent.
func (l *ledger) missing(s *snapshot) (out []string) {
	for _, m := range l.messages {
		c := s.queues[m.home()]
		if c == nil {
			out = append(out, fmt.Sprintf("%v: no such queue", m.home()))
			continue
		}
		r := c.at(m.offset)
		if why := m.differs(r); why != "" {
			out = append(out, fmt.Sprintf("sent to %s: %v offset %d: %s, is %v", m.side, m.home(), m.offset, why, r))
		}
	}
	return out
}

func (m *sent) differs(r *client.Record) string {
	switch {
	case r == nil:
		return "lost"
	case !bytes.Equal(r.Body, m.body):
		return "body"
	case r.ID() != m.id:
		return "id " + m.id
	case r.Property("TAGS") != m.tags || !strings.HasPrefix(r.Property("KEYS"), m.key) ||
		r.Property("UNIQ_KEY") != m.unique || r.Property("color") != "blå":
		return "properties"
	case r.Born != m.born || int(r.Flag) != m.flag:
		return "born or flag"
	}
	return ""
}

// delivered counts, for each delayed message, how often it is in its own topic.
func (l *ledger) delivered(s *snapshot) map[*sent]int {
	byKey := map[string]*sent{}
	out := map[*sent]int{}
	for _, m := range l.messages {
		if m.delay > 0 {
			byKey[m.unique], out[m] = m, 0
		}
	}
	for q, c := range s.queues {
		for _, r := range c.records {
			if m := byKey[r.Property("UNIQ_KEY")]; m != nil && q == (queue{m.topic, m.queue}) && bytes.Equal(r.Body, m.body) {
				out[m]++
			}
		}
	}
	return out
}

// gaps lists queues of ours whose offsets are not contiguous from min to max, and records that nobody sent.
func (l *ledger) gaps(s *snapshot) (out []string) {
	known := maps.Clone(l.maybe)
	for _, m := range l.messages {
		known[string(m.body)] = true
	}
	for q, c := range s.queues {
		want := c.min
		for _, r := range c.records {
			if r.QueueOffset != want && !strings.HasPrefix(q.topic, "%LMQ%") { // a light queue's offset is in a property
				out = append(out, fmt.Sprintf("%v: offset %d where %d is next", q, r.QueueOffset, want))
				break
			}
			want += r.Width()
			if own(q.topic) && !known[string(r.Body)] {
				out = append(out, fmt.Sprintf("%v: nobody sent %v", q, r))
			}
		}
		if want != c.max {
			out = append(out, fmt.Sprintf("%v: %d records end at %d in %d..%d", q, len(c.records), want, c.min, c.max))
		}
	}
	return out
}
