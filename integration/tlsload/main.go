// Command tlsload measures what encrypted connections cost a broker that serves plain ones meanwhile: memory of many
// idle ones, and how long a plain client waits while handshakes flood the port. It ends with status 1 when that is more
// than promised.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/load/client"
)

// What is promised.
const (
	mostKiB   = 30.0 // memory of an idle encrypted connection
	mostTimes = 2.0  // the p99 of a plain client's sends under a flood, by the one without
	// machineShare is what is reached of what this machine can do where that is less than promised
	machineShare = 0.8
)

var (
	idle    = flag.Int("idle", 10_000, "idle encrypted connections; 0 leaves that part out")
	rate    = flag.Int("rate", 2_000, "handshakes a second of the flood; 0 leaves that part out")
	seconds = flag.Int("seconds", 15, "of each measurement")
	rounds  = flag.Int("rounds", 3, "turns without and with a flood; the median of each counts")
	sends   = flag.Int("sends", 500, "sends a second of the plain client")
	flooded = flag.String("flood", "", "address to flood, of the process that does it")
)

func main() {
	flag.Parse()
	if *flooded != "" {
		flood(*flooded, *rate, time.Duration(*seconds)*time.Second)
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "tlsload:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "tlsload-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, _, addr, err := harness.StartStandalone(dir, "--log-level", "error")
	if err != nil {
		return err
	}
	defer p.Kill()
	var missed []string
	if *idle > 0 {
		kib, err := idleCost(p, addr)
		if err != nil {
			return err
		}
		if fmt.Printf("idle: %d encrypted connections, %.1f KiB each (at most %.0f)\n", *idle, kib, mostKiB); kib > mostKiB {
			missed = append(missed, "idle")
		}
	}
	if *rate > 0 {
		ok, err := floodCost(dir, p, addr)
		if err != nil {
			return err
		}
		if !ok {
			missed = append(missed, "flood")
		}
	}
	if p.Ended() {
		return fmt.Errorf("the broker has ended\n%s", p.Tail(20))
	}
	if missed != nil {
		return fmt.Errorf("more than promised: %v", missed)
	}
	return nil
}

// idleCost is the memory that a connection takes which has shaken hands and says nothing, in KiB.
func idleCost(p *harness.Process, addr string) (float64, error) {
	warm, err := connect(addr, 200)
	closeAll(warm)
	if err != nil {
		return 0, err
	}
	time.Sleep(5 * time.Second)
	before := load.RssAnon(p.PID())
	all, err := connect(addr, *idle)
	defer closeAll(all)
	if err != nil {
		return 0, err
	}
	time.Sleep(10 * time.Second) // what handshakes needed is given back
	return float64(load.RssAnon(p.PID())-before) / float64(len(all)), nil
}

// floodCost measures the plain client by turns: without a flood, with one that another broker of this machine has to
// bear, and with one that its own has. The flood and its victim share the processors with the client: what the second of
// these costs is this machine's, not the broker's, and where that is more than promised it is the measure instead.
func floodCost(dir string, p *harness.Process, addr string) (ok bool, err error) {
	if err := os.Mkdir(filepath.Join(dir, "other"), 0o700); err != nil {
		return false, err
	}
	other, _, elsewhere, err := harness.StartStandalone(filepath.Join(dir, "other"), "--log-level", "error")
	if err != nil {
		return false, err
	}
	defer other.Kill()
	c, err := client.Dial(addr, 10*time.Second)
	if err != nil {
		return false, err
	}
	defer c.Close()
	if err := c.CreateTopic("plain", 4, 6, ""); err != nil {
		return false, err
	}
	if _, err := measure(c); err != nil { // warm
		return false, err
	}
	var all [3][]time.Duration // without a flood, with one elsewhere, with one
	for round := range *rounds {
		for i, target := range []string{"", elsewhere, addr} {
			before := load.CPUTime(p.PID())
			took, said, err := flooding(fmt.Sprintf("flood%d-%d", round, i), dir, target, c)
			if err != nil {
				return false, err
			}
			fmt.Printf("round %d, %s: p99 of %d plain sends %s; CPU of the broker %s%s\n", round+1,
				[]string{"no flood", "elsewhere", "flood"}[i], len(took), p99(took), load.CPUTime(p.PID())-before, said)
			all[i] = append(all[i], p99(took))
		}
	}
	quiet := float64(median(all[0]))
	times, machine := float64(median(all[2]))/quiet, float64(median(all[1]))/quiet
	most := max(mostTimes, machine/machineShare)
	fmt.Printf("flood: p99 %s -> %s, %.2f times (at most %.2f: promised are %.1f, the same flood elsewhere on this machine makes it %.2f)\n",
		median(all[0]), median(all[2]), times, most, mostTimes, machine)
	return times <= most, nil
}

// flooding measures the plain client while target, unless it is empty, is flooded. said is the flood's last word.
func flooding(name, dir, target string, c *client.Client) (took []time.Duration, said string, err error) {
	if target == "" {
		took, err = measure(c)
		return took, "", err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	// with less claim to this machine's processors: elsewhere the flood comes from other machines
	f, err := harness.StartProcess(name, dir, nil, "nice", "-n", "10", self, "-flood", target, "-rate", fmt.Sprint(*rate),
		"-seconds", fmt.Sprint(*seconds+2))
	if err != nil {
		return nil, "", err
	}
	time.Sleep(time.Second)
	if took, err = measure(c); err != nil {
		return nil, "", err
	}
	if status, err := f.Wait(time.Minute); err != nil || status != 0 {
		return nil, "", fmt.Errorf("the flood ended with %d, %v\n%s", status, err, f.Tail(5))
	}
	return took, "; " + strings.TrimSpace(f.Tail(1)), nil
}

// measure sends at a steady rate on a plain connection and returns how long each send took.
func measure(c *client.Client) (took []time.Duration, err error) {
	begin, body := time.Now(), make([]byte, 1024)
	for i := range *seconds * *sends {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / time.Duration(*sends))))
		at := time.Now()
		if _, err := c.Send(&client.Message{Topic: "plain", Body: body}); err != nil {
			return nil, err
		}
		took = append(took, time.Since(at))
	}
	return took, nil
}

func p99(all []time.Duration) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)*99/100].Round(time.Microsecond)
}

func median(all []time.Duration) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}
