package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

// report compares what was found.
type report struct {
	*results
	kinds []harness.Kind // that there are figures of
}

func newReport(all *results) *report {
	r := &report{results: all}
	for _, k := range []harness.Kind{harness.Java, harness.Go} {
		for _, p := range all.Parts {
			if len(p.Values[k])+len(p.Curves[k]) > 0 && !slices.Contains(r.kinds, k) {
				r.kinds = append(r.kinds, k)
			}
		}
	}
	return r
}

// spread is the median and the ends of a figure over the rounds.
type spread struct {
	median, low, high float64
	rounds            int
}

func spreadOf(v []float64) spread {
	if len(v) == 0 {
		return spread{}
	}
	return spread{load.Median(v, func(n float64) float64 { return n }), slices.Min(v), slices.Max(v), len(v)}
}

func (r *report) spread(kind harness.Kind, name string) spread { return spreadOf(r.values(kind, name)) }

// text prints a figure of a unit: "38,800 /s (38,100–39,000)".
func (s spread) text(unit string) string {
	if s.rounds == 0 {
		return "–"
	}
	if unit == "µs" && s.median >= 10_000 {
		s, unit = spread{s.median / 1000, s.low / 1000, s.high / 1000, s.rounds}, "ms"
	}
	if s.low == s.high {
		return amount(s.median, unit)
	}
	low, high := amount(s.low, unit), amount(s.high, unit)
	if space := strings.LastIndexByte(low, ' '); space > 0 {
		low = low[:space]
		high = high[:strings.LastIndexByte(high, ' ')]
	}
	return fmt.Sprintf("%s (%s–%s)", amount(s.median, unit), low, high)
}

// middle prints the median only.
func (s spread) middle(unit string) string {
	return spread{s.median, s.median, s.median, s.rounds}.text(unit)
}

// amount prints a number with its unit.
func amount(v float64, unit string) string {
	switch unit {
	case share:
		return fmt.Sprintf("%.0f %%", 100*v)
	case times:
		return short(v) + "x"
	}
	return short(v) + " " + unit
}

func short(v float64) string {
	switch {
	case v >= 1000:
		return grouped(int64(v + 0.5))
	case v >= 100 || v == 0:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// grouped prints n with commas: 1,234,567.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// table writes Markdown: medians, spread, ratio, and whether the promise is kept; then the floors.
func (r *report) table(w io.Writer) {
	fmt.Fprint(w, "| |")
	for _, k := range r.kinds {
		fmt.Fprintf(w, " %s |", title(k))
	}
	fmt.Fprintf(w, " ratio | promised |\n|---|%s---|---|\n", strings.Repeat("---|", len(r.kinds)))
	for _, f := range figures() {
		if line, ok := r.line(&f); ok && !f.floor {
			fmt.Fprintln(w, line)
		}
	}
	r.floors(w)
}

// line is the table's line of a figure, false when nothing was found.
func (r *report) line(f *figure) (string, bool) {
	line, found := "| "+f.name+r.busyTool(f)+" |", false
	for _, k := range r.kinds {
		s := r.spread(k, f.name)
		found = found || s.rounds > 0
		line += " " + s.text(f.unit) + " |"
	}
	ratio, promised := r.verdict(f)
	return line + " " + ratio + " | " + promised + " |", found
}

func title(k harness.Kind) string {
	if k == harness.Java {
		return "Java " + harness.JavaVersion
	}
	return string(k)
}

// busyFrom is the share of the tool's core from which on the table tells it: the server may not have been the
// bottleneck.
const busyFrom = 0.9

func (r *report) busyTool(f *figure) string {
	var busy []string
	for _, k := range r.kinds {
		if s := r.spread(k, f.name+toolBusy); s.median > busyFrom {
			busy = append(busy, fmt.Sprintf("%.0f %% with %s", 100*s.median, title(k)))
		}
	}
	if busy == nil {
		return ""
	}
	return " (the tool's own core busy: " + strings.Join(busy, ", ") + ")"
}

// verdict is the ratio and what is promised, and whether it is reached.
func (r *report) verdict(f *figure) (ratio, promised string) {
	java, ours := r.spread(harness.Java, f.name), r.spread(harness.Go, f.name)
	n, known := 0.0, java.rounds > 0 && ours.rounds > 0 && java.median > 0 && ours.median > 0
	if known {
		if n = java.median / ours.median; f.more {
			n = 1 / n
		}
		ratio = factor(n)
	}
	var all []string
	add := func(text string, known, reached bool) {
		switch {
		case !known:
			text += ", not measured"
		case !reached:
			text += ", **not reached**"
		}
		all = append(all, text)
	}
	if f.ratio > 0 {
		add(fmt.Sprintf("%.2gx", f.ratio), known, n >= f.ratio)
		if known && n >= f.ratio {
			ratio = "**" + ratio + "**"
		}
	}
	if f.atMost > 0 {
		add("at most "+limit(f.atMost, f.unit), ours.rounds > 0, ours.median <= f.atMost)
	}
	if f.atLeast > 0 {
		add("at least "+limit(f.atLeast, f.unit), ours.rounds > 0, ours.median >= f.atLeast)
	}
	return ratio, strings.Join(all, "; ")
}

// factor prints a ratio; below 1 ours is the worse one, and it matters by how much.
func factor(n float64) string {
	if n < 0.95 {
		return fmt.Sprintf("%.2gx", n)
	}
	return fmt.Sprintf("%.1fx", n)
}

// limit prints a promised number, which is a round one.
func limit(v float64, unit string) string {
	switch unit {
	case share:
		return fmt.Sprintf("%.0f %%", 100*v)
	case times:
		return fmt.Sprintf("%gx", v)
	}
	return fmt.Sprintf("%g %s", v, unit)
}

// floors writes what the machine and the tool allow, over all rounds of both kinds.
func (r *report) floors(w io.Writer) {
	head := "\nWhat the machine and the tool allow, measured in the same run:\n\n| | | promised |\n|---|---|---|\n"
	for _, f := range figures() {
		if !f.floor {
			continue
		}
		s := spreadOf(append(slices.Clone(r.values(harness.Java, f.name)), r.values(harness.Go, f.name)...))
		if s.rounds == 0 {
			continue
		}
		promised := ""
		if f.atMost > 0 {
			promised = "at most " + limit(f.atMost, f.unit)
			if s.median > f.atMost {
				promised += ", **not reached**"
			}
		}
		fmt.Fprintf(w, "%s| %s | %s | %s |\n", head, f.name, s.text(f.unit), promised)
		head = ""
	}
}
