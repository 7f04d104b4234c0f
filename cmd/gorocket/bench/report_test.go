package bench

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	o := &outcome{took: 2 * time.Second, inWindow: 2_000_000, bytes: 256_000_000, tally: newTally(), missing: 3, unsent: 4,
		server: cpuTime{3 * time.Second, time.Second}, client: cpuTime{time.Second, 0}, rssFrom: 1 << 20, rssTo: 3 << 20}
	o.tally.answers = 2_000_000
	o.tally.codes[2] = &codeCount{Code: 2, Name: "SYSTEM_BUSY", Count: 7, Remark: "[OVERLOAD]"}
	for range 99 {
		recordIn(o.tally.hist, int64(100*time.Microsecond))
	}
	recordIn(o.tally.hist, int64(time.Second))
	r := newReport("send", "bench send to nowhere")
	r.outcome(o, "message", "send")
	var table, text strings.Builder
	if err := r.write(&table, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2,000,000 in 2.0 s", "1,000,000", "128.0 MB/s",
		"2.00 µs (user 1.50, system 0.50), 200 % of one core", "1.0 MiB at the start, 3.0 MiB at the end",
		"3 of those sent, 4 could not be sent", "p99.99", "100 µs", "1.00 s", "SYSTEM_BUSY", "[OVERLOAD]"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is not in the table:\n%s", want, table.String())
		}
	}
	if err := r.write(&text, true); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Bench           string
		PerSecond       float64
		ServerCPUMicros float64
		Missing, Unsent int
		Codes           []codeCount
		LatencyMicros   map[string]map[string]float64
	}
	if err := json.Unmarshal([]byte(text.String()), &got); err != nil {
		t.Fatal(err)
	}
	send := got.LatencyMicros["send"]
	if got.Bench != "send" || got.PerSecond != 1e6 || got.ServerCPUMicros != 2 || got.Missing != 3 || got.Unsent != 4 ||
		len(got.Codes) != 2 ||
		send["p50"] < 99 || send["p50"] > 101 || send["max"] < 0.99e6 || send["max"] > 1.01e6 || len(send) != 7 {
		t.Errorf("%+v", got)
	}
}

func TestTimesAndNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for ns, want := range map[int64]string{1500: "1.5 µs", 123_456: "123 µs", 1_234_567: "1.23 ms", 45_000_000: "45 ms",
		2_500_000_000: "2.50 s"} {
		if got := micros(ns); got != want {
			t.Errorf("%d: %s", ns, got)
		}
	}
	if a, b, c := plural(1, "query"), plural(2, "query"), plural(1000, "topic"); a != "1 query" || b != "2 queries" ||
		c != "1,000 topics" {
		t.Error(a, b, c)
	}
}

func TestProc(t *testing.T) {
	got, err := parseStat("12 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20")
	if err != nil || got != (cpuTime{2500 * time.Millisecond, 500 * time.Millisecond}) {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []string{"", "12 (x) S 1", "12 (x) S 1 2 3 4 5 6 7 8 9 10 x y 0"} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	if n := parseRssAnon("Name:\tx\nRssAnon:\t    1234 kB\nRssFile:\t 5 kB\n"); n != 1234<<10 {
		t.Errorf("RssAnon %d", n)
	}
	s, err := sampleProcess(os.Getpid())
	if err != nil || s.rssAnon == 0 {
		t.Errorf("this process: %+v %v", s, err)
	}
	if _, err := sampleProcess(1 << 30); err == nil || !strings.Contains(err.Error(), "no such process") {
		t.Errorf("no process: %v", err)
	}
}
