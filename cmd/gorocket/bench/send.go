package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gorocket/remoting/wire"
)

const sendLong = `Send messages and count the answers.

A closed loop, the default, keeps --in-flight requests on each of --connections connections: it finds out how many messages a broker takes.
With --rate the loop is open: every message has a moment at which it is meant to leave, and its latency counts from that moment, whether or not the
broker, or this tool, was ready. A broker that stalls shows up in the percentiles instead of slowing the load down (no coordinated omission).

  gorocket bench send -n 127.0.0.1:9876 --size 1024
  gorocket bench send -b 127.0.0.1:10911 --rate 10000 --duration 30s --pid $(pidof -s gorocket)
  gorocket bench send -n 127.0.0.1:9876 --size 128 --batch 32`

// loopFlags say how many requests are on their way.
type loopFlags struct {
	connections, inFlight int
	rate                  float64
}

// openInFlight is the default room of each connection of an open loop.
const openInFlight = 4096

func (l *loopFlags) flags(c *cobra.Command, connections, inFlight int) {
	c.Flags().IntVar(&l.connections, "connections", connections, "connections")
	c.Flags().IntVar(&l.inFlight, "in-flight", inFlight, fmt.Sprintf("requests in flight on each connection; with --rate "+
		"an upper limit, and %d by default", openInFlight))
	c.Flags().Float64Var(&l.rate, "rate", 0, "requests a second over all connections (open loop); 0: as fast as they are "+
		"answered")
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		if l.rate > 0 && !c.Flags().Changed("in-flight") {
			l.inFlight = openInFlight
		}
		return nil
	}
}

// maxConnections and maxRate bound what one process can do.
const (
	maxConnections = 60_000
	maxRate        = 100e6
)

func (l *loopFlags) check() error {
	switch {
	case l.connections < 1 || l.connections > maxConnections:
		return usage("--connections must be 1 to %d, not %d", maxConnections, l.connections)
	case l.inFlight < 1 || l.inFlight > maxInFlight:
		return usage("--in-flight must be 1 to %d, not %d", maxInFlight, l.inFlight)
	case !(l.rate >= 0 && l.rate <= maxRate):
		return usage("--rate must be 0 to %g, not %v", float64(maxRate), l.rate)
	}
	return nil
}

func (l *loopFlags) describe() string {
	s := plural(l.connections, "connection")
	if l.rate > 0 {
		return fmt.Sprintf("%s, open loop at %s requests/s", s, grouped(int64(l.rate)))
	}
	return fmt.Sprintf("%s x %d in flight, closed loop", s, l.inFlight)
}

// sendBench is `bench send`.
type sendBench struct {
	loop    loopFlags
	message messageFlags
	topic   string
	queues  int
}

// defaultTopic is the topic of all loads that are not told one.
const defaultTopic = "gorocket_bench"

func topicFlags(c *cobra.Command, topic *string, queues *int) {
	c.Flags().StringVar(topic, "topic", defaultTopic, "topic; it is made when it is missing")
	c.Flags().IntVar(queues, "queues", 0, fmt.Sprintf("queues to use on each broker, all by default; a new topic gets so "+
		"many, or %d", defaultQueues))
}

func checkTopic(topic string, queues int) error {
	if topic == "" || len(topic) > 127 {
		return usage("--topic needs 1 to 127 bytes")
	}
	if queues < 0 || queues > maxQueues {
		return usage("--queues must be 0 to %d, not %d", maxQueues, queues)
	}
	return nil
}

func (b *sendBench) flags(c *cobra.Command, _ *common) {
	b.loop.flags(c, 8, 64)
	b.message.flags(c)
	topicFlags(c, &b.topic, &b.queues)
}

func (b *sendBench) check(*common) error {
	if err := b.loop.check(); err != nil {
		return err
	}
	if err := b.message.check(); err != nil {
		return err
	}
	return checkTopic(b.topic, b.queues)
}

func (b *sendBench) run(ctx context.Context, e *env) (*report, error) {
	targets, err := e.topicOn(ctx, b.topic, b.queues)
	if err != nil {
		return nil, err
	}
	if err := b.message.probe(ctx, e, targets, b.topic); err != nil {
		return nil, err
	}
	l, err := b.message.load(e, targets, b.topic, &b.loop, -1)
	if err != nil {
		return nil, err
	}
	o, err := l.run(ctx, e.warmup, e.duration)
	if err != nil {
		return nil, err
	}
	r := newReport("send", b.title(targets))
	b.settings(r, targets)
	r.outcome(o, "message", "send")
	if o.inWindow == 0 {
		r.failed = fmt.Errorf("no message was acknowledged%s", firstRemark(o.tally))
	}
	return r, nil
}

// firstRemark names one of the answers that were not good.
func firstRemark(t *tally) string {
	for _, c := range t.codes {
		return fmt.Sprintf(": code %d %s: %s", c.Code, c.Name, c.Remark)
	}
	return ""
}

func (b *sendBench) title(targets []target) string {
	what := fmt.Sprintf("%d B", b.message.size)
	if b.message.batch > 1 {
		what = fmt.Sprintf("batches of %d x %d B", b.message.batch, b.message.size)
	}
	return fmt.Sprintf("bench send to %s, topic %s: %s, %s headers, %s", addresses(targets), b.topic, what,
		b.message.codec, b.loop.describe())
}

func (b *sendBench) settings(r *report, targets []target) {
	b.loop.settings(r)
	r.set("brokers", strings.Split(addresses(targets), ", "))
	r.set("topic", b.topic)
	r.set("queues", len(targets[0].queues))
	r.set("size", b.message.size)
	r.set("batch", b.message.batch)
	r.set("codec", b.message.codec)
}

func (l *loopFlags) settings(r *report) {
	r.set("connections", l.connections)
	r.set("inFlight", l.inFlight)
	r.set("rate", l.rate)
}

func addresses(targets []target) string {
	var all []string
	for _, t := range targets {
		all = append(all, t.addr)
	}
	return strings.Join(all, ", ")
}

// probe sends one message to each broker, so that one which refuses all of them is named at once.
func (m *messageFlags) probe(ctx context.Context, e *env, targets []target, topic string) error {
	for _, t := range targets {
		prefix := newKeyPrefix()
		h := m.header(topic, t.queues[0].id, prefix)
		if _, err := call(ctx, e, t.addr, "take a message for topic "+topic, m.code(), wire.SendMessageRequestV2, &h,
			m.body(prefix)); err != nil {
			return err
		}
	}
	return nil
}

// load connects producers. quota is the number of messages that they send altogether; -1: no limit.
func (m *messageFlags) load(e *env, targets []target, topic string, loop *loopFlags, quota int64) (*load, error) {
	l, err := e.load(loop.connections)
	if err != nil {
		return nil, err
	}
	l.rate = loop.rate
	for i := range loop.connections {
		share := int64(-1)
		if quota >= 0 { // the first ones send one more where it does not come out even
			requests, n := (quota+int64(m.batch)-1)/int64(m.batch), int64(loop.connections)
			share = requests / n
			if int64(i) < requests%n {
				share++
			}
		}
		if err := m.producer(e, l, i, &targets[i%len(targets)], topic, loop, share); err != nil {
			l.close()
			return nil, err
		}
	}
	return l, nil
}

func (m *messageFlags) producer(e *env, l *load, i int, t *target, topic string, loop *loopFlags, quota int64) error {
	c, err := newConn(t.addr, loop.inFlight, sendInbound, e)
	if err != nil {
		return err
	}
	c.job = &sendJob{messages: int64(m.batch), bytes: int64(m.size * m.batch), closed: loop.rate == 0, quota: quota}
	if c.ring, err = m.ringFor(i, t, topic, loop.inFlight, ringSpec{sign: e.sign}); err != nil {
		c.close()
		return err
	}
	if err := l.add(i, c); err != nil {
		c.close()
		return err
	}
	return nil
}

// sendJob sends the requests of a ring.
type sendJob struct {
	messages, bytes int64 // in each request
	closed          bool  // closed loop: every answer makes room for the next request
	quota           int64 // requests still to send; below 0: no limit
	refused         int64 // with a quota: answers that were not good
}

// maxRefused is how often a request of a fixed quantity is sent again because the broker was busy, on each connection.
const maxRefused = 100_000

func (j *sendJob) more(c *conn, now int64) error {
	if !j.closed {
		return nil
	}
	for j.quota != 0 && c.room() {
		j.quota--
		if _, err := c.ring.stage(c, now, 0); err != nil {
			return err
		}
	}
	return c.ring.flush(c)
}

func (j *sendJob) stage(c *conn, begun int64) error {
	_, err := c.ring.stage(c, begun, 0)
	return err
}

func (j *sendJob) flush(c *conn) error { return c.ring.flush(c) }

func (j *sendJob) answer(c *conn, _ int32, a *answer, begun, now int64) error {
	if a.code == wire.Success {
		c.w.rec.good(begun, now, j.messages, j.bytes)
		return nil
	}
	c.w.rec.bad(a.code, a.remark)
	if j.quota < 0 {
		return nil
	}
	if j.refused++; a.code != wire.SystemBusy || j.refused > maxRefused {
		return fmt.Errorf("%s refused a message: code %d %s: %s", c.addr, a.code, codeName(a.code), clip(a.remark))
	}
	j.quota++ // once more
	return nil
}
