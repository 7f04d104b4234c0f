package broker

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorocket/broker/exporter"
	"gorocket/compat/testutil"
	"gorocket/remoting/metrics"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

func TestMetrics(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MetricsExporterType, cfg.MetricsPromExporterPort = metrics.Prom, freePort(t)
	r := startRig(t, cfg)
	r.send("T", "", "x")
	r.send("T", "", "y")
	_, half := r.half("p", "T", "z")
	r.end(wire.EndTransactionRequestHeader{ProducerGroup: "p", CommitLogOffset: half,
		CommitOrRollback: wire.TransactionCommit})
	r.half("p", "T", "waits")
	r.join("g", "T")
	r.producer("p", "p@1")
	r.pull("g", "T", 0, "*", 0)
	r.commit("g", "T", 0, 1)
	get := func(path string) (int, string) {
		resp, err := http.Get("http://" + r.b.MetricsAddr() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	r.send("T", "TIMER_DELAY_SEC\x011800\x02", "later")
	testutil.WaitFor(t, "a message in the wheel", func() bool { return r.b.timers.Figures().Pending == 1 })
	code, text := get("/metrics")
	const fixed = `cluster="DefaultCluster",`
	for _, want := range []string{
		`rocketmq_messages_in_total{` + fixed + `is_system="false",node_id="broker-a",node_type="broker",topic="T"} 3`,
		`rocketmq_consumer_lag_messages{` + fixed + `consumer_group="g",is_retry="false",is_system="false",` +
			`node_id="broker-a",node_type="broker",topic="T"} 2`,
		`rocketmq_half_messages{` + fixed + `node_id="broker-a",node_type="broker",topic="T"} 1`,
		`rocketmq_timer_message_snapshot{` + fixed + `node_id="broker-a",node_type="broker",timer_bound_s="900"} 0`,
		`rocketmq_timer_message_snapshot{` + fixed + `node_id="broker-a",node_type="broker",timer_bound_s="3600"} 1`,
		`rocketmq_delay_message_latency_bucket{` + fixed + `node_id="broker-a",node_type="broker",topic="T",le="3600"} 1`,
		`gorocket_store_writable{` + fixed + `node_id="broker-a",node_type="broker"} 1`,
		`rocketmq_consumer_connections{` + fixed + `consume_mode="push",consumer_group="g",is_system="false",`,
	} {
		if code != 200 || !strings.Contains(text, want) {
			t.Errorf("%d, missing %s in\n%s", code, want, text)
		}
	}
	for _, m := range exporter.Metrics() {
		name := m.Name
		if slices.Contains(m.Labels, "namesrv") || name == "rocketmq_send_to_dlq_messages_total" ||
			strings.HasPrefix(name, "gorocket_repli") { // there is none here
			continue
		}
		if !strings.Contains(text, "# HELP "+name+" "+m.Help) || !strings.Contains(text, "# TYPE "+name+" "+string(m.Kind)) {
			t.Errorf("%s has another text or type", name)
		}
		if !strings.Contains(text, "\n"+name+"{") && !strings.Contains(text, "\n"+name+"_bucket{") {
			t.Errorf("%s is not there", name)
		}
	}
	if code, text := get("/health"); code != 200 || text != "ok\n" {
		t.Errorf("health %d %q", code, text)
	}
	if err := r.b.store.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if code, text := get("/health"); code != 503 || !strings.Contains(text, "shutting down") {
		t.Errorf("health of a store that takes nothing: %d %q", code, text)
	}
}

// scrape returns the metrics as text.
func (r *rig) scrape() string {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.b.exporter.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		r.t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// value is that of the metric whose labels, the fixed ones apart, are labels; -1 for none.
func (r *rig) value(text, name, labels string) float64 {
	r.t.Helper()
	fixed := regexp.MustCompile(`(cluster|node_id|node_type)="[^"]*",?`)
	for line := range strings.Lines(text) {
		line = strings.Replace(fixed.ReplaceAllString(line, ""), ",}", "}", 1)
		if rest, ok := strings.CutPrefix(line, name+"{"+labels+"} "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				r.t.Fatal(err)
			}
			return v
		}
	}
	return -1
}

// TestMetricsPortTaken: the broker takes the next port, and tells which.
func TestMetricsPortTaken(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MetricsExporterType, cfg.MetricsPromExporterPort = metrics.Prom, cfg.ListenPort-2
	var lines logLines
	r := startLogged(t, cfg, &lines)
	r.send("T", "", "x")
	if addr := r.b.MetricsAddr(); addr == "" || addr == fmt.Sprintf("127.0.0.1:%d", cfg.MetricsPromExporterPort) {
		t.Fatalf("metrics on %q", addr)
	}
	resp, err := http.Get("http://" + r.b.MetricsAddr() + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("health %d", resp.StatusCode)
	}
	if l := lines.find("metricsPromExporterPort is taken"); l["addr"] != r.b.MetricsAddr() {
		t.Errorf("the log says %v", l)
	}
}

// TestNoMetricsIsSaid: without any free port messages are served, and what is missing is told.
func TestNoMetricsIsSaid(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MetricsExporterType, cfg.MetricsPromExporterPort = metrics.Prom, 65535
	l, err := net.Listen("tcp", "127.0.0.1:65535")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var lines logLines
	r := startLogged(t, cfg, &lines)
	r.send("T", "", "x")
	if line := lines.find("no metrics and no /health"); r.b.MetricsErr() == nil || line["level"] != "error" {
		t.Errorf("%v, the log says %v", r.b.MetricsErr(), line)
	}
}

// TestMetricsOfTraffic: what a group was given, and what came in, by topic and size.
func TestMetricsOfTraffic(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.sendTo(0, "", "x")
	r.sendTo(0, "", strings.Repeat("y", 5000))
	r.send("U", "", "z")
	r.join("g", "T")
	if code, _, bodies := r.pull("g", "T", 0, "*", 0); len(bodies) != 2 {
		t.Fatalf("%d, %d messages", code, len(bodies))
	}
	text := r.scrape()
	const in, out = `is_system="false",message_type="normal",topic="T"`, `consumer_group="g",is_system="false",topic="T"`
	if n := r.value(text, "rocketmq_messages_out_total", out); n != 2 {
		t.Errorf("%v messages out", n)
	}
	if n := r.value(text, "rocketmq_throughput_out_total", out); n < 5000 || n > 6000 {
		t.Errorf("%v bytes out", n)
	}
	if n := r.value(text, "rocketmq_throughput_in_total", in); n < 5000 || n > 6000 {
		t.Errorf("%v bytes in", n)
	}
	for le, want := range map[string]float64{"1024": 1, "4096": 1, "524288": 2, "+Inf": 2} {
		if n := r.value(text, "rocketmq_message_size_bucket", in+`,le="`+le+`"`); n != want {
			t.Errorf("%v messages of up to %s bytes, want %v", n, le, want)
		}
	}
	for kind, props := range map[string]string{"fifo": "__SHARDINGKEY\x01k\x02", "delay": "DELAY\x011\x02"} {
		r.send("U", props, "x")
		labels := `is_system="false",message_type="` + kind + `",topic="U"`
		if n := r.value(r.scrape(), "rocketmq_message_size_count", labels); n != 1 {
			t.Errorf("%v messages of type %s", n, kind)
		}
	}
	r.half("p", "U", "x")
	if n := r.value(r.scrape(), "rocketmq_message_size_count",
		`is_system="false",message_type="transaction",topic="U"`); n != 1 {
		t.Errorf("%v half messages", n)
	}
	if !strings.Contains(text, "gorocket_build_info{") || !strings.Contains(text, "\ngo_goroutines ") ||
		!strings.Contains(text, "\nprocess_resident_memory_bytes ") {
		t.Error("no figures of the process")
	}
	r.b.pulled.RemoveGroup("g")
	if n := r.value(r.scrape(), "rocketmq_messages_out_total", out); n != -1 {
		t.Errorf("a deleted group has %v messages", n)
	}
}

// TestMetricsOfLag: what is not consumed, on its way, and not handed out, with ages.
func TestMetricsOfLag(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for range 4 {
		r.sendTo(0, "", "m")
	}
	r.join("g", "T")
	r.commit("g", "T", 0, 1)
	const labels = `consumer_group="g",is_retry="false",is_system="false",topic="T"`
	check := func(when string, want map[string]float64) {
		t.Helper()
		text := r.scrape()
		for name, n := range want {
			if got := r.value(text, "rocketmq_consumer_"+name+"_messages", labels); got != n {
				t.Errorf("%s: %s %v, want %v", when, name, got, n)
			}
		}
	}
	check("nothing pulled", map[string]float64{"lag": 3, "inflight": 0, "ready": 3})
	if err := r.b.pulled.Commit("g", "T", 0, 3); err != nil {
		t.Fatal(err)
	}
	check("two on their way", map[string]float64{"lag": 3, "inflight": 2, "ready": 1})
	time.Sleep(3 * time.Millisecond)
	text := r.scrape()
	lag := r.value(text, "rocketmq_consumer_lag_latency", labels)
	if queueing := r.value(text, "rocketmq_consumer_queueing_latency", labels); queueing < 1 || lag < queueing ||
		lag > 60_000 {
		t.Errorf("lag %v ms, queueing %v ms", lag, queueing)
	}
	r.commit("g", "T", 0, 4)
	check("all consumed", map[string]float64{"lag": 0, "inflight": 0, "ready": 0})
	if n := r.value(r.scrape(), "rocketmq_consumer_lag_latency", labels); n != 0 {
		t.Errorf("lag of %v ms without a message", n)
	}
}

// TestMetricsOfDeadLetters: a message that goes to the dead letters counts for its topic and group.
func TestMetricsOfDeadLetters(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.join("g", "T")
	sent := r.send("T", "", "x")
	_, at, err := record.ParseMessageID(string(sent.MsgID))
	if err != nil {
		t.Fatal(err)
	}
	h := wire.ConsumerSendMsgBackRequestHeader{Group: "g", Offset: at, DelayLevel: -1, OriginTopic: "T",
		MaxReconsumeTimes: 16}
	if _, err := call(r, wire.ReqConsumerSendMsgBack, wire.ConsumerSendMsgBackRequest, &h, nil); err != nil {
		t.Fatal(err)
	}
	const labels = `consumer_group="g",is_system="false",topic="T"`
	if n := r.value(r.scrape(), "rocketmq_send_to_dlq_messages_total", labels); n != 1 {
		t.Errorf("%v dead letters", n)
	}
}
