package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

var (
	rounds  = flag.Int("rounds", 3, "rounds; the tables show medians")
	only    = flag.String("only", "", "one kind of server only: java or gorocket")
	rate    = flag.Int("rate", 1000, "messages a second")
	measure = flag.Duration("measure", 10*time.Second, "load that counts, per round")
	warmUp  = flag.Duration("warmup", 15*time.Second, "load before it: a JVM compiles its hot paths")
	held    = flag.Int("held", 20_000, "held pulls; 0 leaves that part out")
	clients = flag.Int("clients", 200, "connections that hold them")
)

func main() {
	flag.Parse()
	debug.SetGCPercent(1000) // our own pauses must not count
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

func run() error {
	turns := load.Turns[figures]{Rounds: *rounds, Only: *only, Say: figures.String,
		One: func(kind harness.Kind) (f figures, err error) {
			err = withBroker(kind, func(b *harness.Server) (err error) {
				f, err = measureOne(b.Addr())
				return err
			})
			return f, err
		}}
	all, err := turns.Run()
	if err != nil {
		return err
	}
	if *rounds > 0 {
		printTable(turns.Kinds(), all)
	}
	for _, kind := range turns.Kinds() {
		if *held == 0 {
			break
		}
		if err := withBroker(kind, holdPulls); err != nil {
			return fmt.Errorf("%s, held pulls: %w", kind, err)
		}
	}
	return nil
}

// withBroker runs work with a fresh name server and broker.
func withBroker(kind harness.Kind, work func(*harness.Server) error) error {
	p, err := harness.StartPair(kind, harness.BigFiles(nil))
	if err != nil {
		return err
	}
	defer p.Close()
	return work(p.Broker)
}
