package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const overloadLong = `Measure the peak with a moderate number of requests in flight, then what is accepted with far more than can be served: a broker should
refuse the rest and go on at its peak. --in-flight is the number over all connections here. Refused messages are sent again at once.

  gorocket bench overload -n 127.0.0.1:9876 --in-flight 40000 --connections 64`

// overloadBench is `bench overload`. Each of the two parts takes --warmup and --duration.
type overloadBench struct {
	send     sendBench
	total    int
	peakConn int
	peakEach int
}

func (b *overloadBench) flags(c *cobra.Command, _ *common) {
	c.Flags().IntVar(&b.total, "in-flight", 40_000, "requests in flight over all connections")
	c.Flags().IntVar(&b.send.loop.connections, "connections", 64, "connections")
	c.Flags().IntVar(&b.peakConn, "peak-connections", 8, "connections of the measurement before")
	c.Flags().IntVar(&b.peakEach, "peak-in-flight", 64, "requests in flight on each of these")
	b.send.message.flags(c)
	topicFlags(c, &b.send.topic, &b.send.queues)
}

func (b *overloadBench) check(k *common) error {
	if b.total < b.send.loop.connections {
		return usage("--in-flight %d is less than one for each of %d connections", b.total, b.send.loop.connections)
	}
	if err := (&loopFlags{connections: b.peakConn, inFlight: b.peakEach}).check(); err != nil {
		return usage("peak: %v", err)
	}
	b.send.loop.inFlight = b.total / max(1, b.send.loop.connections)
	return b.send.check(k)
}

func (b *overloadBench) run(ctx context.Context, e *env) (*report, error) {
	targets, err := e.topicOn(ctx, b.send.topic, b.send.queues)
	if err != nil {
		return nil, err
	}
	if err := b.send.message.probe(ctx, e, targets, b.send.topic); err != nil {
		return nil, err
	}
	peak, err := b.part(ctx, e, targets, &loopFlags{connections: b.peakConn, inFlight: b.peakEach}, false)
	if err != nil {
		return nil, fmt.Errorf("peak: %w", err)
	}
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	over, err := b.part(ctx, e, targets, &b.send.loop, true)
	if err != nil {
		return nil, fmt.Errorf("overload: %w", err)
	}
	return b.report(targets, peak, over)
}

func (b *overloadBench) part(ctx context.Context, e *env, targets []target, loop *loopFlags, tolerant bool) (*outcome,
	error) {
	l, err := b.send.message.load(e, targets, b.send.topic, loop, -1)
	if err != nil {
		return nil, err
	}
	for _, w := range l.workers {
		w.tolerant = tolerant
	}
	return l.run(ctx, e.warmup, e.duration)
}

func (b *overloadBench) report(targets []target, peak, over *outcome) (*report, error) {
	r := newReport("overload", fmt.Sprintf("bench overload of %s, topic %s: %d B, peak with %d x %d in flight, then %s "+
		"in flight on %s", addresses(targets), b.send.topic,
		b.send.message.size, b.peakConn, b.peakEach, grouped(int64(b.send.loop.inFlight*b.send.loop.connections)),
		plural(b.send.loop.connections, "connection")))
	b.send.settings(r, targets)
	r.set("brokers", strings.Split(addresses(targets), ", "))
	best := float64(peak.inWindow) / peak.took.Seconds()
	accepted := float64(over.inWindow) / over.took.Seconds()
	if best == 0 {
		return nil, fmt.Errorf("no message was acknowledged at the peak%s", firstRemark(peak.tally))
	}
	r.row("peak", fmt.Sprintf("%s messages/s, p99 %s", grouped(int64(best)),
		micros(peak.tally.hist.ValueAtPercentile(99))), "peakPerSecond", best)
	r.row("accepted of it", fmt.Sprintf("%.0f %%", 100*accepted/best), "acceptedRatio", accepted/best)
	refused := float64(over.tally.errors()) / over.took.Seconds()
	r.row("refused", grouped(int64(refused))+" messages/s", "refusedPerSecond", refused)
	r.outcome(over, "message", "accepted")
	r.latency("peak", "peak", peak.tally.hist)
	return r, nil
}
