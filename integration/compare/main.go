// Command compare measures a Java 5.5.0 NameServer and broker and ours, one after the other on the same machine in the
// same run, and prints a small table: start, memory, CPU time per message. It needs a JDK and Maven. `make compare`
// runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/wire"
)

const measure = 4 * time.Second

var (
	rounds = flag.Int("rounds", 3, "rounds; the table shows medians")
	only   = flag.String("only", "", "measure one kind only: java or gorocket (no table)")
	warmUp = flag.Duration("warmup", 8*time.Second, "load before each measurement: the JVM compiles its hot paths")
)

// figures are what one round found for one kind of server.
type figures struct {
	start         time.Duration // process start of the NameServer to the first acknowledged send
	idle          float64       // MiB of RssAnon of both processes
	send, one     float64       // CPU µs of the broker per message: 8 x 64 and 1 in flight
	sendRate      float64       // messages/s at 8 x 64 in flight
	pull          float64       // CPU µs of the broker per pulled message
	route         float64       // CPU µs of the NameServer per route query
	broker, names *harness.Server
}

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run() error {
	turns := load.Turns[figures]{Rounds: *rounds, Only: *only, One: one, Say: func(f figures) string {
		return fmt.Sprintf("start %v idle %.0f MiB send %.2f µs (%.0f/s) one %.2f µs pull %.2f µs route %.2f µs",
			f.start.Round(time.Millisecond), f.idle, f.send, f.sendRate, f.one, f.pull, f.route)
	}}
	all, err := turns.Run()
	if err == nil && *only == "" {
		table(all)
	}
	return err
}

func one(kind harness.Kind) (f figures, err error) {
	begin := time.Now()
	p, err := harness.StartPair(kind, harness.BigFiles(nil))
	if err != nil {
		return f, err
	}
	defer p.Close()
	f.names, f.broker = p.Names, p.Broker
	if err = load.FirstSend(f.broker.Addr(), "compare", 60*time.Second); err != nil {
		return f, err
	}
	f.start = time.Since(begin)
	time.Sleep(2 * time.Second)
	f.idle = float64(load.RssAnon(f.names.Process().PID())+load.RssAnon(f.broker.Process().PID())) / 1024
	return f, f.loads()
}

func (f *figures) loads() error {
	broker, names := f.broker.Process().PID(), f.names.Process().PID()
	send := []wire.Request{load.SendRequest("compare", 0, 1024)}
	pull := []wire.Request{{Code: 11, Ext: map[string]any{"consumerGroup": "g", "topic": "compare", "queueId": "0",
		"queueOffset": "100", "maxMsgNums": "32", "sysFlag": "4", "commitOffset": "0",
		"suspendTimeoutMillis": "0", "subscription": "*", "subVersion": "0", "expressionType": "TAG"}}}
	route := []wire.Request{{Code: 105, Ext: map[string]any{"topic": "compare"}}}
	var rate float64
	for _, c := range []struct {
		l      load.Load
		pid    int
		cpu    *float64
		rate   *float64
		weight float64 // messages per answer
	}{
		{load.Load{Addr: f.broker.Addr(), Conns: 8, InFlight: 64, Requests: send}, broker, &f.send, &f.sendRate, 1},
		{load.Load{Addr: f.broker.Addr(), Conns: 1, InFlight: 1, Requests: send}, broker, &f.one, &rate, 1},
		{load.Load{Addr: f.broker.Addr(), Conns: 4, InFlight: 4, Requests: pull}, broker, &f.pull, &rate, 32},
		{load.Load{Addr: f.names.Addr(), Conns: 4, InFlight: 16, Requests: route}, names, &f.route, &rate, 1},
	} {
		if _, _, err := c.l.Run(*warmUp); err != nil {
			return err
		}
		before := load.CPUTime(c.pid)
		n, took, err := c.l.Run(measure)
		if err != nil {
			return err
		}
		*c.cpu = float64((load.CPUTime(c.pid) - before).Microseconds()) / (float64(n) * c.weight)
		*c.rate = float64(n) * c.weight / took.Seconds()
	}
	return nil
}

// table prints medians and ratios as Markdown.
func table(all map[harness.Kind][]figures) {
	fmt.Printf("Median of %d rounds, Java 5.5.0 and gorocket in turns on one machine:\n\n| | Java 5.5.0 | gorocket | "+
		"ratio |\n|---|---|---|---|\n", *rounds)
	for _, row := range []struct {
		name, unit string
		of         func(figures) float64
		more       bool // more is better
	}{
		{"start of both servers to the first acknowledged send", "ms",
			func(f figures) float64 { return float64(f.start.Microseconds()) / 1000 }, false},
		{"idle memory of both (RssAnon)", "MiB", func(f figures) float64 { return f.idle }, false},
		{"broker CPU per 1 KiB send, 8 x 64 in flight", "µs", func(f figures) float64 { return f.send }, false},
		{"1 KiB sends/s, 8 x 64 in flight", "/s", func(f figures) float64 { return f.sendRate }, true},
		{"broker CPU per 1 KiB send, 1 in flight", "µs", func(f figures) float64 { return f.one }, false},
		{"broker CPU per pulled 1 KiB message", "µs", func(f figures) float64 { return f.pull }, false},
		{"NameServer CPU per route query", "µs", func(f figures) float64 { return f.route }, false},
	} {
		j, g := load.Median(all[harness.Java], row.of), load.Median(all[harness.Go], row.of)
		ratio := j / g
		if row.more {
			ratio = g / j
		}
		fmt.Printf("| %s | %s %s | %s %s | %.1fx |\n", row.name, number(j), row.unit, number(g), row.unit, ratio)
	}
}

func number(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
