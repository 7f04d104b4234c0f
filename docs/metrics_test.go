package docs_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gorocket/broker/exporter"
	"gorocket/namesrv"
	"gorocket/namesrv/controller"
	"gorocket/remoting/metrics"
)

const metricsHead = `# Metrics and health

Generated from the code by ` + "`go test ./docs -update`" + `; a test fails when it is out of date.

Broker and NameServer each serve ` + "`/metrics`" + ` in Prometheus' form and ` + "`/health`" + ` on a port of their own: 5557 for a broker
(Java's default), 5577 for a NameServer; ` + "`standalone`" + ` has both, and ` + "`--dev`" + ` takes free ones. A port that is taken is no reason to go
without: the next ten are tried, and the log and what is printed at the start tell which it is. ` + "`metricsPromExporterPort`" + `,
` + "`metricsPromExporterHost`" + ` and ` + "`metricsExporterType=DISABLE`" + ` are in [config.md](config.md). A controller has them with
` + "`metricsExporterType=PROM`" + ` only, on 5557 too; that of one in a NameServer's process is the NameServer's.

` + "`metricsExporterType=OTLP_GRPC`" + ` serves the same and sends it to an OpenTelemetry collector, ` + "`metricsGrpcExporterTarget`" + `, every
` + "`metricGrpcExporterIntervalInMills`" + `, with Java's other keys for that (headers, timeout, delta, labels); a collector that does not answer is
a warning in the log, and the next interval tries again. ` + "`/debug/pprof/`" + ` on the metrics port has Go's profiles, for callers on this machine.

` + "`/health`" + ` answers 200 and ` + "`ok`" + `, with a line ` + "`warning: ...`" + ` for what deserves a look; or 503 and the reason: a broker whose store
takes no messages, which clients do not find through a NameServer that answers, or which its controllers gave no role; a controller
while none leads; a server whose network has ended.

Figures are read when somebody asks. Counters begin at 0 with the process unless the table says otherwise, and what is counted for a topic or a
group ends with it. A name that is not UTF-8 has no figures. A scrape reads at most 10,000 store timestamps, each of which may be a read of the
disk: beyond that groups have no latencies. All light queues are one topic, ` + "`%LMQ%`" + `.

## Shipped: alert rules and a dashboard

[monitoring/alerts.yml](monitoring/alerts.yml) has the alerts below as rules for Prometheus, [monitoring/alerts_test.yml](monitoring/alerts_test.yml)
their unit tests (` + "`make promtool`" + `, where promtool is installed), [monitoring/dashboard.json](monitoring/dashboard.json) a dashboard for Grafana. They
look for the labels of the servers; process figures by ` + "`job=~\".*rocket.*\"`" + `. The rules are
` + "`GorocketStoreReadOnly`" + `, ` + "`GorocketNotRegistered`" + `, ` + "`GorocketRouteTaken`" + `, ` + "`GorocketDiskFillsUp`" + `, ` + "`GorocketUnconsumedDeleted`" + `, ` + "`GorocketConsumersBehind`" + `, ` + "`GorocketDeadLetters`" + `, ` + "`GorocketRefusesRequests`" + `, ` + "`GorocketConnectionsRunOut`" + `, ` + "`GorocketPeersDoNotRead`" + `, ` + "`GorocketTableNearlyFull`" + `, ` + "`GorocketDiskTooSlow`" + `, ` + "`GorocketNoReplica`" + `, ` + "`GorocketMasterFenced`" + `, ` + "`GorocketConfirmedTruncated`" + `, ` + "`GorocketSlaveDoesNotFollow`" + `, ` + "`GorocketBrokerGone`" + `, ` + "`GorocketSetWithoutMaster`" + `, ` + "`GorocketNoControllerLeads`" + `.

## Alerts worth having

| what | expression |
|---|---|
| the store takes no messages | ` + "`gorocket_store_writable == 0`" + ` |
| clients do not find the broker | ` + "`gorocket_namesrv_registered == 0`" + ` for 1 m |
| somebody else has the broker's route | ` + "`gorocket_route_taken == 1`" + ` |
| the disk fills up | ` + "`gorocket_disk_used_ratio > 0.8`" + `; from ` + "`diskSpaceCleanForciblyRatio`" + ` (0.85) on old messages go early, from ` +
	"`diskSpaceWarningLevelRatio`" + ` (0.9) on sends are refused |
| messages were deleted that nobody had consumed | ` + "`increase(gorocket_unconsumed_deleted_total[10m]) > 0`" + ` |
| consumers are down or too slow | ` + "`rocketmq_consumer_lag_latency{is_system=\"false\"} > 300000`" + ` for 5 m |
| consumers give messages up | ` + "`increase(rocketmq_send_to_dlq_messages_total[10m]) > 0`" + ` |
| consumers do not come to an end | ` + "`rocketmq_consumer_inflight_messages`" + ` grows while ` + "`rocketmq_messages_out_total`" + ` stands |
| clients are refused | ` + "`rate(gorocket_refused_requests_total[5m]) > 0`" + ` |
| connections run out | ` + "`gorocket_connections / gorocket_connections_limit > 0.8`" + ` |
| peers do not read | ` + "`gorocket_waiting_bytes_limit < 2 * sum without(kind) (gorocket_waiting_bytes)`" + ` |
| a table is nearly full | ` + "`gorocket_table_size / (gorocket_table_limit > 0) > 0.8`" + ` |
| the disk does not keep up | ` + "`rocketmq_storage_flush_behind_bytes > 100e6`" + ` for 1 m |
| transactions do not end | ` + "`rocketmq_half_messages`" + ` grows for 1 h |
| what a set takes has no copy | ` + "`gorocket_replicas_in_sync < 2`" + ` for 1 m |
| a master takes no messages, as no controller answers | ` + "`gorocket_replicas_fenced == 1`" + ` |
| a set has no master | ` + "`max(gorocket_controller_sets_without_master) > 0`" + ` |
| no controller leads | ` + "`absent(role{node_type=\"controller\"} == 4)`" + ` for 10 s |
| acknowledged messages were lost | ` + "`gorocket_replicas_truncated_confirmed_bytes_total > 0`" + ` |
| a slave does not follow | ` + "`gorocket_replication_following == 0`" + ` for 30 s |
| a broker was killed, or its network broke | ` + "`increase(gorocket_namesrv_brokers_gone_total{cause!=\"unregistered\"}[5m]) > 0`" + ` |
`

// TestMetricsTable makes docs/metrics.md from what the servers say they export; their own tests check that they do.
func TestMetricsTable(t *testing.T) {
	var want bytes.Buffer
	want.WriteString(metricsHead)
	writeMetrics(&want, "Broker", "`cluster`, `node_type` (broker) and `node_id` (the broker's name)", exporter.Metrics())
	writeMetrics(&want, "NameServer", "`node_type` (nameserver) and `node_id` (its address)", namesrv.Metrics())
	writeMetrics(&want, "Controller", "`node_type` (controller) and `node_id` (its id in the group)", controller.Metrics())
	writeMetrics(&want, "Every server", "no others", metrics.Common())
	want.WriteString("\nAnd what Prometheus' client for Go has: `process_...` (CPU, memory, open files, start time) and " +
		"`go_...` " +
		"(goroutines, heap, garbage collection).\n")
	if *update {
		if err := os.WriteFile("metrics.md", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, "metrics.md"); got != want.String() {
		t.Error("docs/metrics.md differs from the code: run go test ./docs -update")
	}
}

func writeMetrics(out *bytes.Buffer, server, fixed string, list []metrics.Metric) {
	fmt.Fprintf(out, "\n## %s\n\nAll have the labels %s.\n\n| metric | type | labels | unit | meaning "+
		"|\n|---|---|---|---|---|\n", server, fixed)
	for _, m := range list {
		labels := ""
		if len(m.Labels) > 0 {
			labels = "`" + strings.Join(m.Labels, "`, `") + "`"
		}
		fmt.Fprintf(out, "| `%s` | %s | %s | %s | %s |\n", m.Name, m.Kind, labels, m.Unit, m.Help)
	}
}

// TestAlertsNameRealMetrics looks up every metric of the alerts.
func TestAlertsNameRealMetrics(t *testing.T) {
	known := map[string]bool{}
	for _, m := range slices.Concat(exporter.Metrics(), namesrv.Metrics(), controller.Metrics(), metrics.Common()) {
		if m.Help == "" || strings.HasSuffix(m.Help, ".") {
			t.Errorf("%s: text %q", m.Name, m.Help)
		}
		known[m.Name] = true
	}
	for _, name := range regexp.MustCompile(`\b(go)?rocketmq_\w+|\bgorocket_\w+`).FindAllString(metricsHead, -1) {
		if !known[name] {
			t.Errorf("an alert names %s, which does not exist", name)
		}
	}
}
