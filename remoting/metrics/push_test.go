package metrics

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	otel "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"

	"gorocket/compat/config"
)

// collector is an OpenTelemetry collector that speaks gRPC over HTTP/2 without encryption. integration has the one of
// the gRPC library.
type collectorServer struct {
	mu     sync.Mutex
	got    []*otel.MetricsData // guarded by mu
	auth   string              // guarded by mu; of the last request
	status string              // guarded by mu; answered; "": 0
}

func startCollector(t *testing.T) (*collectorServer, string) {
	t.Helper()
	c := &collectorServer{}
	s := httptest.NewUnstartedServer(c)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return c, s.URL
}

func (c *collectorServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.auth = r.Header.Get("Authorization")
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
	data, err := unframe(r)
	switch {
	case err != nil || r.ProtoMajor != 2 || !strings.HasSuffix(r.URL.Path, "MetricsService/Export"):
		w.Header().Set("Grpc-Status", "3")
		w.Header().Set("Grpc-Message", "wrong%20request")
	case c.status != "":
		w.Header().Set("Grpc-Status", c.status)
		w.Header().Set("Grpc-Message", "not%20now")
	default:
		c.got = append(c.got, data)
		_, _ = w.Write([]byte{0, 0, 0, 0, 0})
		w.Header().Set("Grpc-Status", "0")
	}
}

func unframe(r *http.Request) (*otel.MetricsData, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) < 5 || body[0] != 1 || int(binary.BigEndian.Uint32(body[1:])) != len(body)-5 ||
		r.Header.Get("Grpc-Encoding") != "gzip" || r.Header.Get("Content-Type") != "application/grpc+proto" {
		return nil, errors.New("frame")
	}
	z, err := gzip.NewReader(strings.NewReader(string(body[5:])))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	m := &otel.MetricsData{}
	return m, proto.Unmarshal(text, m)
}

func (c *collectorServer) answer(status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

// take returns the metrics of all requests so far by name.
func (c *collectorServer) take() (map[string][]*otel.Metric, int, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, n := map[string][]*otel.Metric{}, len(c.got)
	for _, d := range c.got {
		for _, m := range d.ResourceMetrics[0].ScopeMetrics[0].Metrics {
			all[m.Name] = append(all[m.Name], m)
		}
	}
	c.got = nil
	return all, n, c.auth
}

// TestPush: each kind of figure arrives, as totals and as what has come since; in requests of a size; with headers.
func TestPush(t *testing.T) {
	for _, delta := range []bool{false, true} {
		c, url := startCollector(t)
		total := 9.0
		set := NewSet(testMetrics, nil, func(s *Sink) {
			s.Send("g", 7, "a")
			s.Send("g", 8, "b")
			s.Send("c_total", total)
			s.Observed("h", uint64(total), 12, map[float64]uint64{5: 2, 10: 4})
		})
		o := &Options{Build: BuildOf("v1"), Server: set, Health: well}
		p, err := newPusher(&Push{MetricsGRPCTarget: url, MetricsGRPCHeader: "Authorization:Bearer x, a:b", MetricsBatch: 3,
			MetricsGRPCTimeout: 10000, MetricsGRPCInterval: 1, MetricsInDelta: delta}, o.registry(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for round, want := range []float64{9, 11} {
			if total = want; p.push(t.Context()) != nil {
				t.Fatal(p.push(t.Context()))
			}
			got, requests, auth := c.take()
			if requests < 3 || auth != "Bearer x" {
				t.Errorf("%d requests, %q", requests, auth)
			}
			points := 0
			for _, m := range got["g"] {
				points += len(m.GetGauge().GetDataPoints())
			}
			sum, h := got["c_total"][0].GetSum(), got["h"][0].GetHistogram().GetDataPoints()[0]
			counted, buckets := want, []uint64{2, 2, uint64(want) - 4}
			if delta && round > 0 {
				counted, buckets = 2, []uint64{0, 0, 2}
			}
			if points != 2 || sum.DataPoints[0].GetAsDouble() != counted || !sum.IsMonotonic ||
				(sum.AggregationTemporality == otel.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA) != delta ||
				h.Count != uint64(counted) || len(h.BucketCounts) != 3 || h.BucketCounts[0] != buckets[0] ||
				h.BucketCounts[2] != buckets[2] || len(h.ExplicitBounds) != 2 {
				t.Errorf("delta %v, round %d: %v %v", delta, round, sum, h)
			}
			if len(got["gorocket_build_info"]) != 1 || len(got["go_gc_duration_seconds"]) != 1 {
				t.Errorf("%d metrics", len(got))
			}
		}
		p.client.close()
	}
}

// TestPushFails: what the collector answers is told, once, and that it works again; a stop sends a last time.
func TestPushFails(t *testing.T) {
	c, url := startCollector(t)
	told := make(chan error, 100)
	c.answer("14")
	e, err := Start(&Options{Host: "127.0.0.1", Build: BuildOf("v1"), Health: well, Kind: OTLP, Pushed: func(err error) { told <- err },
		Server: NewSet(testMetrics, nil, func(s *Sink) { s.Send("c_total", 1) }),
		Push:   &Push{MetricsGRPCTarget: url, MetricsGRPCTimeout: 5000, MetricsGRPCInterval: 5, MetricsBatch: 100}})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-told; err == nil || !strings.Contains(err.Error(), "gRPC status 14: not now") {
		t.Errorf("%v", err)
	}
	c.answer("")
	if err := <-told; err != nil {
		t.Errorf("it works: %v", err)
	}
	e.push.every = time.Hour
	c.take()
	e.Stop(context.Background())
	if got, _, _ := c.take(); len(got["c_total"]) == 0 {
		t.Error("nothing was sent at the end")
	}
	no := &Push{MetricsGRPCTarget: "http://127.0.0.1:1", MetricsGRPCTimeout: 1000, MetricsGRPCInterval: 1, MetricsBatch: 1}
	p, err := newPusher(no, (&Options{Build: BuildOf(""), Server: NewSet(nil, nil, func(*Sink) {})}).registry(), nil)
	if err != nil || p.push(t.Context()) == nil {
		t.Error("sent to nobody")
	}
}

// TestPushIsChecked: what Java logs and ignores stops the start.
func TestPushIsChecked(t *testing.T) {
	for _, c := range []struct {
		p    Push
		kind string
		key  string
	}{{Push{}, Prom, ""}, {Push{}, OTLP, "metricsGrpcExporterTarget"}, {Push{MetricsGRPCTarget: "h:1"}, OTLP, ""},
		{Push{MetricsGRPCTarget: "http://h:1\x7f"}, OTLP, "metricsGrpcExporterTarget"},
		{Push{MetricsLabel: "a"}, Prom, "metricsLabel"}, {Push{MetricsLabel: "a:b,c:d"}, Prom, ""}, {Push{MetricsLabel: "a-b:c"}, Prom, "metricsLabel"},
		{Push{MetricsGRPCHeader: ":x"}, Off, "metricsGrpcExporterHeader"}} {
		err := c.p.Check(c.kind)
		var e *config.Error
		if (err == nil) != (c.key == "") || err != nil && (!errors.As(err, &e) || e.Key != c.key) {
			t.Errorf("%+v: %v", c.p, err)
		}
	}
	p := &Push{MetricsLabel: "zone:a, node_id:x"}
	if got := p.Fixed(map[string]string{"node_id": "b"}); got["zone"] != "a" || got["node_id"] != "b" {
		t.Errorf("%v", got)
	}
	for target, want := range map[string]string{"h:4317": "https://h:4317/", "http://h": "http://h/"} {
		if u, err := (&Push{MetricsGRPCTarget: target}).endpoint(); err != nil || !strings.HasPrefix(u.String(), want) {
			t.Errorf("%s: %v %v", target, u, err)
		}
	}
}

// TestPartialSuccess: figures that a collector did not take are an error.
func TestPartialSuccess(t *testing.T) {
	answer := append([]byte{0, 0, 0, 0, 8}, 0x0a, 6, 0x08, 3, 0x12, 2, 'n', 'o')
	if n, why := refusedPoints(answer); n != 3 || why != "no" {
		t.Errorf("%d %s", n, why)
	}
	for _, broken := range [][]byte{nil, {0}, {0, 0, 0, 0, 1, 0xff}, {1, 0, 0, 0, 0}} {
		if n, _ := refusedPoints(broken); n != 0 {
			t.Errorf("%v: %d", broken, n)
		}
	}
}

// TestProfiles: for this machine only, and for nobody whom somebody else asks to ask.
func TestProfiles(t *testing.T) {
	h := Handler(&Options{Build: BuildOf("v1"), Health: well, Server: NewSet(nil, nil, func(*Sink) {})})
	for _, c := range []struct {
		peer, host, header string
		code               int
	}{{"127.0.0.1:9", "127.0.0.1:5557", "", 200}, {"[::1]:9", "localhost", "", 200}, {"[::ffff:127.0.0.1]:9", "[::1]:1", "", 200},
		{"10.0.0.1:9", "127.0.0.1:5557", "", 403}, {"127.0.0.1:9", "evil.example:5557", "", 403},
		{"127.0.0.1:9", "127.0.0.1", "X-Forwarded-For", 403}, {"127.0.0.1:9", "127.0.0.1", "Origin", 403}} {
		r := httptest.NewRequest(http.MethodGet, "/debug/pprof/goroutine?debug=1", nil)
		r.RemoteAddr, r.Host = c.peer, c.host
		if c.header != "" {
			r.Header.Set(c.header, "x")
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != c.code {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
	}
}
