package main

// figure is a number of the report, and what the project promises of it.
type figure struct {
	name, unit string
	// in the JSON of `gorocket bench`, with dots into inner objects; "" when a step finds it in another way
	key     string
	scale   float64 // JSON's value times this; 0 means 1
	more    bool    // more is better; else less
	floor   bool    // a property of the machine or of the tool, not of a kind of server
	ratio   float64 // promised: at least so many times better than Java's; 0: nothing
	atMost  float64 // promised of ours, in unit; 0: nothing
	atLeast float64 // promised of ours, in unit; 0: nothing
}

// Units that the report prints in a way of its own.
const (
	share = "share" // 0.9 is printed as 90 %
	times = "x"
)

func cpu(name string, ratio float64) figure {
	return figure{name: name + ": server CPU", unit: "µs", key: "serverCPUMicros", ratio: ratio}
}

func rate(name string, ratio float64) figure {
	return figure{name: name, unit: "/s", key: "perSecond", more: true, ratio: ratio}
}

func latency(name, row, percentile string, ratio float64) figure {
	return figure{name: name + ", " + percentile, unit: "µs", key: "latencyMicros." + row + "." + percentile, ratio: ratio}
}

// Names of cases that stand in several figures.
const (
	send1K   = "send 1 KiB, 8 x 64 in flight"
	send128  = "send 128 B, 8 x 64 in flight"
	send16K  = "send 16 KiB, 8 x 64 in flight"
	sendOne  = "send 1 KiB, 1 in flight"
	sendSync = "SYNC_FLUSH, send 1 KiB, 64 in flight"
	e2eSlow  = "end to end at 1,000 msg/s"
	e2eFast  = "end to end at 10,000 msg/s"
	popOne   = "pop 1 KiB, each acknowledged"
	popBatch = "pop 1 KiB, acknowledged in batches"
	popSlow  = "popped, end to end at 1,000 msg/s"
	longCase = "20,000 msg/s of 1 KiB with files rolling and deleted"
	many     = "10,000 topics x 8 queues"
)

// Figures that steps find themselves.
var (
	startTime  = figure{name: "start of both servers to the first acknowledged send", unit: "ms", ratio: 50}
	idleMemory = figure{name: "RssAnon of both servers, idle", unit: "MB", atMost: 60}
	loadMemory = figure{name: "RssAnon of the broker while 1 KiB is sent, 8 x 64 in flight", unit: "MB",
		key: "serverRssAnon", scale: 1e-6, atMost: 200}
	connMemory = figure{name: "RssAnon of the broker per idle connection", unit: "KB", key: "bytesPerConnection",
		scale: 1e-3, atMost: 10}

	rate1K   = rate(send1K, 10)
	cpu128   = cpu(send128, 12)
	overEcho = figure{name: send128 + ": server CPU, times the echo server's", unit: times, atMost: 4}
	echoCPU  = figure{name: "`gorocket bench echo`, the same 128 B frames: server CPU", unit: "µs",
		key: "serverCPUMicros", floor: true}
	toolCPU = figure{name: "`gorocket bench` against it: its own CPU per message", unit: "µs", key: "clientCPUMicros",
		floor: true, atMost: 1}
	pullBytes = figure{name: "pull 16 KiB of one queue: bytes per CPU second of the server", unit: "GB", more: true}
	bareBytes = figure{name: "bare sendfile, the same chunks: bytes per CPU second", unit: "GB", floor: true, more: true}
	ofBare    = figure{name: "pull 16 KiB of one queue: share of bare sendfile", unit: share, more: true, atLeast: 0.8}

	halfP99 = latency("send 1 KiB at half of Java's saturation, open loop", "send", "p99", 5)

	cpuBatch = cpu("batches of 32 x 128 B, per message", 6)
	cpuPull  = cpu("pull 1 KiB", 5)
	cpuRoute = cpu("route query", 10)

	syncRate  = rate(sendSync, 1.5)
	fdatasync = figure{name: "median fdatasync after 1 KiB", unit: "µs", floor: true}
	diskOnly  = figure{name: "64 / fdatasync after 64 KiB: what those who wait together could get if nothing else took " +
		"time, share of 64 / fdatasync", unit: share, floor: true}
	ofDisk = figure{name: sendSync + ": share of 64 / fdatasync", unit: share, more: true, atLeast: 0.5}

	longP999 = figure{name: longCase + ", p99.9", unit: "ms", key: "latencyMicros.send.p99\\.9", scale: 1e-3, ratio: 10,
		atMost: 10}
	longBad     = figure{name: longCase + ": refused or unanswered", unit: "messages"}
	longDeleted = figure{name: longCase + ": commit log files deleted meanwhile", unit: "files"}

	accepted = figure{name: "40,000 in flight: accepted share of the peak", unit: share, key: "acceptedRatio", more: true,
		atLeast: 0.9}

	topicCreate   = figure{name: many + ": create", unit: "s", key: "createSeconds", ratio: 10}
	topicRegister = figure{name: many + ": first request to all routes known", unit: "s", key: "routesSeconds", ratio: 10}
	topicRestart  = figure{name: many + ": restart to the first acknowledged send", unit: "s", ratio: 10}
)

// figures are all of them in the order of the table.
func figures() (all []figure) {
	for _, p := range pairs {
		for _, s := range p.steps {
			all = append(all, s.figures...)
		}
	}
	return all
}
