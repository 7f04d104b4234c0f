package broker

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gorocket/remoting"
)

func TestMetrics(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MetricsExporterType, cfg.MetricsPromExporterPort = metricsProm, freePort(t)
	r := startRig(t, cfg)
	r.send("T", "", "x")
	r.send("T", "", "y")
	_, half := r.half("p", "T", "z")
	r.end(remoting.EndTransactionRequestHeader{ProducerGroup: "p", CommitLogOffset: half, CommitOrRollback: remoting.TransactionCommit})
	r.half("p", "T", "waits")
	r.join("g", "T")
	r.commit("g", "T", 0, 1)
	get := func(path string) (int, string) {
		resp, err := http.Get("http://" + r.b.metricsAddr + path)
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
	waitFor(t, "a message in the wheel", func() bool { return r.b.timers.Figures().Pending == 1 })
	code, text := get("/metrics")
	const fixed = `cluster="DefaultCluster",`
	for _, want := range []string{
		`rocketmq_messages_in_total{` + fixed + `is_system="false",node_id="broker-a",node_type="broker",topic="T"} 3`,
		`rocketmq_consumer_lag_messages{` + fixed + `consumer_group="g",node_id="broker-a",node_type="broker",topic="T"} 2`,
		`rocketmq_half_messages{` + fixed + `node_id="broker-a",node_type="broker",topic="T"} 1`,
		`rocketmq_timer_message_snapshot{` + fixed + `node_id="broker-a",node_type="broker",timer_bound_s="900"} 0`,
		`rocketmq_timer_message_snapshot{` + fixed + `node_id="broker-a",node_type="broker",timer_bound_s="3600"} 1`,
		`rocketmq_delay_message_latency_bucket{` + fixed + `node_id="broker-a",node_type="broker",topic="T",le="3600"} 1`,
		`gorocket_store_writable{` + fixed + `node_id="broker-a",node_type="broker"} 1`, `rocketmq_consumer_connections{` + fixed + `consumer_group="g"`,
	} {
		if code != 200 || !strings.Contains(text, want) {
			t.Errorf("%d, missing %s in\n%s", code, want, text)
		}
	}
	for name, labels := range metricLabels {
		if slices.Contains(labels, "namesrv") { // there is none here
			continue
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

// TestMetricsPortTaken: the broker serves without metrics.
func TestMetricsPortTaken(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MetricsExporterType, cfg.MetricsPromExporterPort = metricsProm, cfg.ListenPort-2
	r := startRig(t, cfg)
	r.send("T", "", "x")
	if r.b.metricsAddr != "" {
		t.Errorf("metrics on %s", r.b.metricsAddr)
	}
}
