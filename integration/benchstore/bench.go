package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"gorocket/integration/harness"
)

// result is one figure, or why there is none.
type result struct {
	value float64
	fails string
}

// bench is the figures of a run: row by kind. Not for concurrent use.
type bench struct {
	sizes
	rows    []row
	results map[string]map[harness.Kind]result
}

// row is one line of the table.
type row struct {
	name, unit string
	more       bool // more is better
	noRatio    bool
}

func (b *bench) part(kind harness.Kind, part string) error {
	parts := map[string]func(harness.Kind, string) error{"many": b.manyTopics, "sync": b.syncFlush, "kill": b.kill,
		"pace": b.pace}
	do := parts[part]
	if do == nil {
		return fmt.Errorf("no such part; there are many, sync, kill, pace")
	}
	folder, err := os.MkdirTemp(*dir, "benchstore-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	return do(kind, folder)
}

// note enters a figure and says it on standard error at once.
func (b *bench) note(kind harness.Kind, r row, v result) {
	if !slices.Contains(b.rows, r) {
		b.rows = append(b.rows, r)
	}
	if b.results[r.name] == nil {
		b.results[r.name] = map[harness.Kind]result{}
	}
	b.results[r.name][kind] = v
	fmt.Fprintf(os.Stderr, "%s: %s: %s\n", kind, r.name, v.text(r.unit))
}

func (b *bench) value(kind harness.Kind, r row, v float64) { b.note(kind, r, result{value: v}) }

func (b *bench) failed(kind harness.Kind, r row, err error) {
	b.note(kind, r, result{fails: firstLine(err.Error())})
}

func (v result) text(unit string) string {
	switch {
	case v.fails != "":
		return "fails: " + v.fails
	case v.value >= 100:
		return fmt.Sprintf("%.0f %s", v.value, unit)
	default:
		return fmt.Sprintf("%.2f %s", v.value, unit)
	}
}

// table prints Markdown; a ratio above 1 means that ours is better.
func (b *bench) table(out io.Writer) {
	fmt.Fprintf(out, "%d topics x 8 queues; %.1f GiB of log before the clean stop, %.1f GiB before the kill; Java 5.5.0 "+
		"and gorocket in turns on one machine:\n\n", b.topics, gib(b.cleanLog), gib(b.dirty))
	fmt.Fprint(out, "| | Java 5.5.0 | gorocket | ratio |\n|---|---|---|---|\n")
	for _, r := range b.rows {
		j, hasJ := b.results[r.name][harness.Java]
		g, hasG := b.results[r.name][harness.Go]
		ratio := ""
		if hasJ && hasG && j.fails == "" && g.fails == "" && !r.noRatio && j.value > 0 && g.value > 0 {
			v := j.value / g.value
			if r.more {
				v = 1 / v
			}
			ratio = fmt.Sprintf("%.1fx", v)
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", r.name, cell(j, hasJ, r.unit), cell(g, hasG, r.unit), ratio)
	}
}

func cell(v result, has bool, unit string) string {
	if !has {
		return ""
	}
	return v.text(unit)
}

func gib(n int64) float64 { return float64(n) / (1 << 30) }

func firstLine(s string) string {
	for i, r := range s {
		if r == '\n' || i > 160 {
			return s[:i]
		}
	}
	return s
}
