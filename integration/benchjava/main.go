// Command benchjava runs `gorocket bench` against Java's servers 5.5.0 and ours in turns, server and tool each pinned to a core of its own, and compares what
// it reports: medians of the rounds, their spread, the ratio, and what is promised (`make bench-java`). With -out it writes docs/performance.md and its plots.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

var (
	rounds  = flag.Int("rounds", 3, "rounds; the table shows medians")
	only    = flag.String("only", "", "measure one kind only: java or gorocket")
	parts   = flag.String("parts", "", "which parts: "+strings.Join(partNames(), " ")+" (default all)")
	measure = flag.Duration("time", 10*time.Second, "length of a measurement")
	warmUp  = flag.Duration("warmup", 20*time.Second, "load before each measurement of a JVM; ours gets a tenth")
	out     = flag.String("out", "", "folder for performance.md and its plots; without it the table goes to standard output only")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "benchjava:", err)
		os.Exit(1)
	}
}

func run() error {
	wanted, err := chosen(*parts)
	if err != nil {
		return err
	}
	if runtime.NumCPU() > 1 {
		if err := os.Setenv(harness.PinVariable, serverCore); err != nil {
			return err
		}
	}
	turns := load.Turns[*round]{Rounds: *rounds, Only: *only, Say: (*round).String, One: func(kind harness.Kind) (*round, error) {
		r := &round{kind: kind, values: map[string]float64{}, curve: nil}
		return r, r.run(wanted)
	}}
	all, err := turns.Run()
	if err != nil {
		return err
	}
	r := newReport(turns.Kinds(), all)
	r.table(os.Stdout)
	if *out == "" {
		return nil
	}
	return r.write(*out)
}

// chosen is the set of parts named in text, all of them for "".
func chosen(text string) (map[string]bool, error) {
	known, set := map[string]bool{}, map[string]bool{}
	for _, p := range partNames() {
		known[p] = true
	}
	for _, p := range strings.Fields(cmp.Or(strings.ReplaceAll(text, ",", " "), strings.Join(partNames(), " "))) {
		if !known[p] {
			return nil, fmt.Errorf("no part %q; there are %s", p, strings.Join(partNames(), " "))
		}
		set[p] = true
	}
	return set, nil
}
