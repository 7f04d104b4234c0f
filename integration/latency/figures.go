package main

import (
	"fmt"
	"slices"
	"time"

	"gorocket/integration/harness"
)

// figures is what one round found for one server.
type figures struct {
	p50, p99, worst time.Duration // send to receipt
	join, leave     time.Duration // median until the other member is told
	slowest         time.Duration // of all notices
}

func (f figures) String() string {
	return fmt.Sprintf("p50 %v p99 %v max %v, join %v leave %v slowest notice %v", f.p50, f.p99, f.worst, f.join, f.leave,
		f.slowest)
}

func measureOne(addr string) (f figures, err error) {
	took, err := endToEnd(addr, *rate, *warmUp, *measure)
	if err != nil {
		return f, err
	}
	f.p50, f.p99, f.worst = quantile(took, 0.5), quantile(took, 0.99), quantile(took, 1)
	joins, leaves, err := notices(addr, 20)
	if err != nil {
		return f, err
	}
	f.join, f.leave = quantile(joins, 0.5), quantile(leaves, 0.5)
	f.slowest = max(quantile(joins, 1), quantile(leaves, 1))
	return f, nil
}

// quantile sorts its input; 0 of nothing.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(len(d)-1, int(q*float64(len(d))))]
}

func printTable(kinds []harness.Kind, all map[harness.Kind][]figures) {
	head, rule := "\n| |", "|---|"
	for _, k := range kinds {
		head, rule = head+fmt.Sprintf(" %s |", k), rule+"---|"
	}
	fmt.Printf("Medians of %d rounds, %d messages/s of 1 KiB:\n%s ratio |\n%s---|\n", *rounds, *rate, head, rule)
	for _, line := range []struct {
		name string
		of   func(figures) time.Duration
	}{
		{"send to receipt, p50", func(f figures) time.Duration { return f.p50 }},
		{"send to receipt, p99", func(f figures) time.Duration { return f.p99 }},
		{"send to receipt, slowest", func(f figures) time.Duration { return f.worst }},
		{"a member joins: the other is told after", func(f figures) time.Duration { return f.join }},
		{"a member leaves: the other is told after", func(f figures) time.Duration { return f.leave }},
		{"slowest notice", func(f figures) time.Duration { return f.slowest }},
	} {
		fmt.Printf("| %s |", line.name)
		var last []time.Duration
		for _, k := range kinds {
			var d []time.Duration
			for _, f := range all[k] {
				d = append(d, line.of(f))
			}
			last = append(last, quantile(d, 0.5))
			fmt.Printf(" %.0f µs |", float64(last[len(last)-1].Nanoseconds())/1000)
		}
		if len(last) == 2 {
			fmt.Printf(" %.2f |\n", float64(last[1])/float64(last[0]))
		} else {
			fmt.Println(" |")
		}
	}
}
