package main

import (
	"slices"

	"gorocket/integration/harness"
)

// figure is a number that a run of `gorocket bench` reports, and what issue and README promise of it.
type figure struct {
	name, unit string
	key        string  // in the JSON, with dots into inner objects
	more       bool    // more is better; else less
	want       float64 // ratio to Java's figure at least; 0 when nothing is promised
}

// bench is one run of `gorocket bench` against a warm server.
type bench struct {
	part    string
	args    string // -b or -n, --pid, --duration and --warmup come by themselves
	names   bool   // the name server is measured, not the broker
	figures []figure
}

// pair is the servers that some of the runs share.
type pair struct {
	name         string
	conf         harness.Conf
	start, curve bool // has the parts of these names
	benchs       []bench
}

// parts are the names of its parts, in order, each once.
func (p *pair) parts() (names []string) {
	if p.start {
		names = append(names, "start")
	}
	for _, b := range p.benchs {
		if !slices.Contains(names, b.part) {
			names = append(names, b.part)
		}
	}
	if p.curve {
		names = append(names, "curve")
	}
	return names
}

func partNames() (names []string) {
	for _, p := range pairs {
		names = append(names, p.parts()...)
	}
	return names
}

// Figures that no run of `gorocket bench` reports.
var (
	startTime  = figure{name: "start of both servers to the first acknowledged send", unit: "ms", want: 50}
	idleMemory = figure{name: "RssAnon of both servers, idle", unit: "MiB"}
)

// figures are all of them in the order of the table.
func figures() (all []figure) {
	all = append(all, startTime, idleMemory)
	for _, p := range pairs {
		for _, b := range p.benchs {
			all = append(all, b.figures...)
		}
	}
	return all
}

func cpu(name string, want float64) figure {
	return figure{name: name + ": server CPU", unit: "µs", key: "serverCPUMicros", want: want}
}

func rate(name string, want float64) figure {
	return figure{name: name, unit: "/s", key: "perSecond", more: true, want: want}
}

func latency(name, row, percentile string, want float64) figure {
	return figure{name: name + ", " + percentile, unit: "µs", key: "latencyMicros." + row + "." + percentile, want: want}
}

// pairs are all runs, in their order.
var pairs = []pair{
	{name: "ASYNC_FLUSH", start: true, curve: true, benchs: []bench{
		{part: "send", args: "send --size 1024 --connections 8 --in-flight 64", figures: []figure{rate("send 1 KiB, 8 x 64 in flight", 10), cpu("send 1 KiB, 8 x 64 in flight", 10),
			{name: "RssAnon of the broker under this load", unit: "MiB", key: "serverRssAnon"}}},
		{part: "send", args: "send --size 128 --connections 8 --in-flight 64", figures: []figure{cpu("send 128 B, 8 x 64 in flight", 12)}},
		{part: "send", args: "send --size 16384 --connections 8 --in-flight 64", figures: []figure{cpu("send 16 KiB, 8 x 64 in flight", 6)}},
		{part: "one", args: "send --size 1024 --connections 1 --in-flight 1", figures: []figure{cpu("send 1 KiB, 1 in flight", 3), latency("send 1 KiB, 1 in flight", "send", "p50", 2)}},
		{part: "batch", args: "send --size 128 --batch 32 --connections 8 --in-flight 16", figures: []figure{cpu("batches of 32 x 128 B", 6)}},
		{part: "pull", args: "pull --topic bench_pull --fill 200000", figures: []figure{cpu("pull 1 KiB", 5), rate("pull 1 KiB", 0)}},
		{part: "e2e", args: "e2e --topic bench_e2e --rate 1000", figures: []figure{latency("end to end at 1,000 msg/s", "receipt", "p50", 1/0.6), latency("end to end at 1,000 msg/s", "receipt", "p99", 3)}},
		{part: "e2e", args: "e2e --topic bench_e2e --rate 10000", figures: []figure{latency("end to end at 10,000 msg/s", "receipt", "p50", 2), latency("end to end at 10,000 msg/s", "receipt", "p99", 10)}},
		{part: "routes", args: "routes --topic bench_pull", names: true, figures: []figure{{name: "route query: server CPU", unit: "µs", key: "serverCPUMicros", want: 10}}},
	}},
	{name: "SYNC_FLUSH", conf: harness.Conf{"flushDiskType": "SYNC_FLUSH"}, benchs: []bench{
		{part: "sync", args: "send --size 1024 --connections 8 --in-flight 8", figures: []figure{rate("SYNC_FLUSH, send 1 KiB, 64 in flight", 1.5), cpu("SYNC_FLUSH, send 1 KiB, 64 in flight", 3)}},
	}},
}
