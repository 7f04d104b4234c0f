package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

// session is what the rounds of one run share.
type session struct {
	wanted     map[string]bool
	saturation float64 // messages/s that Java took last: the open loop at half of it is for both
}

// round is what one round finds for one kind of server. Not for concurrent use.
type round struct {
	*session
	kind  harness.Kind
	first bool      // the kind's first round
	begin time.Time // when the pair was started
	part  string    // that is measured now
	found map[string]*finding
	most  float64 // see saturated; 0: not measured yet
}

// finding is what one round found of one part.
type finding struct {
	values map[string]float64 // by the figures' names
	curve  []point
	failed []string
}

// of is the finding of a part, made when it is missing.
func (r *round) of(part string) *finding {
	if r.found[part] == nil {
		r.found[part] = &finding{values: map[string]float64{}}
	}
	return r.found[part]
}

// set notes a figure of the step that runs.
func (r *round) set(name string, v float64) { r.of(r.part).values[name] = v }

// get is a figure that was found before in this round.
func (r *round) get(part, name string) (float64, bool) {
	v, ok := r.of(part).values[name]
	return v, ok
}

// fail notes that a step has not found what it should; the others go on.
func (r *round) fail(err error) {
	line, _, _ := strings.Cut(err.Error(), "\n")
	line = line[:min(len(line), 300)]
	fmt.Fprintf(os.Stderr, "%s: %s: FAILED: %s\n", r.kind, r.part, line)
	f := r.of(r.part)
	f.failed = append(f.failed, fmt.Sprintf("%s: %s", r.kind, line))
}

func (r *round) String() string {
	n := 0
	for _, f := range r.found {
		n += len(f.values)
	}
	return fmt.Sprintf("%d figures of %d parts", n, len(r.found))
}

// run measures everything that is due.
func (r *round) run() {
	for i := range pairs {
		p := &pairs[i]
		if p.has(r.wanted, r.first) {
			r.pair(p)
		}
	}
}

func (r *round) pair(p *pair) {
	r.begin = time.Now()
	servers, err := harness.StartPair(r.kind, harness.BigFiles(p.conf))
	if err == nil {
		defer servers.Close()
	}
	fill := sync.OnceFunc(load.FillPageCache)
	for _, s := range p.steps {
		if !s.due(r.wanted, r.first) {
			continue
		}
		if s.part != "start" {
			fill()
		}
		r.part = s.part
		if err == nil && servers.Broker.Process().Ended() {
			err = errors.New("the broker has ended")
		}
		failed := err
		if err == nil {
			failed = s.do(r, servers, s.figures)
		}
		if failed != nil {
			r.fail(failed)
		}
	}
}

// bench runs the tool and notes figures.
func (r *round) bench(p *harness.Pair, l toolRun, figures []figure) error {
	v, err := r.tool(p, l)
	if err != nil {
		return err
	}
	return r.take(figures, v)
}

// take notes the figures that the JSON has, and how much of its core the tool used.
func (r *round) take(figures []figure, v answers) error {
	busy := v.optional("clientCPUMicros") * v.optional("perSecond") / 1e6
	for _, f := range figures {
		if f.key == "" {
			continue
		}
		n, err := v.number(f.key)
		if err != nil {
			return err
		}
		r.set(f.name, n*cmp.Or(f.scale, 1))
		if busy > 0 && (f.key == "perSecond" || f.key == "serverCPUMicros") {
			r.set(f.name+toolBusy, busy)
		}
	}
	return nil
}

// toolBusy is behind a figure's name in the name of its share of the tool's core.
const toolBusy = " | tool"
