// Timers measures our timer messages (`make bench-timers`): how fast they are taken, what many of them cost that wait,
// how long a start with them takes, and how late they come beside the slot they belong to. With -kills it checks
// instead that kills lose nothing (`make crash-timers`).
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/kills"
	"gorocket/integration/load"
	"gorocket/integration/load/client"
	"gorocket/integration/wire"
)

var (
	pending = flag.Int("pending", 1_000_000, "messages that wait, within 24 hours")
	rate    = flag.Int("rate", 500, "messages a second whose delay is measured")
	killed  = flag.Int("kills", 0, "kill the broker so often under load instead of measuring")
	measure = flag.Duration("measure", 20*time.Second, "how long these are sent")
)

func main() {
	flag.Parse()
	debug.SetGCPercent(400) // our own pauses must not count
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "timers:", err)
		os.Exit(1)
	}
}

func run() error {
	conf := harness.BigFiles(harness.Conf{"timerWheelEnable": "true"})
	if *killed > 0 {
		maps.Copy(conf, (*kills.Transactions)(nil).Conf())
	}
	p, err := harness.StartPair(harness.Go, conf)
	if err != nil {
		return err
	}
	defer p.Close()
	b := p.Broker
	if *killed > 0 {
		return killLoop(b, *killed)
	}
	for _, part := range []func(*harness.Server) error{fill, restart, accuracy} {
		if err := part(b); err != nil {
			return err
		}
	}
	return nil
}

// fill sends the messages that wait and reports rate and memory.
func fill(b *harness.Server) error {
	if err := makeTopic(b); err != nil {
		return err
	}
	const ring = 100_000
	rounds := max(1, *pending/ring)
	var reqs []wire.Request
	for i := range min(ring, *pending) {
		reqs = append(reqs, request(0, time.Now().UnixMilli()+600_000+int64(uint32(i)*2654435761%85_000)*1000,
			[]byte(fmt.Sprintf("%0100d", i))))
	}
	cpu, begin := load.CPUTime(b.Process().PID()), time.Now()
	for range rounds {
		l := load.Load{Addr: b.Addr(), Conns: 2, InFlight: 256, Requests: reqs}
		if err := l.Each(5 * time.Minute); err != nil {
			return err
		}
	}
	sent := time.Since(begin)
	n, err := waitPending(b, int64(rounds*len(reqs)))
	if err != nil {
		return err
	}
	took := time.Since(begin)
	fmt.Printf("%d timer messages: sent in %v (%.0f/s), in the wheel after %v (%.0f/s), %.2f us CPU each\n", n,
		sent.Round(time.Millisecond), float64(n)/sent.Seconds(),
		took.Round(time.Millisecond), float64(n)/took.Seconds(),
		float64((load.CPUTime(b.Process().PID())-cpu).Microseconds())/float64(n))
	time.Sleep(3 * time.Second)
	before := load.CPUTime(b.Process().PID())
	time.Sleep(10 * time.Second)
	fmt.Printf("RssAnon %d MB, idle with them %.2f %% of a CPU\n", load.RssAnon(b.Process().PID())/1024,
		(load.CPUTime(b.Process().PID())-before).Seconds()*10)
	return nil
}

// restart stops and kills the broker and reports the times to serve again.
func restart(b *harness.Server) error {
	for _, how := range []string{"SIGTERM", "kill -9"} {
		begin := time.Now()
		if how == "kill -9" {
			b.Kill()
		} else if _, err := b.Process().Terminate(time.Minute); err != nil {
			return err
		}
		stopped := time.Now()
		if err := b.Start(); err != nil {
			return err
		}
		up := time.Since(stopped)
		n, err := waitPending(b, int64(*pending))
		if err != nil {
			return err
		}
		fmt.Printf("%s: stopped in %v, serves after %v, %d wait, RssAnon %d MB\n", how,
			stopped.Sub(begin).Round(time.Millisecond), up.Round(time.Millisecond), n, load.RssAnon(b.Process().PID())/1024)
	}
	return nil
}

// waitPending waits until so many messages are in the wheel.
func waitPending(b *harness.Server, want int64) (n int64, err error) {
	c, err := client.Dial(b.Addr(), time.Minute)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		r, err := c.OK(28, nil, nil)
		if err != nil {
			return n, err
		}
		var info struct {
			Table map[string]string `json:"table"`
		}
		if err := decode(r.Body, &info); err != nil {
			return n, err
		}
		if _, err := fmt.Sscan(info.Table["timerCongestNum"], &n); err != nil {
			return n, err
		}
		if n >= want && info.Table["timerOffsetBehind"] == "0" {
			return n, nil
		}
	}
	return n, fmt.Errorf("only %d of %d messages are in the wheel", n, want)
}
