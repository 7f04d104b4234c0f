package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gorocket/compat/testutil"
	"gorocket/remoting/transport"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m, http.DefaultClient.CloseIdleConnections) }

var testMetrics = []Metric{
	NewGauge("g", "bytes", []string{"name"}, "A gauge"), NewCounter("c_total", "", nil, "A counter"),
	NewHistogram("h", "ms", nil, "A histogram"),
}

// serve starts an exporter on a port that is given, or on any free one and those behind it.
func serve(t *testing.T, port int, health func() (error, []string), collect func(*Sink)) *Exporter {
	t.Helper()
	e, err := Start(&Options{Host: "127.0.0.1", Port: port, Build: BuildOf("v1"), Health: health,
		Server: NewSet(testMetrics, map[string]string{"node": "n"}, collect)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		http.DefaultClient.CloseIdleConnections()
		e.Stop(ctx)
	})
	return e
}

func taken(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func get(t *testing.T, e *Exporter, path string) (int, string) {
	t.Helper()
	resp, err := http.Get("http://" + e.Addr("") + path)
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

func well() (error, []string) { return nil, nil }

// TestScrape: values have their labels, types and texts; a label that is no text spoils nothing.
func TestScrape(t *testing.T) {
	e := serve(t, taken(t), well, func(s *Sink) {
		s.Send("g", 7, "a")
		s.Send("g", 8, "bad\xff")
		s.Send("c_total", 9)
		s.Observed("h", 3, 12, map[float64]uint64{5: 2})
	})
	code, text := get(t, e, "/metrics")
	for _, want := range []string{"# HELP g A gauge, in bytes\n# TYPE g gauge\n", `g{name="a",node="n"} 7`,
		"# HELP c_total A counter\n# TYPE c_total counter\n", `c_total{node="n"} 9`, `h_bucket{node="n",le="5"} 2`,
		`h_bucket{node="n",le="+Inf"} 3`, `h_sum{node="n"} 12`, `gorocket_build_info{commit="`, `version="v1"} 1`,
		"\ngo_goroutines ",
		"\nprocess_open_fds "} {
		if code != 200 || !strings.Contains(text, want) {
			t.Errorf("%d, %q is missing in\n%s", code, want, text)
		}
	}
	if strings.Contains(text, "} 8\n") {
		t.Error("a label that is no text has a value")
	}
}

// TestMistakesAreTold: a name that nobody described and a label too few are errors of the scrape, not a panic.
func TestMistakesAreTold(t *testing.T) {
	for name, collect := range map[string]func(*Sink){
		"unknown": func(s *Sink) { s.Send("x", 1) }, "labels": func(s *Sink) { s.Send("g", 1) }} {
		registry := prometheus.NewRegistry()
		registry.MustRegister(NewSet(testMetrics, nil, collect))
		if _, err := registry.Gather(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestHealth: 200 with warnings, or 503 with the reason.
func TestHealth(t *testing.T) {
	var err error
	warnings := []string{"one", "two"}
	e := serve(t, taken(t), func() (error, []string) { return err, warnings }, func(*Sink) {})
	if code, text := get(t, e, "/health"); code != 200 || text != "ok\nwarning: one\nwarning: two\n" {
		t.Errorf("%d %q", code, text)
	}
	err = errors.New("the disk is full")
	if code, text := get(t, e, "/health"); code != 503 || text != "the disk is full\n" {
		t.Errorf("%d %q", code, text)
	}
}

// TestPortTaken: the next free port is taken; a host that is not of this machine is an error at once.
func TestPortTaken(t *testing.T) {
	port := taken(t)
	a := serve(t, port, well, func(*Sink) {})
	b := serve(t, port, well, func(*Sink) {})
	if a.Port() <= port || b.Port() <= a.Port() || b.Port() > port+morePorts {
		t.Errorf("%d is taken: %d, then %d", port, a.Port(), b.Port())
	}
	if _, err := Start(&Options{Host: "192.0.2.1", Port: port, Health: well,
		Server: NewSet(nil, nil, nil)}); err == nil {
		t.Error("listens on an address that is not here")
	}
	l, err := net.Listen("tcp", "127.0.0.1:65535")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Start(&Options{Host: "127.0.0.1", Port: 65535, Health: well,
		Server: NewSet(nil, nil, nil)}); err == nil ||
		!strings.Contains(err.Error(), "65535") {
		t.Errorf("no port is free: %v", err)
	}
}

// TestNoExporter: one that is not there can be asked and stopped.
func TestNoExporter(t *testing.T) {
	var e *Exporter
	e.Stop(context.Background())
	if e.Addr("h") != "" {
		t.Error(e.Addr("h"))
	}
}

// TestExporterEnds: who started it hears of an end that nobody asked for, and of no other.
func TestExporterEnds(t *testing.T) {
	for _, asked := range []bool{true, false} {
		ended := make(chan error, 1)
		e, err := Start(&Options{Host: "127.0.0.1", Server: NewSet(testMetrics, nil, func(*Sink) {}),
			Health: func() (error, []string) { return nil, nil }, Ended: func(err error) { ended <- err }})
		if err != nil {
			t.Fatal(err)
		}
		if !asked {
			_ = e.listener.Close()
			if err := <-ended; err == nil {
				t.Error("it ended without a reason")
			}
		}
		if e.Stop(t.Context()); len(ended) != 0 {
			t.Errorf("stopped, and told: %v", <-ended)
		}
	}
}

// TestBuildOf: the commit of the program, and whether files were changed.
func TestBuildOf(t *testing.T) {
	for _, c := range []struct{ commit, modified, want string }{{"abc", "true", "abc+"}, {"abc", "false", "abc"},
		{"", "true", unknown}, {"", "", unknown}} {
		info := &debug.BuildInfo{}
		if c.commit != "" {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: "vcs.revision", Value: c.commit})
		}
		if c.modified != "" {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: "vcs.modified", Value: c.modified})
		}
		if got := commitOf(info); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if b := BuildOf("v1"); b.Version != "v1" || b.Go == "" || b.Commit == "" {
		t.Errorf("%+v", b)
	}
}

// TestNetwork: each figure of a server's connections is served under its name.
func TestNetwork(t *testing.T) {
	set := NewSet(Network(), nil, func(s *Sink) {
		SendNetwork(s, transport.Figures{Connections: 1, MaxConnections: 2, Inbound: 3, Outbound: 4, Queued: 5, MaxWaiting: 6,
			Refused: 7, AcceptErrors: 8, ClosedSlow: 9, ClosedUnfinished: 10, Paused: 11})
	})
	h := Handler(&Options{Build: BuildOf("v1"), Health: well, Server: set})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{"gorocket_connections 1", "gorocket_connections_limit 2",
		`gorocket_waiting_bytes{kind="inbound"} 3`, `gorocket_waiting_bytes{kind="outbound"} 4`,
		`gorocket_waiting_bytes{kind="queued"} 5`, "gorocket_waiting_bytes_limit 6", "gorocket_connections_refused_total 7",
		"gorocket_accept_errors_total 8", `gorocket_connections_closed_total{cause="slow"} 9`,
		`gorocket_connections_closed_total{cause="unfinished"} 10`, "gorocket_reading_stopped_total 11"} {
		if !strings.Contains(w.Body.String(), "\n"+want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}

// TestLastPort: the highest port that may be tried is tried, and the error of the first one is told when none is free.
func TestLastPort(t *testing.T) {
	base, held := 0, []net.Listener{}
	release := func() {
		for _, l := range held {
			_ = l.Close()
		}
		held = nil
	}
	defer release()
	for base = 20000; base < 60000 && len(held) <= morePorts; base += 50 { // so many free ones in a row, and one more
		release()
		for p := base; p <= base+morePorts; p++ {
			if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p)); err == nil {
				held = append(held, l)
			}
		}
	}
	base -= 50
	_ = held[morePorts].Close()
	l, err := Listen("127.0.0.1", base)
	if err != nil {
		t.Fatalf("%d to %d are taken, and one more may be: %v", base, base+morePorts-1, err)
	}
	defer l.Close()
	if port := l.Addr().(*net.TCPAddr).Port; port != base+morePorts {
		t.Errorf("%d to %d are taken: %d", base, base+morePorts-1, port)
	}
	if _, err := Listen("127.0.0.1", base); err == nil || !strings.Contains(err.Error(), fmt.Sprint(":", base, ":")) {
		t.Errorf("none is free from %d on: %v", base, err)
	}
}

// TestStopDoesNotWaitForever: a scrape that hangs does not hold up a stop longer than its context.
func TestStopDoesNotWaitForever(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	e := serve(t, taken(t), well, func(*Sink) { close(begun); <-goOn })
	defer close(goOn)
	ended := make(chan error, 1)
	go func() {
		resp, err := http.Get("http://" + e.Addr("") + "/metrics")
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		ended <- err
	}()
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e.Stop(ctx)
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it was answered")
		}
	case <-time.After(10 * time.Second):
		t.Error("who asks waits still")
	}
}
