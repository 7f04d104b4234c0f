package main

import (
	_ "embed"
	"fmt"
	"os"
	"strconv"
	"strings"
)

var (
	//go:embed groups.tsv
	groupsText string
	//go:embed baseline.tsv
	baselineText string
)

// row is the result of one method.
type row struct {
	class, method string
	result        string // pass, fail (an assertion), error (anything else), skip
	seconds       string
	message       string
}

func (r row) key() string { return r.class + "#" + r.method }
func (r row) bad() bool   { return r.result == "fail" || r.result == "error" }

// group is a set of classes that share one test JVM and its servers.
type group struct {
	name        string
	peersMillis int      // how long after the brokers' start tests wait until brokers know each other's addresses
	classes     []string // simple names, or Class#method
}

func groups() (all []group, err error) {
	for _, f := range fields(groupsText) {
		if len(f) != 3 {
			return nil, fmt.Errorf("groups.tsv: %q has %d columns, want 3", f, len(f))
		}
		millis, err := strconv.Atoi(f[1])
		if err != nil {
			return nil, fmt.Errorf("groups.tsv: %s: %w", f[0], err)
		}
		all = append(all, group{f[0], millis, strings.Fields(f[2])})
	}
	return all, nil
}

// table is the result on Java by Class#method.
type table map[string]string

func baseline() (table, error) {
	t := table{}
	for _, f := range fields(baselineText) {
		if len(f) != 4 {
			return nil, fmt.Errorf("baseline.tsv: %q has %d columns, want 4", f, len(f))
		}
		t[f[0]+"#"+f[1]] = f[2]
	}
	return t, nil
}

// leftOut is the methods that cannot run against processes.
func (t table) leftOut() (keys []string) {
	for k, result := range t {
		if result == "left-out" {
			keys = append(keys, k)
		}
	}
	return keys
}

// fields cuts a table into columns, without its comments.
func fields(text string) (all [][]string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, strings.Split(line, "\t"))
		}
	}
	return all
}

func writeTable(file string, all []row) error {
	var b strings.Builder
	b.WriteString("# class\tmethod\tresult\tseconds\tmessage\n")
	for _, r := range all {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\n", r.class, r.method, r.result, r.seconds, r.message)
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}
