package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
)

// found are results with one figure, one value a round, and a curve for each of them.
func found(t *testing.T, part, name string, java, ours []float64) *results {
	t.Helper()
	all := &results{Parts: map[string]*partResult{}}
	all.begin(map[string]bool{part: true, "curve": true}, origin{Date: "2026-01-02", Commit: "abc", Machine: "a machine",
		Cores: 2, Rounds: 3, Measure: "10s", WarmUp: "20s", Long: "10m"})
	for kind, values := range map[harness.Kind][]float64{harness.Java: java, harness.Go: ours} {
		for _, v := range values {
			r := &round{kind: kind, part: part, found: map[string]*finding{}}
			r.set(name, v)
			for i, share := range shares {
				r.of("curve").curve = append(r.of("curve").curve, point{1000 * share, 100 + float64(i), 1000 * float64(i+1)})
			}
			all.add(r)
		}
	}
	return all
}

func table(all *results) string {
	var b bytes.Buffer
	newReport(all).table(&b)
	return b.String()
}

// TestTable: medians, spread, ratio, and each kind of promise, kept and not kept.
func TestTable(t *testing.T) {
	for _, c := range []struct {
		name       string
		figure     figure
		java, ours []float64
		want       string
	}{
		{"kept", startTime, []float64{5000, 9000, 7000}, []float64{70, 60, 80},
			"| 7,000 ms (5,000–9,000) | 70.0 ms (60.0–80.0) | **100.0x** | 50x |"},
		{"missed", startTime, []float64{5000}, []float64{1000}, "| 5,000 ms | 1,000 ms | 5.0x | 50x, **not reached** |"},
		{"worse than Java", startTime, []float64{5}, []float64{1000}, "| 0.005x | 50x, **not reached** |"},
		{"more is better", rate1K, []float64{100}, []float64{1500}, "| 100 /s | 1,500 /s | **15.0x** | 10x |"},
		{"limit kept", idleMemory, []float64{4000}, []float64{59}, "| 4,000 MB | 59.0 MB | 67.8x | at most 60 MB |"},
		{"limit missed", idleMemory, []float64{4000}, []float64{61}, " at most 60 MB, **not reached** |"},
		{"limit without Java", idleMemory, nil, []float64{59}, "| 59.0 MB |  | at most 60 MB |"},
		{"share kept", accepted, []float64{0.25}, []float64{0.96}, "| 25 % | 96 % | 3.8x | at least 90 % |"},
		{"share missed", accepted, []float64{0.25}, []float64{0.5}, " at least 90 %, **not reached** |"},
		{"two promises", longP999, []float64{50}, []float64{12}, "| 50.0 ms | 12.0 ms | 4.2x | 10x, **not reached**; at " +
			"most 10 ms, **not reached** |"},
		{"one of two", longP999, []float64{300}, []float64{12}, "| **25.0x** | 10x; at most 10 ms, **not reached** |"},
		{"ratio without Java", rate1K, nil, []float64{1}, "10x, not measured |"},
		{"Java shows nothing", connMemory, []float64{0}, []float64{3.1}, "| 0 KB | 3.10 KB |  | at most 10 KB |"},
		{"times", overEcho, []float64{50}, []float64{5}, "| 50.0x | 5.00x | 10.0x | at most 4x, **not reached** |"},
		{"long latencies", halfP99, []float64{69_075, 80_000, 20_000}, []float64{900},
			"| 69.1 ms (20.0–80.0) | 900 µs | **76.8x** | 5x |"},
		{"floor", fdatasync, []float64{80, 100}, []float64{90}, "| median fdatasync after 1 KiB | 90.0 µs (80.0–100) |  |"},
		{"floor with a promise", toolCPU, []float64{0.4}, []float64{1.2}, " at most 1 µs, **not reached** |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := table(found(t, partOf(c.figure.name), c.figure.name, c.java, c.ours))
			if !strings.Contains(text, c.want) {
				t.Errorf("no %q in\n%s", c.want, text)
			}
		})
	}
}

func partOf(name string) string {
	for _, p := range pairs {
		for _, s := range p.steps {
			for _, f := range s.figures {
				if f.name == name {
					return s.part
				}
			}
		}
	}
	return ""
}

// TestBusyTool: a tool that was the bottleneck is named.
func TestBusyTool(t *testing.T) {
	all := found(t, "send", rate1K.name, []float64{1}, []float64{10})
	all.Parts["send"].Values[harness.Go][rate1K.name+toolBusy] = []float64{0.97}
	all.Parts["send"].Values[harness.Java][rate1K.name+toolBusy] = []float64{0.3}
	if text := table(all); !strings.Contains(text, "(the tool's own core busy: 97 % with gorocket)") {
		t.Error(text)
	}
}

// TestFiguresAreUnique: results know figures by their names only, and the READMEs' rows are figures.
func TestFiguresAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range figures() {
		if f.name == "" || seen[f.name] {
			t.Errorf("%q twice", f.name)
		}
		seen[f.name] = true
	}
	for _, row := range readmeRows {
		if !seen[row.name] || row.zh == "" {
			t.Errorf("%q is no figure, or has no Chinese name", row.name)
		}
	}
}

func TestPlotIsXML(t *testing.T) {
	all := found(t, "send", "x", []float64{1}, []float64{1})
	lines := 0
	for d := xml.NewDecoder(bytes.NewReader(newReport(all).plot())); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 4 {
		t.Errorf("%d lines, want p50 and p99 of two servers", lines)
	}
	delete(all.Parts, "curve")
	if newReport(all).plot() != nil {
		t.Error("a plot of nothing")
	}
}

// TestWrite: the page, the plot and the READMEs come from saved results; notes are optional; a part that is measured
// again replaces what it had.
func TestWrite(t *testing.T) {
	top := t.TempDir()
	docs := filepath.Join(top, "docs")
	if err := os.Mkdir(docs, 0o755); err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	get := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	put(filepath.Join(top, "README.md"), "head\n"+markBegin+"old\n"+markEnd+"\ntail\n")
	put(filepath.Join(top, "README.zh-CN.md"), markBegin+markEnd+"\n")
	if err := found(t, "start", startTime.name, []float64{7000}, []float64{70}).save(docs); err != nil {
		t.Fatal(err)
	}
	all, err := readResults(docs)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(all, docs); err != nil {
		t.Fatal(err)
	}
	page := get(filepath.Join(docs, pageFile))
	for _, want := range []string{"100.0x", "2026-01-02, commit abc", "a machine", plotFile, "BenchmarkSend"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	readme := get(filepath.Join(top, "README.md"))
	for _, want := range []string{"head\n", "| " + startTime.name + " | 7,000 ms | 70.0 ms | 100.0x |\n",
		"3 rounds on 2 cores, 2026-01-02", markEnd + "\ntail\n"} {
		if !strings.Contains(readme, want) {
			t.Errorf("no %q in\n%s", want, readme)
		}
	}
	if zh := get(filepath.Join(top, "README.zh-CN.md")); !strings.Contains(zh, "| 两个服务从启动到第一条消息发送成功 | 7,000 ms |") ||
		!strings.Contains(zh, "2026-01-02 在 2 核机器上测得，3 轮") {
		t.Error(zh)
	}
	put(filepath.Join(docs, notesFile), "## Not reached\n\nBecause.\n")
	all.begin(map[string]bool{"start": true}, origin{Date: "2026-02-03"})
	if err := write(all, docs); err != nil {
		t.Fatal(err)
	}
	page = get(filepath.Join(docs, pageFile))
	if !strings.HasSuffix(page, "```\n\n## Not reached\n\nBecause.\n") || strings.Contains(page, "7,000") || !strings.Contains(page, "- `start`: 2026-02-03") || !strings.Contains(page, "- `curve`: 2026-01-02") {
		t.Error(page)
	}
}

func TestMarkersMustBeThere(t *testing.T) {
	for _, text := range []string{"", markBegin, markEnd + markBegin} {
		if _, err := between([]byte(text), nil); err == nil {
			t.Errorf("%q", text)
		}
	}
}

func TestResultsOfAnotherTime(t *testing.T) {
	folder := t.TempDir()
	if all, err := readResults(folder); err != nil || len(all.Parts) != 0 {
		t.Errorf("%v %v", all, err)
	}
	for text, fine := range map[string]bool{`{"parts":{"gone":{},"send":null,"one":{"rounds":2}}}`: true, `{}`: true, `{"parts":`: false} {
		if err := os.WriteFile(filepath.Join(folder, resultsFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		all, err := readResults(folder)
		if (err == nil) != fine {
			t.Errorf("%s: %v", text, err)
		}
		if err == nil {
			newReport(all).table(io.Discard)
			newReport(all).short(&languages[0])
		}
	}
}

func TestNumber(t *testing.T) {
	v := answers{"perSecond": 7.0, "errors": 2.0, "unsent": 1.0, "latencyMicros": map[string]any{"send": map[string]any{"p50": 3.0, "p99.9": 4.0}}}
	for key, want := range map[string]float64{"perSecond": 7, "latencyMicros.send.p50": 3, `latencyMicros.send.p99\.9`: 4} {
		if n, err := v.number(key); n != want || err != nil {
			t.Errorf("%s: %v %v", key, n, err)
		}
	}
	for _, key := range []string{"none", "perSecond.p50", "latencyMicros.send", "latencyMicros.send.p99.9"} {
		if _, err := v.number(key); !errors.Is(err, errNoFigure) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if n := v.unanswered(); n != 3 {
		t.Errorf("%v unanswered", n)
	}
}

func TestBytesPerCPUSecond(t *testing.T) {
	v := answers{"bytesPerSecond": 2e9, "perSecond": 1e5, "serverCPUMicros": 5.0} // half a second of CPU for 2 GB
	if n, err := v.perCPU(); err != nil || n != 4 {
		t.Errorf("%v GB, %v", n, err)
	}
	if _, err := (answers{"bytesPerSecond": 1.0, "perSecond": 0.0, "serverCPUMicros": 0.0}).perCPU(); err == nil {
		t.Error("nothing was sent")
	}
}

func TestParts(t *testing.T) {
	for text, want := range map[string]int{"all": len(partNames()), "quick": len(partNames()) - len(slowParts), "": len(partNames()) - len(slowParts), "send, long": 2, "quick long": len(partNames()) - len(slowParts) + 1} {
		if set, err := chosen(text, false); err != nil || len(set) != want {
			t.Errorf("%q: %v %v", text, set, err)
		}
	}
	if set, err := chosen("", true); err != nil || len(set) != len(partNames()) {
		t.Errorf("the report: %v %v", set, err)
	}
	if _, err := chosen("send nothing", false); err == nil {
		t.Error("an unknown part is taken")
	}
}

// TestEstimate: the whole run stays within its time.
func TestEstimate(t *testing.T) {
	all, err := chosen("all", false)
	if err != nil {
		t.Fatal(err)
	}
	if d := estimate(all); d < 40*time.Minute || d > 95*time.Minute {
		t.Errorf("the whole run takes %v", d)
	}
	if d := estimate(map[string]bool{"routes": true}); d > 5*time.Minute {
		t.Errorf("three rounds of one part take %v", d)
	}
}

func TestPlainDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{10 * time.Minute: "10m", time.Hour: "1h", 90 * time.Second: "1m30s", 10 * time.Second: "10s", 500 * time.Millisecond: "500ms"} {
		if got := plain(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
}
