package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/wire"
)

const (
	paceRate         = 2000 // sends/s
	deleteExpiredLog = 329
)

// Latencies count from the moment at which a send was due, so that one that waits for another is not forgotten.
var paceRows = []row{
	{name: "2,000 sends/s, 1 KiB: p50 while the log is only flushed", unit: "µs"},
	{name: "p99", unit: "µs"},
	{name: "p99.9", unit: "µs"},
	{name: "the same while expired commit log files are deleted: p50", unit: "µs"},
	{name: "p99 while files are deleted", unit: "µs"},
	{name: "p99.9 while files are deleted", unit: "µs"},
}

// pace shows whether flushing and the deletion of expired files can be seen in the latency of sends.
func (b *bench) pace(kind harness.Kind, folder string) error {
	p, err := start(kind, folder, 1, harness.Conf{"mappedFileSizeCommitLog": "268435456", "fileReservedTime": "72",
		"deleteWhen": "23"})
	if err != nil {
		return err
	}
	defer p.kill()
	if err := p.fill(sends(1, 1024), b.dirty); err != nil {
		return err
	}
	if _, err := paced(p.broker.Addr(), b.warmUp); err != nil {
		return err
	}
	still, err := paced(p.broker.Addr(), 2*b.measure)
	if err != nil {
		return err
	}
	before, err := load.AgeLog(p.broker.Store())
	if err != nil {
		return err
	}
	if r, err := wire.Call(p.broker.Addr(), wire.Request{Code: deleteExpiredLog}, 5*time.Second); err != nil ||
		r.Code != 0 {
		return fmt.Errorf("request %d: %d %s %w", deleteExpiredLog, r.Code, r.Remark, err)
	}
	busy, err := paced(p.broker.Addr(), 2*b.measure)
	if err != nil {
		return err
	}
	after, err := load.LogFiles(p.broker.Store())
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s: %d of %d commit log files deleted\n", kind, before-len(after), before)
	for i, d := range []time.Duration{quantile(still, 0.5), quantile(still, 0.99), quantile(still, 0.999),
		quantile(busy, 0.5), quantile(busy, 0.99), quantile(busy, 0.999)} {
		b.value(kind, paceRows[i], float64(d.Nanoseconds())/1000)
	}
	return nil
}

// paced sends at an even rate, one at a time on one connection, and returns the latencies.
func paced(addr string, d time.Duration) ([]time.Duration, error) {
	c, err := wire.Dial(addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r := sends(1, 1024)[0]
	took := make([]time.Duration, 0, int(d.Seconds()*paceRate))
	begin := time.Now()
	for i := range cap(took) {
		due := begin.Add(time.Duration(i) * time.Second / paceRate)
		time.Sleep(time.Until(due))
		resp, err := c.Call(r, 10*time.Second)
		if err != nil || resp.Code != 0 {
			return nil, fmt.Errorf("send %d: %d %s %w", i, resp.Code, resp.Remark, err)
		}
		took = append(took, time.Since(due))
	}
	return took, nil
}

// quantile sorts d.
func quantile(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[int(q*float64(len(d)-1))]
}
