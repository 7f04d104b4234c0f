package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Limits of the metrics port.
const (
	readTimeout  = 10 * time.Second
	writeTimeout = 60 * time.Second
	maxHeader    = 16 << 10 // bytes
	scrapes      = 4        // at a time
	morePorts    = 10       // tried behind one that is taken
)

// Options say what an Exporter serves, and where.
type Options struct {
	Host  string // address to listen on
	Port  int    // the next ones are tried when it is taken
	Build Build
	// Server has the metrics of the server.
	Server prometheus.Collector
	// Beside are those of other servers of the same process
	Beside []*Set
	// Health tells why the server does not serve as it should, nil when it does, and what to look at. Any goroutine.
	Health func() (err error, warnings []string)
	// Push says where they are sent, too; nil: nowhere. Kind is metricsExporterType.
	Kind string
	Push *Push
	// Pushed is told why that does not work, and nil when it does again. One goroutine.
	Pushed func(error)
	// Ended is called when the exporter ends and nobody asked for it.
	Ended func(error)
}

// Exporter serves /metrics in Prometheus' form, and /health: 200, or 503 with the reason.
// Java: metricsExporterType=PROM.
type Exporter struct {
	server   *http.Server
	listener net.Listener  // immutable
	done     chan struct{} // closed when the server has ended
	push     *pusher       // nil: nothing is sent
}

// Start listens and serves. When the port is taken it takes the next free one of ten: Port tells which. A second server
// on one machine has metrics all the same.
func Start(o *Options) (*Exporter, error) {
	l, err := Listen(o.Host, o.Port)
	if err != nil {
		return nil, err
	}
	registry := o.registry()
	e := &Exporter{listener: l, done: make(chan struct{}), server: &http.Server{
		Handler: handler(o, registry), ReadTimeout: readTimeout, WriteTimeout: writeTimeout, MaxHeaderBytes: maxHeader}}
	if o.Push != nil && o.Kind == OTLP {
		if e.push, err = newPusher(o.Push, registry, o.Pushed); err != nil {
			_ = l.Close()
			return nil, err
		}
		e.push.start()
	}
	go func() {
		defer close(e.done)
		if err := e.server.Serve(l); !errors.Is(err, http.ErrServerClosed) && o.Ended != nil {
			o.Ended(err)
		}
	}()
	return e, nil
}

// Listen opens a port, or the next free one of ten.
func Listen(host string, port int) (net.Listener, error) {
	var first error
	last := min(port+morePorts, 65535)
	for p := port; p <= last; p++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(p)))
		if err == nil {
			return l, nil
		}
		if first == nil {
			first = err
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w, nor is any other up to port %d free", first, last)
}

// registry has all that is served and sent.
func (o *Options) registry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(o.Server, o.Build.collector(), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, other := range o.Beside {
		registry.MustRegister(other)
	}
	return registry
}

// Handler is what an Exporter serves.
func Handler(o *Options) http.Handler { return handler(o, o.registry()) }

func handler(o *Options, registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapes}))
	profiles(mux)
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		err, warnings := o.Health()
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
		for _, text := range warnings {
			fmt.Fprintln(w, "warning: "+text)
		}
	})
	return mux
}

// Port is the port that it listens on.
func (e *Exporter) Port() int { return e.addr().Port }

func (e *Exporter) addr() *net.TCPAddr { return e.listener.Addr().(*net.TCPAddr) }

// Addr is where it can be reached, host:port; outside is the host when it listens on all addresses. "" for nil.
func (e *Exporter) Addr(outside string) string {
	if e == nil {
		return ""
	}
	addr := e.addr()
	if addr.IP.IsUnspecified() {
		return net.JoinHostPort(outside, strconv.Itoa(addr.Port))
	}
	return addr.String()
}

// Stop ends it, when ctx ends in the middle of an answer. Nothing happens to nil.
func (e *Exporter) Stop(ctx context.Context) {
	if e == nil {
		return
	}
	e.push.stop(ctx)
	if err := e.server.Shutdown(ctx); err != nil {
		_ = e.server.Close()
	}
	<-e.done
}
