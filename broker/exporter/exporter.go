package exporter

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/cluster"
	"gorocket/broker/config"
	"gorocket/broker/filter"
	"gorocket/broker/hold"
	"gorocket/broker/members"
	"gorocket/broker/meta"
	"gorocket/broker/overload"
	"gorocket/broker/pop"
	"gorocket/broker/replication"
	"gorocket/broker/static"
	"gorocket/broker/stats"
	"gorocket/broker/trans"
	"gorocket/remoting/auth"
	"gorocket/remoting/metrics"
	"gorocket/remoting/transport"
	"gorocket/store"
	"gorocket/store/timer"
)

// Network is what the figures need of the server. Any goroutine.
type Network interface {
	Waiting(visit func(code int32)) // visits the requests that wait for a worker
	Figures() transport.Figures
}

// Deps is what an exporter reads. All of it may be read from any goroutine.
type Deps struct {
	Config      *atomic.Pointer[config.Config]
	Now         func() time.Time
	Topics      *meta.Topics
	Groups      *meta.Groups
	Committed   *meta.Offsets
	Pulled      *meta.Offsets
	Modes       *meta.Modes
	Users       *auth.Store
	Checked     []*auth.Tallies // of those who check requests; none when nobody does
	Consumers   *clients.Consumers
	Producers   *clients.Producers
	Locks       *clients.OrderLocks
	Filters     *filter.Manager
	Mappings    *static.Mappings
	Holds       *hold.Table
	Pops        *pop.Service
	Trans       *trans.Service
	Stats       *stats.Totals
	DeadLetters *stats.DeadLetters
	TimerDelays *stats.PerTopic[stats.Histogram]
	Overload    *overload.Guard
	Store       *store.Store
	Timers      *timer.Timers // nil with timerWheelEnable=false
	Registrar   *cluster.Registrar
	Replication *replication.Service
	Members     *members.Service
	// Roles is what a broker says whose master controllers decide; ok is false for others
	Roles   func() (r Roles, ok bool)
	Network Network
	// Health tells why the broker does not serve as it should, nil when it does, and what to look at.
	Health func() (err error, warnings []string)
	Log    zerolog.Logger
}

// Roles is how a broker is part of a group whose master controllers decide.
type Roles struct {
	*stats.Roles
	Epoch  int32 // of the newest master in its log, -1: none
	InSync int   // brokers of the sync state set, this master one of them; 0 on a slave
	Fenced bool  // it is master, and refuses messages: another one may be elected
}

// Exporter serves /metrics and /health. The methods of a nil one do nothing.
type Exporter struct {
	d      Deps
	server *metrics.Exporter // nil without metrics; immutable after Start
	err    error             // why there are none; immutable after Start
}

// New prepares an exporter.
func New(d Deps) *Exporter { return &Exporter{d: d} }

// Start serves, if metricsExporterType says so. When no port is free the broker serves messages all the same, and says
// so.
func (e *Exporter) Start() {
	c, log := e.d.Config.Load(), e.d.Log
	if c.MetricsExporterType == metrics.Off {
		return
	}
	e.server, e.err = metrics.Start(e.options())
	switch {
	case e.err != nil:
		log.Error().Err(e.err).Msg("no metrics and no /health: cannot listen on metricsPromExporterPort")
	case e.server.Port() != c.MetricsPromExporterPort:
		log.Warn().Int("configured", c.MetricsPromExporterPort).Str("addr", e.Addr()).
			Msg("metricsPromExporterPort is taken: metrics and /health are on another port")
	default:
		log.Info().Str("addr", e.Addr()).Msg("metrics and /health are served")
	}
}

// Stop ends the service.
func (e *Exporter) Stop(ctx context.Context) {
	if e != nil {
		e.server.Stop(ctx)
	}
}

func (e *Exporter) options() *metrics.Options {
	c := e.d.Config.Load()
	host := c.MetricsPromExporterHost
	if host == "" {
		host = c.BindAddress
	}
	fixed := c.Fixed(map[string]string{"cluster": c.BrokerClusterName, "node_type": "broker", "node_id": c.BrokerName})
	return &metrics.Options{Host: host, Port: c.MetricsPromExporterPort,
		Build: metrics.BuildOf(c.Version), Health: e.d.Health, Kind: c.MetricsExporterType, Push: &c.Push,
		Pushed: metrics.LogPushed(e.d.Log),
		Server: metrics.NewSet(Metrics(), fixed, func(s *metrics.Sink) { (&collector{s, &e.d}).collect() }),
		Ended:  func(err error) { e.d.Log.Error().Err(err).Msg("metrics and /health have ended") }}
}

// Handler is what is served.
func (e *Exporter) Handler() http.Handler { return metrics.Handler(e.options()) }

// Addr is where /metrics and /health are served, host:port; empty without metrics. After Start.
func (e *Exporter) Addr() string {
	if e == nil {
		return ""
	}
	return e.server.Addr(e.d.Config.Load().BrokerIP1)
}

// Err tells why there are no metrics although they are configured, nil when there are. After Start.
func (e *Exporter) Err() error {
	if e == nil {
		return nil
	}
	return e.err
}
