package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"gorocket/integration/harness"
)

// Cores of the server and of the tool.
const serverCore, toolCore = "0", "1"

// toolRun is one run of `gorocket bench`. -b or -n, --pid, --duration and --warmup come by themselves.
type toolRun struct {
	args    string
	names   bool          // it is told the name server, not the broker
	ofNames bool          // the name server is measured, not the broker
	warm    float64       // share of the usual warm-up; 0 means 1
	phases  int           // so many times warm-up and measurement; 0 means 1
	takes   time.Duration // of the measurement; 0: -time
	plain   bool          // the command has no --warmup
}

// warmUpOf is the load before the measurement: a JVM compiles what it runs often, ours needs a tenth.
func (l *toolRun) warmUpOf(kind harness.Kind) time.Duration {
	warm := time.Duration(cmp.Or(l.warm, 1) * float64(*warmUp))
	if kind == harness.Go {
		warm /= 10
	}
	return warm
}

// length is about how long the run takes, with the tool's start and end.
func (l toolRun) length(kind harness.Kind) time.Duration {
	return time.Second + time.Duration(cmp.Or(l.phases, 1))*(l.warmUpOf(kind)+cmp.Or(l.takes, *measure))
}

// tool runs `gorocket bench` against a server of the pair and returns its JSON.
func (r *round) tool(p *harness.Pair, l toolRun) (answers, error) {
	server, where := p.Broker, []string{"-b", p.Broker.Addr()}
	if l.ofNames {
		server = p.Names
	}
	if l.names {
		where = []string{"-n", p.Names.Addr()}
	}
	return r.runTool(l, append(where, "--pid", fmt.Sprint(server.Process().PID())))
}

func (r *round) runTool(l toolRun, where []string) (answers, error) {
	args := append([]string{harness.Binary("gorocket"), "bench"}, strings.Fields(l.args)...)
	args = append(append(args, where...), "--json", "-q", "--duration", cmp.Or(l.takes, *measure).String())
	if !l.plain {
		args = append(args, "--warmup", l.warmUpOf(r.kind).String())
	}
	if runtime.NumCPU() > 1 {
		args = append([]string{"taskset", "-c", toolCore}, args...)
	}
	fmt.Fprintf(os.Stderr, "%s %s: %s\n", time.Now().UTC().Format("15:04:05"), r.kind, l.args)
	syscall.Sync() // what the load before has left to write is not this one's
	cmd, errs := exec.Command(args[0], args[1:]...), new(bytes.Buffer)
	cmd.Stderr = errs
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("gorocket bench %s: %w: %s", l.args, err, bytes.TrimSpace(errs.Bytes()))
	}
	var v answers
	return v, json.Unmarshal(text, &v)
}

// answers is the JSON object that a run printed.
type answers map[string]any

var errNoFigure = errors.New("not in the JSON")

// number looks a key up; a dot leads into an inner object, "\." is a dot of the key.
func (v answers) number(key string) (float64, error) {
	var at any = map[string]any(v)
	const dot = "\x00"
	for _, k := range strings.Split(strings.ReplaceAll(key, `\.`, dot), ".") {
		inner, ok := at.(map[string]any)
		if !ok {
			return 0, fmt.Errorf("%s: %w", key, errNoFigure)
		}
		at = inner[strings.ReplaceAll(k, dot, ".")]
	}
	n, ok := at.(float64)
	if !ok {
		return 0, fmt.Errorf("%s: %w", key, errNoFigure)
	}
	return n, nil
}

// optional is a number that is left out when it is 0.
func (v answers) optional(key string) float64 {
	n, _ := v[key].(float64)
	return n
}

// unanswered are messages that were refused, or not answered, or that could not even be sent in time.
func (v answers) unanswered() float64 {
	return v.optional("errors") + v.optional("missing") + v.optional("unsent")
}
