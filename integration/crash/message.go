package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"gorocket/integration/load/client"
)

const (
	fixedTopics = 6 // of each directory, beside one new topic each round
	queues      = 8
	levels      = 18
	maxBatch    = 20
	bornBase    = 1_700_000_000_000 // ms since 1970
	schedule    = "SCHEDULE_TOPIC_XXXX"
	manyTopic   = "crash_many" // queue.type=BatchCQ
	innerHeader = 20           // bytes in front of the first body of a client batch
)

// kind is what an operation sends.
type kind uint8

const (
	single kind = iota
	batch
	delayed
	inner // a batch that stays one record
	light // a message that is in light queues as well
)

// lights are the light queues.
var lights = [2]string{"%LMQ%crash_a", "%LMQ%crash_b"}

// spec is everything one operation sends. It is a function of seed, round and number only, so the ledger need not keep
// it, and a reader knows each byte that must come back.
type spec struct {
	kind  kind
	topic string
	queue int
	level int              // delay level, 1..18
	items []client.Message // what is stored
	parts []client.Message // what an inner batch is made of
	light int              // bit i: it is in lights[i] as well
}

// tagOf and keyOf make the properties of one item.
func tagOf(op uint64, item int) string { return fmt.Sprintf("Tag%d", (op+uint64(item))%5) }
func keyOf(op uint64, item int) string { return fmt.Sprintf("k%d-%d", op, item) }

// specOf makes operation op of a round.
func specOf(seed uint64, round int, op uint64) spec {
	r := rand.New(rand.NewPCG(seed, op))
	s := spec{queue: r.IntN(queues), topic: fmt.Sprintf("crash_%d", r.IntN(fixedTopics))}
	if r.IntN(8) == 0 {
		s.topic = fmt.Sprintf("crash_round_%d", round)
	}
	n := 1
	switch dice := r.IntN(100); {
	case dice < 12:
		s.kind, n = batch, 2+r.IntN(maxBatch-1)
	case dice < 22:
		s.kind, s.level = delayed, 1+r.IntN(levels)
	case dice < 30:
		s.kind, s.light = light, 1+r.IntN(3)
	case dice < 34:
		s.kind, s.topic = inner, manyTopic
	}
	for i := range n {
		s.items = append(s.items, item(r, &s, op, i))
	}
	if s.kind == inner {
		s.parts = []client.Message{{Body: s.items[0].Body}, {Body: []byte("second"), Props: client.Props("TAGS", "x")},
			{Body: []byte("third")}}
		s.items[0].Body = client.BatchBody(s.parts)
	}
	return s
}

func item(r *rand.Rand, s *spec, op uint64, i int) client.Message {
	m := client.Message{Topic: s.topic, Queue: s.queue, Flag: int(op % 1000), Born: bornBase + int64(op)}
	pairs := []string{"KEYS", keyOf(op, i), "TAGS", tagOf(op, i), "UNIQ_KEY", fmt.Sprintf("%016X%08X", op, i)}
	switch {
	case s.kind == delayed:
		pairs = append(pairs, "DELAY", fmt.Sprint(s.level))
	case s.kind == light:
		pairs = append(pairs, "INNER_MULTI_DISPATCH", strings.Join(s.lights(), ","))
	case r.IntN(10) == 0:
		pairs = append(pairs, "WAIT", "false")
	}
	m.Props = client.Props(pairs...)
	m.Body = body(r, s.kind, op, i)
	return m
}

// lights are the names of the light queues of a message.
func (s *spec) lights() (names []string) {
	for i, name := range lights {
		if s.light&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// body names the operation and the item, so that a stray record says where it came from, and is filled with noise.
func body(r *rand.Rand, k kind, op uint64, i int) []byte {
	size := 30 + r.IntN(1000)
	if dice := r.IntN(200); k != batch && dice == 0 {
		size = 100_000 + r.IntN(200_000)
	} else if dice < 20 {
		size = 2000 + r.IntN(6000)
	}
	b := fmt.Appendf(make([]byte, 0, size), "op %d item %d ", op, i)
	for len(b) < size {
		v := r.Uint64()
		b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
	}
	return b[:size]
}

// nameOf reads operation and item out of a record's body.
func nameOf(rec *client.Record) (op uint64, i int, err error) {
	body := rec.Body
	if rec.SysFlag&0x80 != 0 {
		body = body[min(len(body), innerHeader):]
	}
	if _, err = fmt.Fscanf(bytes.NewReader(body[:min(len(body), 60)]), "op %d item %d ", &op, &i); err != nil {
		err = fmt.Errorf("a body that nobody sent: %.60q", body)
	}
	return op, i, err
}

// equal compares a stored record with what was sent.
func equal(rec *client.Record, m *client.Message, op uint64, i int) error {
	switch {
	case !bytes.Equal(rec.Body, m.Body):
		return fmt.Errorf("%v: body of %d bytes differs from the %d bytes sent", rec, len(rec.Body), len(m.Body))
	case rec.Property("TAGS") != tagOf(op, i) || rec.Property("KEYS") != keyOf(op, i):
		return fmt.Errorf("%v: tags or keys differ", rec)
	case rec.Born != m.Born || int(rec.Flag) != m.Flag:
		return fmt.Errorf("%v: born %d flag %d, sent %d %d", rec, rec.Born, rec.Flag, m.Born, m.Flag)
	}
	return nil
}
