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
	if err := os.Setenv("GOROCKET_JVM_FLAGS", load.JVMFlags); err != nil {
		return err
	}
	kinds := []harness.Kind{harness.Java, harness.Go}
	if *only != "" {
		kinds = []harness.Kind{harness.Kind(*only)}
	}
	all := map[harness.Kind][]figures{}
	for round := range *rounds {
		for _, kind := range kinds {
			var f figures
			err := withBroker(kind, func(b *harness.Server) (err error) {
				f, err = measureOne(b.Addr())
				return err
			})
			if err != nil {
				return fmt.Errorf("%s, round %d: %w", kind, round+1, err)
			}
			fmt.Fprintf(os.Stderr, "round %d %s: %v\n", round+1, kind, f)
			all[kind] = append(all[kind], f)
		}
	}
	if *rounds > 0 {
		printTable(kinds, all)
	}
	for _, kind := range kinds {
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
	if why := kind.Missing(); why != "" {
		return fmt.Errorf("%s", why)
	}
	dir, err := os.MkdirTemp("", "latency-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	names, err := harness.NewNamesrv(kind, dir, "namesrv", nil)
	if err != nil {
		return err
	}
	if err := names.Start(); err != nil {
		return err
	}
	defer names.Kill()
	conf := harness.Conf{"mappedFileSizeCommitLog": "1073741824", "mappedFileSizeConsumeQueue": "6000000", "maxHashSlotNum": "5000000", "maxIndexNum": "20000000"}
	broker, err := harness.NewBroker(kind, dir, "broker-a", names.Addr(), conf)
	if err != nil {
		return err
	}
	if err := broker.Start(); err != nil {
		return err
	}
	defer broker.Kill()
	return work(broker)
}
