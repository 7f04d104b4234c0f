package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/spf13/cobra"

	"gorocket/remoting/wire"
)

const e2eLong = `Send messages at a fixed rate and receive them in the same process with consumers that hold a pull on each queue, as push consumers do. The
latency counts from the moment at which a message was meant to leave to the moment at which its pull's answer was read; the moment travels in the body.
Messages that were acknowledged and did not come, or that came twice, are counted; either means exit status 1.

  gorocket bench e2e -n 127.0.0.1:9876 --rate 1000
  gorocket bench e2e -b 127.0.0.1:10911 --rate 10000 --duration 1m --json`

// e2eBench is `bench e2e`.
type e2eBench struct {
	loop      loopFlags
	message   messageFlags
	topic     string
	queues    int
	consumers int
	group     string
	pop       bool
}

func (b *e2eBench) flags(c *cobra.Command, k *common) {
	k.oneThread = true // producer and consumer share a clock and a table of messages
	c.Flags().IntVar(&b.loop.connections, "connections", 1, "connections of producers to each broker")
	c.Flags().Float64Var(&b.loop.rate, "rate", 1000, "messages a second")
	c.Flags().IntVar(&b.consumers, "consumers", 1, "connections of consumers to each broker; they share the queues")
	c.Flags().StringVar(&b.group, "group", consumerGroup, "consumer group")
	c.Flags().BoolVar(&b.pop, "pop", false, "consumers pop all queues and acknowledge each message")
	c.Flags().IntVar(&b.message.size, "size", 1024, "bytes of a message's body")
	codecFlag(c, &b.message.codec)
	topicFlags(c, &b.topic, &b.queues)
	b.loop.inFlight, b.message.batch, b.message.uniqueKey = openInFlight, 1, true
}

func (b *e2eBench) check(*common) error {
	switch {
	case b.loop.rate < 0.001:
		return usage("--rate must be more than 0")
	case b.message.size < stampSize:
		return usage("--size must be at least %d: the body carries a time stamp", stampSize)
	case b.consumers < 1 || b.consumers > maxConnections:
		return usage("--consumers must be 1 to %d", maxConnections)
	case b.group == "" || len(b.group) > 255:
		return usage("--group needs 1 to 255 bytes")
	}
	if err := b.loop.check(); err != nil {
		return err
	}
	if err := b.message.check(); err != nil {
		return err
	}
	return checkTopic(b.topic, b.queues)
}

func (b *e2eBench) run(ctx context.Context, e *env) (*report, error) {
	targets, err := e.topicOn(ctx, b.topic, b.queues)
	if err != nil {
		return nil, err
	}
	if err := b.message.probe(ctx, e, targets, b.topic); err != nil {
		return nil, err
	}
	if targets, err = e.existing(ctx, b.topic, b.queues, false); err != nil { // with the offsets behind the probe
		return nil, err
	}
	l, err := e.load(1)
	if err != nil {
		return nil, err
	}
	l.rate = b.loop.rate
	m := &mail{run: rand.Uint64(), acks: newHist()}
	if err := b.connect(ctx, e, l, m, targets); err != nil {
		l.close()
		return nil, err
	}
	l.workers[0].settled = m.settled
	l.producer = func(c *conn) bool { _, ok := c.job.(*postJob); return ok }
	o, err := l.run(ctx, e.warmup, e.duration)
	if err != nil {
		return nil, err
	}
	return b.report(targets, o, m), nil
}

func (b *e2eBench) connect(ctx context.Context, e *env, l *load, m *mail, targets []target) error {
	n := 0
	add := func(t *target, slots int, j job, r *ring) error {
		c, err := newConn(t.addr, slots, pullInbound, e)
		if err != nil {
			return err
		}
		c.job, c.ring = j, r
		if err := l.add(n, c); err != nil {
			c.close()
			return err
		}
		n++
		return nil
	}
	for i := range targets {
		t := &targets[i]
		for k := range min(b.consumers, len(t.queues)) {
			j, slots, err := b.consumer(ctx, e, m, t, k)
			if err == nil {
				err = add(t, slots, j, nil)
			}
			if err != nil {
				return err
			}
		}
		for range b.loop.connections {
			r, err := b.message.ringFor(n, t, b.topic, b.loop.inFlight, ringSpec{stamped: true, bodySize: b.message.size,
				sign: e.sign})
			if err == nil {
				r.mark(m.run)
				err = add(t, b.loop.inFlight, &postJob{mail: m, numbers: make([]uint64, b.loop.inFlight)}, r)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// holdTime is how long a pull asks to be held, as Apache's push consumers do; less when --timeout is short.
const holdTime = 15 * time.Second

// consumer makes consumer k of a broker, and tells how many requests it has in flight at most. One that pulls has every
// b.consumers-th queue.
func (b *e2eBench) consumer(ctx context.Context, e *env, m *mail, t *target, k int) (job, int, error) {
	if b.pop {
		return b.popConsumer(ctx, e, m, t)
	}
	j, err := b.puller(e, m, t, k)
	if err != nil {
		return nil, 0, err
	}
	return j, len(j.readers), nil
}

// popConsumer makes a consumer with one pop of all queues under way. Its group begins with the newest messages.
func (b *e2eBench) popConsumer(ctx context.Context, e *env, m *mail, t *target) (job, int, error) {
	name, err := e.brokerName(ctx, t.addr)
	if err != nil {
		return nil, 0, err
	}
	s := &popSpec{topic: b.topic, group: fmt.Sprintf("%s_%016x", b.group, m.run), broker: name,
		max: maxPopped, poll: min(holdTime, e.timeout/2).Milliseconds(), sign: e.sign}
	s.round.Store(-1)
	j := s.job(1)
	j.visit = func(c *conn, r *record, now int64) { m.take(c.w.rec, r, now) }
	return j, s.slots(1), nil
}

// puller makes consumer k of those that pull.
func (b *e2eBench) puller(e *env, m *mail, t *target, k int) (*tailJob, error) {
	spec := pullSpec{topic: b.topic, group: b.group, codec: b.message.codec, max: 32,
		suspend: min(holdTime, e.timeout/2).Milliseconds()}
	j := &tailJob{mail: m}
	for q := k; q < len(t.queues); q += min(b.consumers, len(t.queues)) {
		r, err := spec.reader(e.sign, t.queues[q].id, t.queues[q].max, -1)
		if err != nil {
			return nil, err
		}
		j.readers = append(j.readers, r)
	}
	return j, nil
}

func (b *e2eBench) report(targets []target, o *outcome, m *mail) *report {
	r := newReport("e2e", fmt.Sprintf("bench e2e at %s, topic %s: %d B at %s messages/s, %s producing, %s consuming",
		addresses(targets), b.topic, b.message.size,
		grouped(int64(b.loop.rate)), plural(b.loop.connections, "connection"), plural(b.consumers, "connection")))
	b.loop.settings(r)
	r.set("brokers", strings.Split(addresses(targets), ", "))
	r.set("topic", b.topic)
	r.set("size", b.message.size)
	r.row("sent", fmt.Sprintf("%s, %s acknowledged (warm-up included)", grouped(int64(m.sent)), grouped(m.acked)), "sent",
		m.sent)
	r.set("acknowledged", m.acked)
	r.row("lost", grouped(m.owed), "lost", m.owed)
	r.row("repeated", grouped(m.repeated), "repeated", m.repeated)
	r.outcome(o, "message", "receipt")
	r.latency("acknowledgement", "acknowledgement", m.acks)
	if m.found.faulty > 0 {
		r.note("first fault", m.found.first)
	}
	if m.owed+m.repeated+m.found.faulty > 0 {
		r.failed = fmt.Errorf("%s lost, %s repeated, %s faulty", grouped(m.owed), grouped(m.repeated),
			grouped(m.found.faulty))
	}
	return r
}

// mail is the messages of one run: which were sent, acknowledged, received. The one worker's goroutine only.
type mail struct {
	run      uint64
	sent     uint64 // number of the next message
	inFlight int    // sends without an answer
	acked    int64
	owed     int64 // acknowledged and not received yet
	repeated int64
	known    bitset // acknowledged
	received bitset
	found    findings
	acks     *hdrhistogram.Histogram
}

// settled tells whether nothing is on its way.
func (m *mail) settled(int64) bool { return m.inFlight == 0 && m.owed == 0 }

// take notes a received message. now is when its answer was read; the recorder is locked.
func (m *mail) take(rec *recorder, r *record, now int64) {
	if len(r.body) < stampSize || binary.BigEndian.Uint64(r.body) != m.run {
		return // another program's
	}
	number, begun := binary.BigEndian.Uint64(r.body[8:]), int64(binary.BigEndian.Uint64(r.body[16:]))
	switch {
	case number >= m.sent:
		m.found.note(&m.found.faulty, 1, "message %d came before it was sent", number)
	case m.received.has(number):
		m.repeated++
	default:
		m.received.add(number)
		if m.known.has(number) {
			m.owed--
		}
		rec.good(begun, now, 1, int64(len(r.body)))
	}
}

// postJob sends stamped messages when the pacer says so.
type postJob struct {
	mail    *mail
	numbers []uint64 // by slot
}

func (j *postJob) more(*conn, int64) error { return nil }

func (j *postJob) stage(c *conn, begun int64) error {
	m := j.mail
	slot, err := c.ring.stage(c, begun, m.sent)
	j.numbers[slot] = m.sent
	m.sent++
	m.inFlight++
	return err
}

func (j *postJob) flush(c *conn) error { return c.ring.flush(c) }

func (j *postJob) answer(c *conn, slot int32, a *answer, begun, now int64) error {
	m := j.mail
	m.inFlight--
	if a.code != wire.Success {
		c.w.rec.bad(a.code, a.remark)
		return nil
	}
	m.acked++
	number := j.numbers[slot]
	m.known.add(number)
	if !m.received.has(number) {
		m.owed++
	}
	if begun >= c.w.rec.from {
		recordIn(m.acks, now-begun)
	}
	return nil
}

// tailJob holds a pull on each of its queues and takes what comes.
type tailJob struct {
	readerJob
	mail *mail
}

func (j *tailJob) answer(c *conn, slot int32, a *answer, _, now int64) error {
	return j.next(c, slot, a, now, func(r *reader) {
		_, r.next = j.mail.found.walkRecords(a.body, c.addr, r.queue, r.next,
			func(rec *record) { j.mail.take(c.w.rec, rec, now) })
	})
}

// bitset is a growing set of small numbers.
type bitset []uint64

func (s *bitset) add(n uint64) {
	for uint64(len(*s)) <= n/64 {
		*s = append(*s, 0)
	}
	(*s)[n/64] |= 1 << (n % 64)
}

func (s bitset) has(n uint64) bool { return n/64 < uint64(len(s)) && s[n/64]&(1<<(n%64)) != 0 }
