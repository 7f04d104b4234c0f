package main

import (
	"fmt"
	"net"
	"time"

	"gorocket/integration/harness"
)

// echoRun is the 128 B case against the echo server.
var echoRun = toolRun{args: "send --size 128 --connections 8 --in-flight 64", warm: 0.1}

// echo measures the echo server with the frames of the 128 B case on the broker's core.
func (r *round) echo(p *harness.Pair, figures []figure) error {
	v, err := r.floor(p, echoRun)
	if err != nil {
		return err
	}
	if err := r.take(figures, v); err != nil {
		return err
	}
	floor, _ := r.get(r.part, echoCPU.name)
	if mine, ok := r.get(r.part, cpu128.name); ok && floor > 0 {
		r.set(overEcho.name, mine/floor)
	}
	return nil
}

// Messages of the pulls of 16 KiB, and how they are read: four readers, each with one pull in flight, as consumers
// have.
const bigMessages = 16_000

var pull16Run = toolRun{args: "pull --connections 4 --in-flight 1", warm: 0.5}

// pull16 compares the bytes per CPU second of pulls with those of bare sendfile of the same chunks out of a file of the
// same size.
func (r *round) pull16(p *harness.Pair, _ []figure) error {
	l := pull16Run
	l.args += fmt.Sprintf(" --topic bench_pull16 --queues 1 --fill %d --size 16384", bigMessages)
	v, err := r.tool(p, l)
	if err != nil {
		return err
	}
	mine, err := v.perCPU()
	if err != nil {
		return err
	}
	r.set(pullBytes.name, mine)
	if v, err = r.floor(p, pull16Run, "--sendfile", fmt.Sprint(bigMessages), "--size", "16384"); err != nil {
		return err
	}
	bare, err := v.perCPU()
	if err != nil {
		return err
	}
	r.set(bareBytes.name, bare)
	r.set(ofBare.name, mine/bare)
	return nil
}

// perCPU is the gigabytes that the server sent per second of its CPU time.
func (v answers) perCPU() (float64, error) {
	bytes, err := v.number("bytesPerSecond")
	if err != nil {
		return 0, err
	}
	messages, err := v.number("perSecond")
	if err != nil {
		return 0, err
	}
	micros, err := v.number("serverCPUMicros")
	if err == nil && (micros <= 0 || messages <= 0) {
		err = fmt.Errorf("%v messages/s with %v µs each", messages, micros)
	}
	return bytes / messages / micros / 1e3, err // bytes per µs are MB per second
}

// floor runs the tool against `gorocket bench echo` on the core of the servers, which are idle meanwhile.
func (r *round) floor(p *harness.Pair, l toolRun, flags ...string) (answers, error) {
	port, err := harness.FreePort()
	if err != nil {
		return nil, err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	echo, err := harness.StartProcess("echo", p.Names.Dir, nil, append([]string{harness.Binary("gorocket"), "bench",
		"echo", "--listen", addr}, flags...)...)
	if err != nil {
		return nil, err
	}
	defer echo.Kill()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			break
		}
		if echo.Ended() || time.Now().After(deadline) {
			return nil, fmt.Errorf("bench echo does not listen: %w: %s", err, echo.Tail(3))
		}
	}
	return r.runTool(l, []string{"-b", addr, "--pid", fmt.Sprint(echo.PID())})
}
