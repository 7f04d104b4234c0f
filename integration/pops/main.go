// Pops kills brokers under consumers that pop (`make crash SCENARIO=pop`): a ledger knows of each message who has it,
// until when, and whether its acknowledgement was answered. Nothing is lost, nothing comes before its time is over, and
// nothing that is acknowledged comes again. With -soak nobody is killed but consumers (`make soak SCENARIO=pop`); -held
// and -inflight measure (`make bench-pops`).
//
//	GOROCKET_BIN=../bin go run ./pops -kills 50 -pair 20
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/kills"
)

var (
	alone  = flag.Int("kills", 50, "how often a broker is killed")
	pair   = flag.Int("pair", 20, "how often the master of a pair under SYNC_MASTER is killed")
	soak   = flag.Duration("soak", 0, "let consumers come and go for so long, and kill no broker")
	held   = flag.Int("held", 0, "hold so many pops that wait, and kill nobody: what each costs, and whom a message wakes")
	flight = flag.Int("inflight", 0, "pop so many messages that nobody acknowledges, and kill nobody: memory, and a start")
	merge  = flag.Bool("merge", true, "enablePopBufferMerge")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pops: FAILED:", err)
		os.Exit(1)
	}
}

func run() error {
	if why := harness.Go.Missing(); why != "" {
		return errors.New(why)
	}
	conf := harness.Conf{"timerWheelEnable": "true", "enablePopBufferMerge": fmt.Sprint(*merge), "brokerName": "broker-a"}
	if *soak > 0 {
		return with(conf, "soak", func(b *harness.Server) ([]string, error) { return kills.Calm(b, *soak, loads()...) })
	}
	switch {
	case *held > 0:
		return with(conf, "held", holdPops)
	case *flight > 0:
		conf["mappedFileSizeCommitLog"], conf["mappedFileSizeConsumeQueue"] = "134217728", "6000000"
		return with(conf, "in flight", inFlight)
	}
	var failed []error
	if *alone > 0 {
		failed = append(failed, with(conf, fmt.Sprintf("%d kills of a broker", *alone),
			func(b *harness.Server) ([]string, error) { return kills.Run(b, *alone, loads()...) }))
	}
	if *pair > 0 {
		conf["brokerRole"], conf["inSyncReplicas"] = "SYNC_MASTER", "2"
		failed = append(failed, with(conf, fmt.Sprintf("%d kills of a master with a slave", *pair), withSlave))
	}
	return errors.Join(failed...)
}

func loads() []kills.Workload { return []kills.Workload{&kills.Pops{}, &kills.OrderedPops{}} }

// with runs do on a broker of its own and prints its report.
func with(conf harness.Conf, what string, do func(*harness.Server) ([]string, error)) error {
	p, err := harness.StartPair(harness.Go, conf)
	if err != nil {
		return err
	}
	defer p.Close()
	begin := time.Now()
	report, err := do(p.Broker)
	for _, line := range report {
		fmt.Printf("pops: %s: %s\n", what, line)
	}
	fmt.Printf("pops: %s took %v\n", what, time.Since(begin).Round(time.Second))
	if err != nil {
		return fmt.Errorf("%s: %w\nend of its log:\n%s", what, err, p.Broker.Process().Tail(8))
	}
	return nil
}

// withSlave kills a master that has a slave: what is answered is on both.
func withSlave(master *harness.Server) ([]string, error) {
	dir, err := os.MkdirTemp("", "gorocket-pops-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	slave, err := harness.NewBroker(harness.Go, dir, "slave", master.Names(), harness.Conf{"timerWheelEnable": "true",
		"brokerName": "broker-a", "brokerRole": "SLAVE", "brokerId": "1",
		"haMasterAddress": fmt.Sprintf("127.0.0.1:%d", master.Port+1)})
	if err != nil {
		return nil, err
	}
	if err := slave.Start(); err != nil {
		return nil, err
	}
	defer slave.Kill()
	return kills.Run(master, *pair, loads()...)
}
