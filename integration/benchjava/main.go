// Command benchjava runs `gorocket bench` against Java's servers 5.5.0 and ours in turns, server and tool each pinned
// to a core of its own, and compares what it reports: medians of the rounds, their spread, the ratio, and what is
// promised (`make bench-java`). With -out it writes performance.md with its plot and the tables of the READMEs in the
// folder above; performance.json there keeps what was found, so that parts can be measured again alone.
//
//	cases.go, figure.go      what is measured, and what is promised of it
//	round.go, tool.go        one round for one kind of server; one run of `gorocket bench`
//	steps.go ... topics.go   measurements that are more than one run
//	results.go               what was found, over rounds and runs
//	table.go ... readme.go   the report
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

var (
	rounds = flag.Int("rounds", 3, "rounds; the table shows medians. "+strings.Join(slowParts,
		" and ")+" are measured in the first one only")
	only  = flag.String("only", "", "measure one kind only: java or gorocket")
	parts = flag.String("parts", "", "which parts: "+strings.Join(partNames(),
		" ")+"; all; quick: without "+strings.Join(slowParts, " and ")+" (default all with -out, else quick)")
	measure = flag.Duration("time", 10*time.Second, "length of a measurement")
	warmUp  = flag.Duration("warmup", 20*time.Second, "load before a measurement of a JVM, less where it is warm "+
		"already; ours gets a tenth")
	longTime     = flag.Duration("long", 10*time.Minute, "length of the part long")
	catchUpBytes = flag.Int64("catchup", 4<<30, "bytes that a slave of the part ha catches up with")
	topicCount   = flag.Int("topics", 10_000, "topics of the part topics")
	out          = flag.String("out", "", "docs folder: performance.md, performance.svg and performance.json there and the "+
		"tables of the READMEs above it are written, parts that are not measured now from performance.json")
	render = flag.Bool("render", false, "with -out: measure nothing, write the report again from performance.json")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "benchjava:", err)
		os.Exit(1)
	}
}

func run() error {
	wanted, err := chosen(*parts, *out != "")
	if err != nil {
		return err
	}
	all, err := readResults(*out)
	if err != nil {
		return err
	}
	if *render && *out == "" {
		return errors.New("-render needs -out")
	}
	if *render {
		return write(all, *out)
	}
	if runtime.NumCPU() > 1 {
		if err := os.Setenv(harness.PinVariable, serverCore); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "about %v\n", estimate(wanted).Round(time.Minute))
	if err := measureAll(wanted, all); err != nil {
		return err
	}
	newReport(all).table(os.Stdout)
	if *out != "" {
		err = write(all, *out)
	}
	return errors.Join(err, all.failure(wanted))
}

// measureAll adds what the rounds find to all, and saves it after each of them.
func measureAll(wanted map[string]bool, all *results) error {
	s, from := &session{wanted: wanted}, thisRun()
	turns := load.Turns[*round]{Rounds: *rounds, Only: *only, Say: (*round).String}
	all.begin(wanted, from)
	seen := map[harness.Kind]bool{}
	turns.One = func(kind harness.Kind) (*round, error) {
		r := &round{session: s, kind: kind, first: !seen[kind], found: map[string]*finding{}}
		seen[kind] = true
		r.run()
		all.add(r)
		return r, all.save(*out)
	}
	_, err := turns.Run()
	return err
}

// chosen is the set of parts named in text.
func chosen(text string, full bool) (map[string]bool, error) {
	set, known := map[string]bool{}, partNames()
	if text == "" {
		text = "quick"
		if full {
			text = "all"
		}
	}
	for _, word := range strings.Fields(strings.ReplaceAll(text, ",", " ")) {
		if word != "all" && word != "quick" && !slices.Contains(known, word) {
			return nil, fmt.Errorf("no part %q; there are all, quick, %s", word, strings.Join(known, ", "))
		}
		for _, p := range known {
			if p == word || word == "all" || word == "quick" && !slices.Contains(slowParts, p) {
				set[p] = true
			}
		}
	}
	return set, nil
}

// pairLength is what starting and ending a pair takes, with the page cache filled.
var pairLength = fixed(20*time.Second, 9*time.Second)

// estimate is about how long a run takes.
func estimate(wanted map[string]bool) (total time.Duration) {
	turns := load.Turns[*round]{Only: *only}
	for _, kind := range turns.Kinds() {
		for n := range *rounds {
			for i := range pairs {
				p := &pairs[i]
				if !p.has(wanted, n == 0) {
					continue
				}
				total += pairLength(kind)
				for _, s := range p.steps {
					if s.due(wanted, n == 0) {
						total += s.length(kind)
					}
				}
			}
		}
	}
	return total
}
