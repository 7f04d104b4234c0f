package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gorocket/integration/harness"
)

// What a machine without any protocol takes for what a master and its slave do, by integration/catchbound: sendfile on
// the master's core, read, pwrite and fdatasync on the slave's. It is measured beside ours, at the same rate or with as
// many bytes, as memory that a hypervisor has to provide first costs more than both, and differs from hour to hour.

var (
	bareAdd = figure{name: replicated + ": what bare sendfile of the same bytes beside it adds to the master's CPU",
		unit: share, floor: true}
	addOfBare = figure{name: replicated + ": master and slave's sendfile, CPU in times of master and bare sendfile",
		unit: times, atMost: 1.2}
	bareCatch = figure{name: "bare sendfile, pwrite and fdatasync of as many bytes", unit: "MB/s", floor: true, more: true}
	catchBare = figure{name: "catching up, from the slave's start to its master's end: share of bare sendfile and pwrite",
		unit: share, more: true, atLeast: 0.8}
)

// bareSender is a run of catchbound.
type bareSender struct {
	cmd *exec.Cmd
	out *bufio.Scanner
}

// startBare returns when the bytes of bound begin to flow; they come from and go to the folder of a server.
func startBare(p *harness.Pair, args ...string) (*bareSender, error) {
	dir := filepath.Dir(p.Broker.Store())
	bin := filepath.Join(dir, "catchbound")
	if text, err := exec.Command("go", "build", "-o", bin, "./catchbound").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("catchbound: %w: %s", err, text)
	}
	b := &bareSender{cmd: exec.Command(bin, append([]string{"-dir", dir, "-sync", "-read=1048576"}, args...)...)}
	b.cmd.Stderr = os.Stderr
	out, err := b.cmd.StdoutPipe()
	if err == nil {
		err = b.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	b.out = bufio.NewScanner(out)
	if !b.out.Scan() || b.out.Text() != "sending" {
		return nil, fmt.Errorf("catchbound said %q: %w", b.out.Text(), errors.Join(b.out.Err(), b.cmd.Wait()))
	}
	return b, nil
}

// wait returns what the sender took: MB/s, and ms of CPU for each GB.
func (b *bareSender) wait() (rate, cpu float64, err error) {
	for b.out.Scan() {
		if who, said, _ := strings.Cut(b.out.Text(), ": "); who == "sender" {
			_, err = fmt.Sscanf(said, "%f MB/s, %f ms", &rate, &cpu)
		}
	}
	if err = errors.Join(err, b.out.Err(), b.cmd.Wait()); err == nil && (rate == 0 || cpu == 0) {
		err = errors.New("catchbound: it did not say what it took")
	}
	return rate, cpu, err
}

// bareReplica sends beside the load what the slave got with it: what that takes is the least that a slave can add.
func (r *round) bareReplica(p *harness.Pair, send toolRun, perSecond, messageBytes float64) error {
	load := send.length(r.kind).Seconds() + 1
	mb := perSecond * messageBytes / 1e6
	b, err := startBare(p, fmt.Sprintf("-rate=%.0f", mb), fmt.Sprintf("-block=%.0f", mb*1e3),
		fmt.Sprintf("-mib=%.0f", mb*load*1e6/(1<<20)))
	if err != nil {
		return err
	}
	v, err := r.tool(p, send)
	_, ms, bareErr := b.wait()
	if err = errors.Join(err, bareErr); err != nil {
		return err
	}
	master, err := v.number(masterCPU.key)
	if err != nil {
		return err
	}
	alone, _ := r.get(r.part, aloneCPU.name)
	with, _ := r.get(r.part, masterCPU.name)
	bare := master + ms*1e3*messageBytes/1e9 // µs
	r.set(bareAdd.name, bare/alone-1)
	r.set(addOfBare.name, with/bare)
	return nil
}

// bareCatchUp sends as many bytes as the slave caught up with.
func (r *round) bareCatchUp(p *harness.Pair) error {
	b, err := startBare(p, fmt.Sprintf("-mib=%d", *catchUpBytes>>20))
	if err != nil {
		return err
	}
	rate, _, err := b.wait()
	if err != nil {
		return err
	}
	mine, _ := r.get(r.part, catchUp.name)
	r.set(bareCatch.name, rate)
	r.set(catchBare.name, mine/rate)
	return nil
}
