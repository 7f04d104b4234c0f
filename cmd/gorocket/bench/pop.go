package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gorocket/remoting/wire"
)

const popLong = `Pop messages and acknowledge each of them (POP consumption of RocketMQ 5), in a closed loop: each of --connections x --in-flight poppers
pops, acknowledges what came one by one, or with --batch-acks all at once, and pops again. At the end of the topic a group of another name begins
from the start. What is counted is messages that were popped; the server's CPU per message has the acknowledgement in it.

  gorocket bench pop -n 127.0.0.1:9876 --fill 200000
  gorocket bench pop -b 127.0.0.1:10911 --fill 200000 --batch-acks --pid $(pidof gorocket)

An acknowledgement that was refused is counted among the errors. A fault ends in exit status 1, after the table.`

// popBench is `bench pop`.
type popBench struct {
	pullBench
	batchAcks bool
}

func (b *popBench) flags(c *cobra.Command, k *common) {
	b.pullBench.flags(c, k)
	c.Flags().BoolVar(&b.batchAcks, "batch-acks", false, "one request acknowledges all messages of a pop")
	c.Flags().Lookup("batch").Usage = "messages of a pop at most (maxMsgNums), 1 to 32"
	c.Flags().Lookup("in-flight").Usage = "poppers on each connection"
}

func (b *popBench) check(k *common) error {
	if b.spec.max > maxPopped {
		return usage("--batch must be 1 to %d, not %d", maxPopped, b.spec.max)
	}
	if b.loop.inFlight > maxInFlight/maxPopped {
		return usage("--in-flight must be 1 to %d, not %d", maxInFlight/maxPopped, b.loop.inFlight)
	}
	return b.pullBench.check(k)
}

func (b *popBench) run(ctx context.Context, e *env) (*report, error) {
	targets, err := b.filled(ctx, e)
	if err != nil {
		return nil, err
	}
	if stored(targets) == 0 {
		return nil, fmt.Errorf("topic %s has no messages on %s: send some with --fill N", b.spec.topic, addresses(targets))
	}
	l, err := e.load(b.loop.connections)
	if err != nil {
		return nil, err
	}
	jobs, err := b.connect(ctx, e, l, targets)
	if err != nil {
		l.close()
		return nil, err
	}
	o, err := l.run(ctx, e.warmup, e.duration)
	if err != nil {
		return nil, err
	}
	r := b.report("pop", "a pop", targets)
	r.set("batchAcks", b.batchAcks)
	b.verdict(r, jobs)
	r.received(o, "pop")
	return r, nil
}

// verdict adds what was acknowledged, and faults.
func (b *popBench) verdict(r *report, jobs []*popJob) {
	var all findings
	var acked, rounds int64
	for _, j := range jobs {
		all.add(&j.found)
		acked, rounds = acked+j.acked, rounds+j.rounds
	}
	r.row("acknowledged", grouped(acked)+" (warm-up included)", "acknowledged", acked)
	r.row("read to the end", grouped(rounds)+" times", "wraps", rounds)
	r.set("faulty", all.faulty)
	if all.faulty > 0 {
		r.note("first fault", all.first)
		r.failed = fmt.Errorf("the messages are not as they should be: %s", all.first)
	}
}

// connect gives every connection its poppers.
func (b *popBench) connect(ctx context.Context, e *env, l *load, targets []target) (jobs []*popJob, err error) {
	var specs []*popSpec
	for i := range targets {
		name, err := e.brokerName(ctx, targets[i].addr)
		if err != nil {
			return nil, err
		}
		specs = append(specs, &popSpec{topic: b.spec.topic, group: b.spec.group, broker: name,
			max: b.spec.max, batch: b.batchAcks, sign: e.sign})
	}
	for i := range b.loop.connections {
		at := i % len(targets)
		c, err := newConn(targets[at].addr, specs[at].slots(b.loop.inFlight), pullInbound, e)
		if err != nil {
			return nil, err
		}
		j := specs[at].job(b.loop.inFlight)
		c.job = j
		if err := l.add(i, c); err != nil {
			c.close()
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// brokerName asks a broker for its name, GET_BROKER_CONFIG (26).
func (e *env) brokerName(ctx context.Context, addr string) (string, error) {
	resp, err := call(ctx, e, addr, "tell its configuration", wire.ReqGetBrokerConfig, wire.None, new(wire.NoHeader), nil)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(resp.Body)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "brokerName="); ok {
			return name, nil
		}
	}
	return "", fmt.Errorf("%s: its configuration has no brokerName", addr)
}
