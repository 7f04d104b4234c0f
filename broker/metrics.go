package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// exporter serves /metrics in Prometheus' form under Java 5's names, and /health: 200, or 503 with the reason why the
// store takes no messages, the network does not turn, or clients cannot find the broker through a NameServer that
// answers. Java: BrokerMetricsManager with metricsExporterType=PROM.
type exporter struct {
	server *http.Server
	done   chan struct{}
}

// Values of metricsExporterType.
const (
	metricsOff  = "DISABLE"
	metricsProm = "PROM"
)

// Limits of the metrics port.
const (
	metricsReadTimeout  = 10 * time.Second
	metricsWriteTimeout = 60 * time.Second
	metricsMaxHeader    = 16 << 10 // bytes
	metricsAtOnce       = 4        // scrapes
)

// startMetrics listens; a port that is taken is a warning: messages matter more.
func (b *Broker) startMetrics() {
	c := b.cfg()
	if c.MetricsExporterType != metricsProm {
		return
	}
	host := c.MetricsPromExporterHost
	if host == "" {
		host = c.BindAddress
	}
	addr := net.JoinHostPort(host, strconv.Itoa(c.MetricsPromExporterPort))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		b.log.Warn().Err(err).Msg("no metrics: cannot listen on metricsPromExporterPort")
		return
	}
	b.metricsAddr = l.Addr().String()
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		b.metricsAddr = net.JoinHostPort(c.BrokerIP1, strconv.Itoa(c.MetricsPromExporterPort))
	}
	b.exporter = &exporter{done: make(chan struct{}), server: &http.Server{Handler: b.metricsHandler(), ReadTimeout: metricsReadTimeout, WriteTimeout: metricsWriteTimeout, MaxHeaderBytes: metricsMaxHeader}}
	go func() {
		defer close(b.exporter.done)
		if err := b.exporter.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			b.log.Warn().Err(err).Msg("metrics ended")
		}
	}()
}

// MetricsAddr is where /metrics and /health are served, host:port; empty without metrics.
func (b *Broker) MetricsAddr() string { return b.metricsAddr }

func (b *Broker) metricsHandler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(b))
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: metricsAtOnce}))
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		if err := b.health(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		err, warnings := b.register.health()
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

func (e *exporter) stop(ctx context.Context) {
	if e == nil {
		return
	}
	if err := e.server.Shutdown(ctx); err != nil {
		_ = e.server.Close()
	}
	<-e.done
}
