// Package otlp has the figures of a broker taken by the gRPC library and the service of OpenTelemetry's own package. A
// module of its own: neither belongs into the others.
package otlp

import (
	"context"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // requests are compressed
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"gorocket/integration/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Summary(os.Stdout)
	os.Exit(code)
}

// receiver is a collector that refuses its first request.
type receiver struct {
	collector.UnimplementedMetricsServiceServer
	mu       sync.Mutex
	requests int                        // guarded by mu
	token    []string                   // guarded by mu; of the last request
	got      map[string]*metrics.Metric // by name, the last of each; guarded by mu
}

func (r *receiver) Export(ctx context.Context, req *collector.ExportMetricsServiceRequest) (
	*collector.ExportMetricsServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.requests++; r.requests == 1 {
		return nil, status.Error(codes.Unavailable, "not yet")
	}
	md, _ := metadata.FromIncomingContext(ctx)
	r.token = md.Get("token")
	for _, of := range req.GetResourceMetrics() {
		for _, scope := range of.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				r.got[m.GetName()] = m
			}
		}
	}
	return &collector.ExportMetricsServiceResponse{}, nil
}

// metric waits for one by its name.
func (r *receiver) metric(t *testing.T, name string) *metrics.Metric {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		r.mu.Lock()
		m, n := r.got[name], len(r.got)
		r.mu.Unlock()
		if m != nil {
			return m
		}
		if time.Now().After(end) {
			t.Fatalf("%s did not come, %d others did", name, n)
		}
	}
}

func has(labels []*common.KeyValue, name, value string) bool {
	return slices.ContainsFunc(labels, func(l *common.KeyValue) bool {
		return l.GetKey() == name && l.GetValue().GetStringValue() == value
	})
}

// TestPushedToCollector: a broker goes on after a request that was refused; figures, labels and headers arrive.
func TestPushedToCollector(t *testing.T) {
	harness.Count(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r, s := &receiver{got: map[string]*metrics.Metric{}}, grpc.NewServer()
	collector.RegisterMetricsServiceServer(s, r)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	c.Broker(harness.Go, "broker-a", harness.Conf{"metricsExporterType": "OTLP_GRPC",
		"metricsGrpcExporterTarget": "http://" + l.Addr().String(), "metricGrpcExporterIntervalInMills": "300",
		"metricsGrpcExporterHeader": "token:secret"})
	if points := r.metric(t, "gorocket_store_writable").GetGauge().GetDataPoints(); len(points) != 1 ||
		points[0].GetAsDouble() != 1 || !has(points[0].GetAttributes(), "node_id", "broker-a") {
		t.Errorf("gorocket_store_writable: %v", points)
	}
	if sum := r.metric(t, "process_cpu_seconds_total").GetSum(); !sum.GetIsMonotonic() ||
		sum.GetAggregationTemporality() != metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE ||
		sum.GetDataPoints()[0].GetAsDouble() <= 0 {
		t.Errorf("process_cpu_seconds_total: %v", sum)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.requests < 2 || !slices.Equal(r.token, []string{"secret"}) {
		t.Errorf("%d requests, token %q", r.requests, r.token)
	}
}
