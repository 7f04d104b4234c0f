package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"gorocket/integration/harness"
)

// Files of the docs folder. Notes are written by hand: why a figure is not reached, with the profile that explains it.
const (
	pageFile  = "performance.md"
	plotFile  = "performance.svg"
	notesFile = "performance-notes.md"
)

// write makes performance.md and its plot in a folder, and the tables of the READMEs in the one above.
func write(all *results, folder string) error {
	r := newReport(all)
	var b bytes.Buffer
	b.WriteString("# Performance\n\nWritten by `make bench-java`; do not edit. Why a figure is not reached stands in the " +
		"notes at the end.\n\n")
	r.method(&b)
	r.origin(&b)
	b.WriteString("\n## Figures\n\n")
	r.table(&b)
	r.missing(&b)
	if plot := r.plot(); plot != nil {
		b.WriteString("\n## Throughput and latency\n\nSends of 1 KiB in an open loop, at 10 to 110 % of what the same " +
			"server takes in a closed loop; both axes are logarithmic.\n\n![latency over throughput](" + plotFile + ")\n")
		if err := os.WriteFile(filepath.Join(folder, plotFile), plot, 0o644); err != nil {
			return err
		}
	}
	b.WriteString(again)
	if err := notes(&b, filepath.Join(folder, notesFile)); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, pageFile), b.Bytes(), 0o644); err != nil {
		return err
	}
	return r.readmes(filepath.Dir(filepath.Clean(folder)))
}

// method says how it is measured.
func (r *report) method(b *bytes.Buffer) {
	fmt.Fprintf(b, `Java %s and gorocket ran in turns. The servers were pinned to one core and `+"`gorocket bench`"+` ([bench.md](bench.md)) to another; loopback; ASYNC_FLUSH where nothing else
is said; files of Java's default sizes. The JVMs had the flags of Apache's start scripts with a heap of 2 GiB, all of it touched at the start (`+"`AlwaysPreTouch`"+`), which is most of Java's
memory here. A JVM got sends until their rate did not rise any more, and load of its
kind before each measurement, gorocket a tenth of that. Figures are medians over the rounds, in brackets the lowest and the highest. CPU is user
and system time of the server process for each message or request. The ratio says how many times better gorocket is. "Promised" is what the project set itself: a ratio to Java
in the same run, or a limit for gorocket.

- When the servers run, and before the first load, memory that nothing uses is filled with page cache (a sparse file is read), as it is on a machine that has been up for a while. Otherwise the pages that
  a broker writes come from a hypervisor, one fault each, which costs more than the broker does, and differs from turn to turn.
- In a closed loop (8 x 64: eight connections with 64 requests in flight each) an answer makes room for the next request; in an open loop every request has its moment, and its latency counts from that
  moment, so a server that stalls cannot hide it.
- End to end is the time from the intended send to the receipt by a consumer with a held pull.
- Half of Java's saturation is the same rate for both: half of what Java took in the same round.
- 40,000 in flight: 64 connections with 625 requests each, compared with the peak that the same server had with 8 x 64, with Java's limits (`+"`waitTimeMillsInSendQueue=200`"+`).
- %s: commit log files of 128 MiB, which are made to look four days old when they are full, and `+"`deleteWhen`"+` at every hour. Measured once, for %s.
- %s: made by `+"`updateTopic`"+` requests (17), eight in flight; then a clean stop and a start. Measured once%s.
- Replication: master and slave of the same kind, the slave on the core of the load tool, as on a machine of its own. A slave catches up with 4 GiB from its start
  on, as an operator waits for it, and from the first message that it has on: Java's asks for its master's address, and
  starts a JVM, before that. Measured once.
- Failover: three controllers of ours, or one of Java's, and two brokers of the same kind, with Java's default time-outs,
  the smaller files of the tests and `+"`allAckInSyncStateSet`"+`. Killed three times (the median), suspended once for 20 s.
- Bare sendfile is a server of one thread that answers the same pulls from one file and does nothing else (`+"`gorocket bench echo --sendfile`"+`); the echo server answers every send at once on
  gorocket's event loop (`+"`gorocket bench echo`"+`).

`, harness.JavaVersion, longCase, r.longTime(), many, r.topicNote())
}

// longTime is how long the part long took when it was measured.
func (r *report) longTime() string {
	if p := r.Parts["long"]; p != nil {
		return p.Long
	}
	return "10m"
}

// topicNote says when there were not 10,000.
func (r *report) topicNote() string {
	if p := r.Parts["topics"]; p != nil && p.Topics != topicsPromised {
		return fmt.Sprintf(", with %s topics only", grouped(int64(p.Topics)))
	}
	return ""
}

// topicsPromised is the count in the names of the figures.
const topicsPromised = 10_000

// origin says what was measured when, on which machine.
func (r *report) origin(b *bytes.Buffer) {
	all, parts := r.origins()
	for _, o := range all {
		which := "All"
		if len(all) > 1 {
			which = "`" + strings.Join(parts[o], "`, `") + "`"
		}
		fmt.Fprintf(b, "- %s: %s, commit %s, rounds: %d, measurements of %s after %s of load. Machine: %s.\n", which, o.Date,
			o.Commit, o.Rounds, o.Measure, o.WarmUp, o.Machine)
	}
}

// missing lists what could not be measured.
func (r *report) missing(b *bytes.Buffer) {
	if lines := r.failed(); len(lines) > 0 {
		b.WriteString("\nNot measured:\n\n")
		for _, l := range lines {
			fmt.Fprintf(b, "- %s\n", strings.ReplaceAll(l, os.TempDir(), ""))
		}
	}
}

// again says how to measure it.
const again = `
## Measure it again

` + "```sh" + `
make bench-java                                          # everything, and this page; over an hour,
	needs a JDK and Maven
make bench-java BENCH_JAVA="-parts send -rounds 1"       # one part, printed only
make bench-java BENCH_JAVA="-parts send -out ../docs"    # one part, and this page with the other parts as they were

# heap allocations per request, send and pull: the column allocs/op
go test -run '^$' -bench 'BenchmarkSend1|BenchmarkPull' -benchmem ./broker
` + "```" + `
`

// notes appends the notes, as they are; there need not be any.
func notes(b *bytes.Buffer, name string) error {
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if err == nil {
		b.WriteString("\n")
		b.Write(bytes.TrimSpace(text))
		b.WriteString("\n")
	}
	return err
}

// thisRun is the origin of what is measured now.
func thisRun() origin {
	return origin{Date: time.Now().UTC().Format("2006-01-02"), Commit: commit(), Machine: machine(),
		Cores: runtime.NumCPU(), Rounds: *rounds, Measure: plain(*measure), WarmUp: plain(*warmUp),
		Long: plain(*longTime), Topics: *topicCount}
}

// plain prints a duration without the zeros of String: 10m, not 10m0s.
func plain(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
