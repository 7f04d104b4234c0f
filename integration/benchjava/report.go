package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

// report compares what the rounds found.
type report struct {
	kinds []harness.Kind
	all   map[harness.Kind][]*round
}

func newReport(kinds []harness.Kind, all map[harness.Kind][]*round) *report {
	return &report{kinds, all}
}

// spread is the median and the ends of a figure over the rounds; ok is false when no round has it.
func (r *report) spread(kind harness.Kind, name string) (median, low, high float64, ok bool) {
	var v []float64
	for _, one := range r.all[kind] {
		if n, has := one.values[name]; has {
			v = append(v, n)
		}
	}
	if len(v) == 0 {
		return 0, 0, 0, false
	}
	return load.Median(v, func(n float64) float64 { return n }), slices.Min(v), slices.Max(v), true
}

// table writes Markdown: medians, spread, ratio, and whether the promise is kept.
func (r *report) table(w io.Writer) {
	fmt.Fprintf(w, "| |")
	for _, k := range r.kinds {
		fmt.Fprintf(w, " %s |", title(k))
	}
	fmt.Fprintf(w, " ratio | promised |\n|---|%s---|---|\n", strings.Repeat("---|", len(r.kinds)))
	for _, f := range figures() {
		var medians []float64
		line := "| " + f.name + " |"
		for _, k := range r.kinds {
			m, low, high, ok := r.spread(k, f.name)
			if !ok {
				continue
			}
			medians = append(medians, m)
			line += fmt.Sprintf(" %s %s (%s–%s) |", short(m), f.unit, short(low), short(high))
		}
		if len(medians) == len(r.kinds) {
			fmt.Fprintln(w, line+r.verdict(f, medians))
		}
	}
}

func title(k harness.Kind) string {
	if k == harness.Java {
		return "Java " + harness.JavaVersion
	}
	return string(k)
}

func (r *report) verdict(f figure, medians []float64) string {
	if len(medians) != 2 {
		return " | |"
	}
	ratio := medians[0] / medians[1]
	if f.more {
		ratio = medians[1] / medians[0]
	}
	switch {
	case f.want == 0:
		return fmt.Sprintf(" %.1fx | |", ratio)
	case ratio >= f.want:
		return fmt.Sprintf(" **%.1fx** | %.2gx |", ratio, f.want)
	default:
		return fmt.Sprintf(" %.1fx | %.2gx, not reached |", ratio, f.want)
	}
}

func short(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// write makes performance.md and the plot in a folder.
func (r *report) write(folder string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Performance

Written by `+"`make bench-java`"+` on %s; do not edit. Machine: %s.

Java %s and gorocket ran in turns, %d rounds. The server was pinned to one core and `+"`gorocket bench`"+` ([bench.md](bench.md)) to another; loopback, ASYNC_FLUSH where nothing else is said, files of
Java's default sizes. The JVM had Apache's flags with a heap of 2 GiB and %v of load before each measurement of %v. Figures are medians, in brackets the
lowest and the highest round. CPU is user and system time of the server process for each message or request. "Promised" is the ratio that the project set itself.

`, time.Now().UTC().Format("2006-01-02"), machine(), harness.JavaVersion, *rounds, *warmUp, *measure)
	r.table(&b)
	plot, err := r.plot()
	if err != nil {
		return err
	}
	if plot != nil {
		b.WriteString("\n## Throughput and latency\n\nSends of 1 KiB in an open loop, at 10 to 110 % of what the same server takes in a closed loop; both axes are logarithmic.\n\n![latency over throughput](performance.svg)\n")
		if err := os.WriteFile(filepath.Join(folder, "performance.svg"), plot, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "performance.md"), b.Bytes(), 0o644)
}

// machine says what ran it, without names.
func machine() string {
	model := "unknown processor"
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d cores, %s/%s", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}
