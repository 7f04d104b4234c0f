package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"gorocket/integration/harness"
	"gorocket/integration/load"
)

// Size of the plot and its margins, pixels.
const (
	plotWidth, plotHeight            = 760, 420
	marginLeft, marginTop, marginLow = 70, 20, 50
)

// series is one line of the plot.
type series struct {
	name, colour, dash string
	x, y               []float64
}

// plot draws p50 and p99 over the rate, nil when nothing was measured.
func (r *report) plot() []byte {
	var lines []series
	for _, k := range r.kinds {
		c := r.medianCurve(k)
		if len(c) == 0 {
			continue
		}
		colour := map[harness.Kind]string{harness.Java: "#b5482e", harness.Go: "#1f6f8b"}[k]
		p50, p99 := series{name: title(k) + " p50", colour: colour, dash: "4 3"},
			series{name: title(k) + " p99", colour: colour}
		for _, p := range c {
			p50.x, p50.y = append(p50.x, p.Rate), append(p50.y, p.P50)
			p99.x, p99.y = append(p99.x, p.Rate), append(p99.y, p.P99)
		}
		lines = append(lines, p50, p99)
	}
	if lines == nil {
		return nil
	}
	return draw(lines)
}

// medianCurve takes the medians over the rounds at each share.
func (r *report) medianCurve(k harness.Kind) (c []point) {
	var rounds [][]point
	if p := r.Parts["curve"]; p != nil {
		rounds = slices.DeleteFunc(slices.Clone(p.Curves[k]), func(one []point) bool { return len(one) != len(shares) })
	}
	if len(rounds) == 0 {
		return nil
	}
	for i := range shares {
		at := func(of func(point) float64) float64 {
			return load.Median(rounds, func(one []point) float64 { return of(one[i]) })
		}
		c = append(c, point{at(func(p point) float64 { return p.Rate }), at(func(p point) float64 { return p.P50 }),
			at(func(p point) float64 { return p.P99 })})
	}
	return c
}

// axis maps values to pixels, logarithmically.
type axis struct{ low, high, from, to float64 }

func newAxis(values []float64, from, to float64) axis {
	low, high := math.Pow(10, math.Floor(math.Log10(slices.Min(values)))),
		math.Pow(10, math.Ceil(math.Log10(slices.Max(values))))
	return axis{low, math.Max(high, low*10), from, to}
}

func (a axis) at(v float64) float64 {
	return a.from + (a.to-a.from)*math.Log(v/a.low)/math.Log(a.high/a.low)
}

// ticks are the powers of ten.
func (a axis) ticks() (t []float64) {
	for v := a.low; v <= a.high*1.001; v *= 10 {
		t = append(t, v)
	}
	return t
}

func draw(lines []series) []byte {
	var xs, ys []float64
	for _, l := range lines {
		xs, ys = append(xs, l.x...), append(ys, l.y...)
	}
	x, y := newAxis(xs, marginLeft, plotWidth-marginTop), newAxis(ys, plotHeight-marginLow, marginTop)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	for _, v := range x.ticks() {
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x.at(v), marginTop, plotHeight-marginLow, x.at(v), plotHeight-marginLow+18, grouped(int64(v)))
	}
	for _, v := range y.ticks() {
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			marginLeft, y.at(v), plotWidth-marginTop, marginLeft-6, y.at(v)+4, tick(v))
	}
	for i, l := range lines {
		var points []string
		for k := range l.x {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x.at(l.x[k]), y.at(l.y[k])))
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`+"\n",
			strings.Join(points, " "), l.colour, l.dash)
		for k := range l.x {
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x.at(l.x[k]), y.at(l.y[k]), l.colour)
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", marginLeft+12, marginTop+18+16*i, l.colour, l.name)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">messages/s</text>`+"\n</svg>\n", plotWidth/2, plotHeight-10)
	return b.Bytes()
}

// tick prints microseconds.
func tick(v float64) string {
	switch {
	case v < 1e3:
		return fmt.Sprintf("%g µs", v)
	case v < 1e6:
		return fmt.Sprintf("%g ms", v/1e3)
	}
	return fmt.Sprintf("%g s", v/1e6)
}
