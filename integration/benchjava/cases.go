package main

import (
	"slices"
	"time"

	"gorocket/integration/harness"
)

// pair is the servers that some steps share.
type pair struct {
	name  string
	conf  harness.Conf
	steps []step
}

// step is something that is measured of a fresh or a warm pair.
type step struct {
	part    string
	once    bool // in the first round only
	figures []figure
	do      func(*round, *harness.Pair, []figure) error
	// length is about how long it takes, for the estimate.
	length func(harness.Kind) time.Duration
}

// bench is a step that is one run of `gorocket bench`.
func bench(part string, l toolRun, figures ...figure) step {
	return step{part: part, figures: figures, length: l.length, do: func(r *round, p *harness.Pair,
		f []figure) error {
		return r.bench(p, l, f)
	}}
}

// fixed is the length of a step that takes so long.
func fixed(java, ours time.Duration) func(harness.Kind) time.Duration {
	return func(k harness.Kind) time.Duration {
		if k == harness.Java {
			return java
		}
		return ours
	}
}

// ageLog lets the deletion of expired files run at any hour: deleteWhen lists all of them. Files expire because long
// ages them.
var ageLog = harness.Conf{"mappedFileSizeCommitLog": "134217728", "fileReservedTime": "72",
	"deleteWhen": "00;01;02;03;04;05;06;07;08;09;10;11;12;13;14;15;16;17;18;19;20;21;22;23"}

// javaLimits are Java's own: those of the harness's brokers are wider, and here it matters when a broker refuses.
var javaLimits = harness.Conf{"waitTimeMillsInSendQueue": "200", "osPageCacheBusyTimeOutMills": "1000"}

// pairs are all steps, in their order.
var pairs = []pair{
	{name: "ASYNC_FLUSH", steps: []step{
		{part: "start", figures: []figure{startTime, idleMemory}, do: (*round).started,
			length: fixed(4*time.Second, 3*time.Second)},
		warm("send", toolRun{args: "send --size 1024 --connections 8 --in-flight 64"}),
		bench("send", toolRun{args: "send --size 1024 --connections 8 --in-flight 64"}, rate1K, cpu(send1K, 10), loadMemory),
		bench("send", toolRun{args: "send --size 128 --connections 8 --in-flight 64", warm: 0.5}, cpu128),
		{part: "send", figures: []figure{overEcho, echoCPU, toolCPU}, do: (*round).echo, length: echoRun.length},
		bench("send", toolRun{args: "send --size 16384 --connections 8 --in-flight 64", warm: 0.5}, cpu(send16K, 6)),
		bench("one", toolRun{args: "send --size 1024 --connections 1 --in-flight 1"}, cpu(sendOne, 3),
			latency(sendOne, "send", "p50", 2)),
		bench("batch", toolRun{args: "send --size 128 --batch 32 --connections 8 --in-flight 16"}, cpuBatch),
		bench("pull", toolRun{args: "pull --topic bench_pull --fill 200000"}, cpuPull, rate("pull 1 KiB", 0)),
		{part: "pull16", figures: []figure{pullBytes, ofBare, bareBytes}, do: (*round).pull16,
			length: twice(pull16Run.length)},
		bench("e2e", toolRun{args: "e2e --topic bench_e2e --rate 1000", names: true},
			latency(e2eSlow, "receipt", "p50", 1/0.6), latency(e2eSlow, "receipt", "p99", 3)),
		bench("e2e", toolRun{args: "e2e --topic bench_e2e --rate 10000", names: true, warm: 0.5},
			latency(e2eFast, "receipt", "p50", 2), latency(e2eFast, "receipt", "p99", 10)),
		bench("routes", toolRun{args: "routes --topic TBW102", names: true, ofNames: true}, cpuRoute),
		{part: "tls", figures: []figure{plainCPU, tlsCPU, tlsTimes, tlsRate}, do: (*round).encrypted,
			length: twice(toolRun{warm: 0.25}.length)},
		{part: "half", figures: []figure{halfP99}, do: (*round).half, length: halfRun.length},
		{part: "curve", do: (*round).measureCurve, length: curveLength},
	}},
	{name: "POP", conf: harness.Conf{"timerWheelEnable": "true"}, steps: []step{
		once(bench("pop", toolRun{args: "pop --topic bench_pop --fill 200000 --connections 4 --in-flight 4"}, cpu(popOne, 5))),
		once(bench("pop", toolRun{args: "pop --topic bench_pop --connections 4 --in-flight 4 --batch-acks", warm: 0.5},
			cpu(popBatch, 5))),
		once(bench("pop", toolRun{args: "e2e --pop --topic bench_pop_e2e --rate 1000", names: true, warm: 0.5},
			latency(popSlow, "receipt", "p50", 1/0.6), latency(popSlow, "receipt", "p99", 3))),
	}},
	{name: "SYNC_FLUSH", conf: harness.Conf{"flushDiskType": "SYNC_FLUSH"}, steps: []step{
		{part: "connections", figures: []figure{connMemory}, do: (*round).connections,
			length: fixed(12*time.Second, 8*time.Second)},
		warm("sync", syncRun),
		{part: "sync", figures: []figure{syncRate, cpu(sendSync, 3), ofDisk, fdatasync, diskOnly}, do: (*round).sync,
			length: syncRun.length},
	}},
	{name: "replicas", conf: masterOf("ASYNC_MASTER", 0, nil), steps: []step{
		warm("ha", toolRun{args: "send --size 1024 --connections 8 --in-flight 64"}),
		{part: "ha", once: true, figures: []figure{aloneCPU, masterCPU, masterAdd, addOfBare, bareAdd, bothCPU, newTables,
			catchUp, catchUpRate, catchBare, bareCatch},
			do: (*round).replicas, length: fixed(3*time.Minute, time.Minute)},
	}},
	{name: "SYNC_MASTER", conf: masterOf("SYNC_MASTER", 0, twoInSync), steps: []step{
		{part: "ha", once: true, figures: []figure{syncMasterRate, syncMasterP99, slaveBack, ackPause}, do: (*round).inSync,
			length: fixed(90*time.Second, 30*time.Second)},
	}},
	{name: "failover", steps: []step{
		{part: "failover", once: true, figures: []figure{killedMaster, heldMaster}, do: (*round).failover,
			length: fixed(3*time.Minute, time.Minute)},
	}},
	{name: "overload", conf: javaLimits, steps: []step{
		bench("overload", toolRun{args: "overload --in-flight 40000 --connections 64", phases: 2}, accepted),
	}},
	{name: "retention", conf: ageLog, steps: []step{
		{part: "long", once: true, figures: []figure{longP999, longBad, longDeleted}, do: (*round).long, length: longLength},
	}},
	{name: "topics", steps: []step{
		{part: "topics", once: true, figures: []figure{topicCreate, topicRegister, topicRestart}, do: (*round).topics,
			length: topicsLength},
	}},
}

// once makes a step one of the first round only.
func once(s step) step {
	s.once = true
	return s
}

// slowParts are not measured unless they are asked for, or the report is written.
var slowParts = []string{"long", "topics", "ha", "failover", "pop"}

// has tells whether the pair has a step that is wanted in a round.
func (p *pair) has(wanted map[string]bool, first bool) bool {
	return slices.ContainsFunc(p.steps, func(s step) bool { return s.due(wanted, first) })
}

// due tells whether the step is to be done.
func (s *step) due(wanted map[string]bool, first bool) bool {
	return wanted[s.part] && (first || !s.once)
}

// partNames are the names of all parts, in order, each once.
func partNames() (names []string) {
	for _, p := range pairs {
		for _, s := range p.steps {
			if !slices.Contains(names, s.part) {
				names = append(names, s.part)
			}
		}
	}
	return names
}

func twice(length func(harness.Kind) time.Duration) func(harness.Kind) time.Duration {
	return func(k harness.Kind) time.Duration { return 2 * length(k) }
}
