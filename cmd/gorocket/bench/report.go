package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// report is the result of a command: a table for people, one JSON object for programs, both from the same calls. Times
// in JSON are microseconds, sizes bytes.
type report struct {
	title     string
	lines     [][2]string
	latencies [][]string
	codes     []*codeCount
	json      map[string]any
	failed    error // the load ran, but what it found is a failure: exit status 1 after the table
}

func newReport(what, title string) *report {
	return &report{title: title, json: map[string]any{"bench": what}}
}

// set puts a value into the JSON only.
func (r *report) set(key string, value any) { r.json[key] = value }

// row adds a line to the table and a value to the JSON.
func (r *report) row(label, text, key string, value any) {
	r.lines = append(r.lines, [2]string{label, text})
	r.set(key, value)
}

// note adds a line to the table only.
func (r *report) note(label, text string) { r.lines = append(r.lines, [2]string{label, text}) }

// percentiles of every latency row. 100 is the largest value.
var percentiles = [...]struct {
	name string
	of   float64
}{{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"p99.99", 99.99}, {"max", 100}}

// latency adds a row of percentiles. Nothing is added when nothing was measured.
func (r *report) latency(label, key string, h *hdrhistogram.Histogram) {
	if h.TotalCount() == 0 {
		return
	}
	cells, values := []string{label}, map[string]float64{}
	for _, p := range percentiles {
		v := h.ValueAtPercentile(p.of)
		cells, values[p.name] = append(cells, micros(v)), float64(v)/1e3
	}
	r.latencies = append(r.latencies, append(cells, micros(int64(h.Mean()))))
	values["mean"] = h.Mean() / 1e3
	all, _ := r.json["latencyMicros"].(map[string]any)
	if all == nil {
		all = map[string]any{}
		r.json["latencyMicros"] = all
	}
	all[key] = values
}

// outcome adds what all loads report. unit is what is counted: message, query.
func (r *report) outcome(o *outcome, unit, latencyLabel string) {
	seconds := o.took.Seconds()
	r.row(many(unit), fmt.Sprintf("%s in %.1f s", grouped(o.inWindow), seconds), "count", o.inWindow)
	r.set("seconds", seconds)
	rate := float64(o.inWindow) / seconds
	r.row(many(unit)+"/s", grouped(int64(rate)), "perSecond", rate)
	if o.bytes > 0 {
		r.row(o.bytesOf(), fmt.Sprintf("%.1f MB/s", float64(o.bytes)/seconds/1e6), "bytesPerSecond", float64(o.bytes)/seconds)
	}
	r.costs(o, unit)
	r.answers(o.tally)
	if n := o.missing + o.unsent; n > 0 {
		r.row("not answered", fmt.Sprintf("%s of those sent, %s could not be sent in time", grouped(o.missing),
			grouped(o.unsent)), "missing", o.missing)
		r.set("unsent", o.unsent)
	}
	r.latency(latencyLabel, strings.Fields(latencyLabel)[0], o.tally.hist)
}

// costs adds CPU time and memory. Without --pid there is only our own.
func (r *report) costs(o *outcome, unit string) {
	n, seconds := float64(max(o.inWindow, 1)), o.took.Seconds()
	per := func(t cpuTime) (total, user, system float64) {
		return float64(t.total()) / n / 1e3, float64(t.user) / n / 1e3, float64(t.system) / n / 1e3
	}
	if o.rssTo != 0 || o.server.total() != 0 {
		total, user, system := per(o.server)
		r.row("server CPU per "+unit, fmt.Sprintf("%.2f µs (user %.2f, system %.2f), %.0f %% of one core", total, user,
			system, 100*o.server.total().Seconds()/seconds), "serverCPUMicros", total)
		r.set("serverUserMicros", user)
		r.set("serverSystemMicros", system)
		r.row("server RssAnon", size(o.rssFrom)+" at the start, "+size(o.rssTo)+" at the end", "serverRssAnon", o.rssTo)
	}
	total, user, system := per(o.client)
	r.row("own CPU per "+unit, fmt.Sprintf("%.2f µs (user %.2f, system %.2f), %.0f %% of one core", total, user, system,
		100*o.client.total().Seconds()/seconds), "clientCPUMicros", total)
}

// answers adds the table of response codes.
func (r *report) answers(t *tally) {
	if t.answers > 0 {
		r.codes = append(r.codes, &codeCount{Name: codeName(0), Count: t.answers})
	}
	for _, c := range t.codes {
		r.codes = append(r.codes, c)
	}
	slices.SortFunc(r.codes, func(a, b *codeCount) int { return int(a.Code) - int(b.Code) })
	r.set("codes", r.codes)
	r.set("errors", t.errors())
	if t.lost > 0 {
		r.row("connections lost", grouped(t.lost), "connectionsLost", t.lost)
	}
}

// write prints the report.
func (r *report) write(out io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r.json)
	}
	fmt.Fprintf(out, "\n%s\n\n", r.title)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, l := range r.lines {
		fmt.Fprintf(w, "%s\t%s\n", l[0], l[1])
	}
	_ = w.Flush() // an error comes again below
	r.writeLatencies(out)
	return r.writeCodes(out)
}

func (r *report) writeLatencies(out io.Writer) {
	if len(r.latencies) == 0 {
		return
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "latency\t")
	for _, p := range percentiles {
		fmt.Fprint(w, p.name, "\t")
	}
	fmt.Fprintln(w, "mean\t")
	for _, cells := range r.latencies {
		fmt.Fprintln(w, strings.Join(cells, "\t")+"\t")
	}
	_ = w.Flush() // the last write of all tells whether out still works
}

func (r *report) writeCodes(out io.Writer) error {
	if len(r.codes) == 0 {
		return nil
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "answers\tcode\tfirst remark")
	for _, c := range r.codes {
		fmt.Fprintf(w, "%s\t%d %s\t%s\n", grouped(c.Count), c.Code, c.Name, c.Remark)
	}
	return w.Flush()
}
