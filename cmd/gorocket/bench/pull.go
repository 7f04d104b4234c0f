package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const pullLong = `Pull messages in a closed loop and verify every one: size, magic number, body CRC, and that the offsets of each queue follow each other without
a gap. Each of --connections x --in-flight readers reads a queue from a place of its own to its end and then from the start again.

  gorocket bench pull -n 127.0.0.1:9876 --fill 1000000
  gorocket bench pull -b 127.0.0.1:10911 --topic orders --duration 1m

A fault ends in exit status 1, after the table. An idle topic can be read as often as you like: nothing is committed.`

// pullBench is `bench pull`.
type pullBench struct {
	loop    loopFlags
	message messageFlags // of --fill
	spec    pullSpec
	queues  int
	fill    int64
}

func (b *pullBench) flags(c *cobra.Command, _ *common) {
	c.Flags().IntVar(&b.loop.connections, "connections", 4, "connections")
	c.Flags().IntVar(&b.loop.inFlight, "in-flight", 4, "pulls in flight on each connection")
	c.Flags().IntVar(&b.spec.max, "batch", 32, "messages in an answer at most (maxMsgNums); Java's broker gives 32 at "+
		"most by default")
	c.Flags().StringVar(&b.spec.group, "group", consumerGroup, "consumer group")
	c.Flags().Int64Var(&b.fill, "fill", 0, "send so many messages first")
	c.Flags().IntVar(&b.message.size, "size", 1024, "bytes of a message's body, with --fill")
	codecFlag(c, &b.message.codec)
	topicFlags(c, &b.spec.topic, &b.queues)
	b.message.batch, b.message.uniqueKey = 1, true
}

// maxFill bounds --fill.
const maxFill = 1_000_000_000

func (b *pullBench) check(*common) error {
	b.spec.codec = b.message.codec
	switch {
	case b.spec.max < 1 || b.spec.max > 100_000:
		return usage("--batch must be 1 to 100000, not %d", b.spec.max)
	case b.fill < 0 || b.fill > maxFill:
		return usage("--fill must be 0 to %d, not %d", maxFill, b.fill)
	case b.spec.group == "" || len(b.spec.group) > 255:
		return usage("--group needs 1 to 255 bytes")
	}
	if err := b.loop.check(); err != nil {
		return err
	}
	if err := b.message.check(); err != nil {
		return err
	}
	return checkTopic(b.spec.topic, b.queues)
}

func (b *pullBench) run(ctx context.Context, e *env) (*report, error) {
	targets, err := b.filled(ctx, e)
	if err != nil {
		return nil, err
	}
	l, jobs, err := b.load(e, targets)
	if err != nil {
		return nil, err
	}
	o, err := l.run(ctx, e.warmup, e.duration)
	if err != nil {
		return nil, err
	}
	r := b.report("pull", "an answer", targets)
	b.verdict(r, jobs)
	r.received(o, "pull")
	return r, nil
}

// report begins the report of what reads the topic; its messages are those of one unit of it, as "an answer".
func (b *pullBench) report(kind, unit string, targets []target) *report {
	r := newReport(kind, fmt.Sprintf("bench %s from %s, topic %s: %d messages %s, %s", kind, addresses(targets),
		b.spec.topic, b.spec.max, unit, b.loop.describe()))
	b.loop.settings(r)
	r.set("brokers", strings.Split(addresses(targets), ", "))
	r.set("topic", b.spec.topic)
	r.set("maxMsgNums", b.spec.max)
	return r
}

// received adds what came; nothing is a failure.
func (r *report) received(o *outcome, kind string) {
	o.what = "stored messages"
	r.outcome(o, "message", kind)
	if r.failed == nil && o.inWindow == 0 {
		r.failed = fmt.Errorf("no message came%s", firstRemark(o.tally))
	}
}

// verdict adds what the verification found.
func (b *pullBench) verdict(r *report, jobs []*readerJob) {
	var all findings
	var wraps int64
	for _, j := range jobs {
		all.add(&j.found)
		wraps += j.wraps
	}
	r.row("verified", fmt.Sprintf("%s faulty, %s missing, %s repeated (warm-up included)", grouped(all.faulty),
		grouped(all.gaps), grouped(all.repeated)), "faulty", all.faulty)
	r.set("missingOffsets", all.gaps)
	r.set("repeated", all.repeated)
	r.row("queues read to their end", grouped(wraps)+" times", "wraps", wraps)
	if all.bad() > 0 {
		r.note("first fault", all.first)
		r.failed = fmt.Errorf("the messages are not as they should be: %s", all.first)
	}
}

// filled returns the topic's queues, after --fill.
func (b *pullBench) filled(ctx context.Context, e *env) ([]target, error) {
	targets, err := e.existing(ctx, b.spec.topic, b.queues, b.fill > 0)
	if err != nil || b.fill == 0 {
		return targets, err
	}
	if err := b.message.probe(ctx, e, targets, b.spec.topic); err != nil {
		return nil, err
	}
	if targets, err = e.existing(ctx, b.spec.topic, b.queues, false); err != nil {
		return nil, err
	}
	before := stored(targets)
	loop := loopFlags{connections: max(4, len(targets)), inFlight: 32}
	l, err := b.message.load(e, targets, b.spec.topic, &loop, b.fill)
	if err != nil {
		return nil, err
	}
	t, err := l.fill(ctx)
	if err != nil {
		return nil, err
	}
	if t.messages < b.fill {
		return nil, fmt.Errorf("only %s of %s messages were stored%s", grouped(t.messages), grouped(b.fill), firstRemark(t))
	}
	return b.readable(ctx, e, before+b.fill)
}

// readable waits until the queues have n messages: Java's broker fills them behind the log, and may be seconds late
// after other load.
func (b *pullBench) readable(ctx context.Context, e *env, n int64) ([]target, error) {
	for giveUp := time.Now().Add(e.timeout); ; time.Sleep(100 * time.Millisecond) {
		targets, err := e.existing(ctx, b.spec.topic, b.queues, false)
		if err != nil || stored(targets) >= n {
			return targets, err
		}
		if time.Now().After(giveUp) {
			return nil, fmt.Errorf("topic %s: only %s of %s stored messages can be read after %v", b.spec.topic,
				grouped(stored(targets)), grouped(n), e.timeout)
		}
	}
}

// stored is how many messages the queues have.
func stored(targets []target) (n int64) {
	for _, s := range sources(targets) {
		n += s.queue.max - s.queue.min
	}
	return n
}

// existing returns the brokers with the queues of a topic, which is made only if make is set.
func (e *env) existing(ctx context.Context, topic string, queues int, make bool) ([]target, error) {
	if make {
		return e.topicOn(ctx, topic, queues)
	}
	all, err := e.brokers(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if err := e.readQueues(ctx, &all[i], topic); err != nil {
			return nil, err
		}
		if queues > 0 && queues < len(all[i].queues) {
			all[i].queues = all[i].queues[:queues]
		}
	}
	return all, nil
}

// source is one queue with messages in it.
type source struct {
	addr  string
	queue queueRange
}

func sources(targets []target) (all []source) {
	for _, t := range targets {
		for _, q := range t.queues {
			if q.max > q.min {
				all = append(all, source{t.addr, q})
			}
		}
	}
	return all
}

// load gives every connection its readers. All readers of a connection read from one broker; those of one queue begin
// at different places.
func (b *pullBench) load(e *env, targets []target) (*load, []*readerJob, error) {
	all := sources(targets)
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("topic %s has no messages on %s: send some with --fill N", b.spec.topic,
			addresses(targets))
	}
	l, err := e.load(b.loop.connections)
	if err != nil {
		return nil, nil, err
	}
	var jobs []*readerJob
	total := b.loop.connections * b.loop.inFlight
	for i := range b.loop.connections {
		j, err := b.connection(e, l, i, all, total)
		if err != nil {
			l.close()
			return nil, nil, err
		}
		jobs = append(jobs, j)
	}
	return l, jobs, nil
}

func (b *pullBench) connection(e *env, l *load, i int, all []source, total int) (*readerJob, error) {
	addr := all[i%len(all)].addr
	var mine []source
	for _, s := range all {
		if s.addr == addr {
			mine = append(mine, s)
		}
	}
	j := &readerJob{}
	for k := range b.loop.inFlight {
		n := i*b.loop.inFlight + k
		q := mine[n%len(mine)].queue
		r, err := b.spec.reader(e.sign, q.id, q.min+(q.max-q.min)*int64(n)/int64(total), q.min)
		if err != nil {
			return nil, err
		}
		r.restarting = true
		j.readers = append(j.readers, r)
	}
	c, err := newConn(addr, b.loop.inFlight, pullInbound, e)
	if err != nil {
		return nil, err
	}
	c.job = j
	if err := l.add(i, c); err != nil {
		c.close()
		return nil, err
	}
	return j, nil
}
