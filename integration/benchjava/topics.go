package main

import (
	"fmt"
	"os"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

// Limits of the steps with many topics: Java writes its whole table with each of them.
const (
	createLimit  = time.Hour
	stopTopics   = 3 * time.Minute
	restartLimit = 5 * time.Minute
)

// javaPerTopic and oursPerTopic are what creating and asking takes, for the estimate.
const (
	javaPerTopic = 30 * time.Millisecond
	oursPerTopic = time.Millisecond
)

func topicsLength(kind harness.Kind) time.Duration {
	n := time.Duration(*topicCount)
	return fixed(20*time.Second+n*javaPerTopic, 3*time.Second+n*oursPerTopic)(kind)
}

// topics creates many, waits until the name server knows them, stops the broker and starts it again.
func (r *round) topics(p *harness.Pair, figures []figure) error {
	begin := time.Now()
	l := toolRun{args: fmt.Sprintf("topics --count %d --queues 8 --send=false --prefix bench_", *topicCount), names: true,
		plain: true, takes: createLimit}
	if err := r.bench(p, l, figures); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s: %d topics after %v\n", r.kind, *topicCount, time.Since(begin).Round(time.Second))
	if code, err := p.Broker.Process().Terminate(stopTopics); err != nil || (code != 0 && r.kind == harness.Go) {
		return fmt.Errorf("the broker stopped with %d: %w", code, err)
	}
	again := time.Now()
	if err := p.Broker.Launch(); err != nil {
		return err
	}
	if err := load.FirstSend(p.Broker.Addr(), "bench_000000", restartLimit); err != nil {
		return err
	}
	r.set(topicRestart.name, time.Since(again).Seconds())
	return nil
}
