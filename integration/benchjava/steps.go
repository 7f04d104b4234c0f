package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

// started notes the time to the first acknowledged send and the memory then.
func (r *round) started(p *harness.Pair, _ []figure) error {
	if err := load.FirstSend(p.Broker.Addr(), "bench_start", time.Minute); err != nil {
		return err
	}
	r.set(startTime.name, float64(time.Since(r.begin).Microseconds())/1000)
	time.Sleep(2 * time.Second)
	r.set(idleMemory.name, float64(load.RssAnon(p.Names.Process().PID())+load.RssAnon(p.Broker.Process().PID()))*1024/1e6)
	return nil
}

// idleConnections is how many there are.
const idleConnections = 5000

// connections measures idle ones of a fresh broker: one that has worked has memory to spare.
func (r *round) connections(p *harness.Pair, figures []figure) error {
	return r.bench(p, toolRun{args: fmt.Sprintf("connections --count %d", idleConnections), plain: true,
		takes: 5 * time.Second}, figures)
}

var syncRun = toolRun{args: "send --size 1024 --connections 8 --in-flight 8"}

// inSync is how many messages wait for one fdatasync at most.
const inSync = 64

// sync compares the rate of those who wait for the disk with what the disk allows when each fdatasync serves all of
// them.
func (r *round) sync(p *harness.Pair, figures []figure) error {
	disk, err := load.Fdatasync(filepath.Dir(p.Broker.Store()), 1<<10, 0)
	if err != nil {
		return err
	}
	r.set(fdatasync.name, float64(disk.Nanoseconds())/1000)
	full, err := load.Fdatasync(filepath.Dir(p.Broker.Store()), inSync<<10, 0)
	if err != nil {
		return err
	}
	r.set(diskOnly.name, disk.Seconds()/full.Seconds())
	if err := r.bench(p, syncRun, figures); err != nil {
		return err
	}
	n, _ := r.get(r.part, syncRate.name)
	r.set(ofDisk.name, n/(inSync/disk.Seconds()))
	return nil
}

// halfRun, with a rate, is the open loop of which halfP99 is taken.
var halfRun = toolRun{args: "send --size 1024 --connections 8", warm: 0.5}

// guessedSaturation stands for Java's where Java is not measured.
const guessedSaturation = 40_000

// half sends at half of what Java takes.
func (r *round) half(p *harness.Pair, figures []figure) error {
	if r.kind == harness.Java {
		n, err := r.saturated(p)
		if err != nil {
			return err
		}
		r.saturation = n
	}
	if r.saturation == 0 {
		r.saturation = guessedSaturation
		fmt.Fprintf(os.Stderr, "Java was not measured: half of %d msg/s\n", guessedSaturation)
	}
	l := halfRun
	l.args += fmt.Sprintf(" --rate %.0f", r.saturation/2)
	return r.bench(p, l, figures)
}

// saturated is what the server takes of 1 KiB sends in a closed loop, measured when this round has not done so.
func (r *round) saturated(p *harness.Pair) (float64, error) {
	if n, ok := r.get("send", rate1K.name); ok {
		return n, nil
	}
	if r.most > 0 {
		return r.most, nil
	}
	v, err := r.tool(p, toolRun{args: halfRun.args + " --in-flight 64"})
	if err == nil {
		r.most, err = v.number("perSecond")
	}
	return r.most, err
}
