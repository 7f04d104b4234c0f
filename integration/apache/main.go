package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"gorocket/integration/harness"
)

// usual is the groups of all that works.
const usual = "smoke send consume filter broadcast order query offset admin statictopic transaction delay recall rpc pop"

var (
	groupNames = flag.String("groups", "", "names from groups.tsv, or all (default \""+usual+"\")")
	classNames = flag.String("classes", "", "classes or Class#method instead of groups")
	server     = flag.String("server", "gorocket", "whose servers: gorocket or java (Apache's 5.5.0)")
	limit      = flag.Duration("limit", 7*time.Minute, "time for one class, its servers' start included")
	retries    = flag.Int("retry", 1, "how often what failed runs again, alone")
	times      = flag.Int("times", 1, "how often the groups run")
	out        = flag.String("out", "", "file for the results (default results.tsv in the work folder)")
	brokerConf = flag.String("conf", "", "settings for every broker, \"key=value key=value\"")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "apache:", err)
	}
	if failed || err != nil {
		os.Exit(1)
	}
}

func run(ctx context.Context) (failed bool, err error) {
	todo, err := wanted()
	if err != nil {
		return false, err
	}
	s, err := newSuite(harness.Kind(*server))
	if err != nil {
		return false, err
	}
	defer s.close()
	base, err := baseline()
	if err != nil {
		return false, err
	}
	var all []row
	for n := range *times {
		if *times > 1 {
			fmt.Printf("== run %d of %d\n", n+1, *times)
		}
		rows, err := s.runAll(ctx, todo, base)
		if err != nil {
			return false, err
		}
		all = append(all, rows...)
	}
	file := *out
	if file == "" {
		file = s.work + "/results.tsv"
	}
	if err := writeTable(file, all); err != nil {
		return false, err
	}
	fmt.Printf("results: %s, output of tests and servers: %s\n", file, s.logs)
	return summary(all, base), nil
}

// wanted is the groups that the flags name.
func wanted() ([]group, error) {
	if *classNames != "" {
		return []group{{name: "classes", classes: strings.Fields(*classNames), peersMillis: 16000}}, nil
	}
	all, err := groups()
	if err != nil {
		return nil, err
	}
	if *groupNames == "all" {
		return all, nil
	}
	byName := map[string]group{}
	for _, g := range all {
		byName[g.name] = g
	}
	var out []group
	for _, name := range strings.Fields(cmp.Or(*groupNames, usual)) {
		g, ok := byName[name]
		if !ok {
			return nil, fmt.Errorf("no group %q in groups.tsv", name)
		}
		out = append(out, g)
	}
	return out, nil
}

// summary prints what passes on Java and failed here, and the last line. Nothing at all is a failure.
func summary(all []row, base table) (failed bool) {
	failed = len(all) == 0
	count := map[string]int{}
	for _, r := range all {
		count[r.result]++
		if r.bad() && base[r.key()] == "pass" {
			failed = true
			fmt.Printf("passes on Java, not here: %s  %s\n", r.key(), r.message)
		}
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", count["pass"], count["fail"]+count["error"], count["skip"])
	return failed
}
