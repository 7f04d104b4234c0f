package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

// Cores of the server and of the tool.
const serverCore, toolCore = "0", "1"

// round is what one round found for one kind of server.
type round struct {
	kind   harness.Kind
	values map[string]float64 // by the figures' names
	curve  []point
}

// point is an open loop at one rate.
type point struct{ rate, p50, p99 float64 } // requests/s, µs, µs

func (r *round) String() string {
	return fmt.Sprintf("%d figures, %d rates", len(r.values), len(r.curve))
}

func (r *round) run(wanted map[string]bool) error {
	for _, p := range pairs {
		if !p.has(wanted) {
			continue
		}
		if err := r.pair(&p, wanted); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (p *pair) has(wanted map[string]bool) bool {
	for _, part := range p.parts() {
		if wanted[part] {
			return true
		}
	}
	return false
}

func (r *round) pair(p *pair, wanted map[string]bool) error {
	begin := time.Now()
	servers, err := harness.StartPair(r.kind, harness.BigFiles(p.conf))
	if err != nil {
		return err
	}
	defer servers.Close()
	if wanted["start"] && p.start {
		if err := r.started(servers, begin); err != nil {
			return err
		}
	}
	for _, b := range p.benchs {
		if !wanted[b.part] {
			continue
		}
		v, err := r.bench(servers, &b, "")
		if err != nil {
			return err
		}
		if err := r.take(b.figures, v); err != nil {
			return fmt.Errorf("%s: %w", b.args, err)
		}
	}
	if wanted["curve"] && p.curve {
		return r.measureCurve(servers)
	}
	return nil
}

// started notes the time to the first acknowledged send and the memory then.
func (r *round) started(p *harness.Pair, begin time.Time) error {
	if err := load.FirstSend(p.Broker.Addr(), "bench_start", time.Minute); err != nil {
		return err
	}
	r.values[startTime.name] = float64(time.Since(begin).Microseconds()) / 1000
	time.Sleep(2 * time.Second)
	r.values[idleMemory.name] = float64(load.RssAnon(p.Names.Process().PID())+load.RssAnon(p.Broker.Process().PID())) / 1024
	return nil
}

// bench runs `gorocket bench` and returns its JSON.
func (r *round) bench(p *harness.Pair, b *bench, more string) (map[string]any, error) {
	server, where := p.Broker, []string{"-b", p.Broker.Addr()}
	if b.names {
		server, where = p.Names, []string{"-n", p.Names.Addr()}
	}
	if strings.HasPrefix(b.args, "e2e") {
		where = []string{"-n", p.Names.Addr()}
	}
	warm := *warmUp
	if r.kind == harness.Go {
		warm /= 10
	}
	args := append([]string{harness.Binary("gorocket"), "bench"}, strings.Fields(b.args+" "+more)...)
	args = append(append(args, where...), "--json", "-q", "--pid", fmt.Sprint(server.Process().PID()), "--duration", measure.String(), "--warmup", warm.String())
	if runtime.NumCPU() > 1 {
		args = append([]string{"taskset", "-c", toolCore}, args...)
	}
	fmt.Fprintf(os.Stderr, "%s: %s %s\n", r.kind, b.args, more)
	cmd, errs := exec.Command(args[0], args[1:]...), new(bytes.Buffer)
	cmd.Stderr = errs
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("gorocket bench %s: %w: %s", b.args, err, bytes.TrimSpace(errs.Bytes()))
	}
	var v map[string]any
	return v, json.Unmarshal(text, &v)
}

var errNoFigure = errors.New("not in the JSON")

// take notes figures of a run.
func (r *round) take(figures []figure, v map[string]any) error {
	for _, f := range figures {
		n, err := number(v, f.key)
		if err != nil {
			return err
		}
		if f.unit == "MiB" {
			n /= 1 << 20
		}
		r.values[f.name] = n
	}
	return nil
}

// number looks a key up; a dot leads into an inner object.
func number(v map[string]any, key string) (float64, error) {
	var at any = v
	for _, k := range strings.Split(key, ".") {
		inner, ok := at.(map[string]any)
		if !ok {
			return 0, fmt.Errorf("%s: %w", key, errNoFigure)
		}
		at = inner[k]
	}
	n, ok := at.(float64)
	if !ok {
		return 0, fmt.Errorf("%s: %w", key, errNoFigure)
	}
	return n, nil
}

// shares are the rates of the curve as shares of what the same server takes in a closed loop.
var shares = []float64{0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1}

// measureCurve finds what the server takes and then sends at shares of that in an open loop.
func (r *round) measureCurve(p *harness.Pair) error {
	b := bench{args: "send --size 1024 --connections 8"}
	v, err := r.bench(p, &b, "--in-flight 64")
	if err != nil {
		return err
	}
	most, err := number(v, "perSecond")
	if err != nil {
		return err
	}
	for _, share := range shares {
		v, err := r.bench(p, &b, fmt.Sprintf("--rate %.0f", most*share))
		if err != nil {
			return err
		}
		p50, err50 := number(v, "latencyMicros.send.p50")
		p99, err99 := number(v, "latencyMicros.send.p99")
		if err := errors.Join(err50, err99); err != nil {
			return err
		}
		r.curve = append(r.curve, point{most * share, p50, p99})
	}
	return nil
}
