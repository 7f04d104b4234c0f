package namesrv

import (
	"sync/atomic"

	"gorocket/remoting/metrics"
)

// counts are figures since the start. Safe for concurrent use.
type counts struct {
	registrations, noRegistrations atomic.Int64 // all, and those without effect
	routes, noRoutes               atomic.Int64 // route queries answered, and those for topics without a route
	left, lost, expired            atomic.Int64 // brokers that unregistered, whose connection ended, that were silent
	refused                        atomic.Int64
}

// Metrics lists what a NameServer exports; Java's exports nothing. All have the labels node_type and node_id.
// docs/metrics.md is made from it.
func Metrics() []metrics.Metric {
	gauge, counter := metrics.NewGauge, metrics.NewCounter
	return append([]metrics.Metric{
		gauge("gorocket_namesrv_brokers", "brokers", nil, "Broker addresses that are registered, slaves too"),
		gauge("gorocket_namesrv_broker_names", "names", nil, "Broker names that are registered"),
		gauge("gorocket_namesrv_clusters", "clusters", nil, "Clusters that have brokers"),
		gauge("gorocket_namesrv_topics", "topics", nil, "Topics that have a route"),
		gauge("gorocket_namesrv_topics_limit", "topics", nil, "How many topics may have one"),
		counter("gorocket_namesrv_brokers_gone_total", "brokers", []string{"cause"},
			"Brokers that went: they unregistered (unregistered), their connection ended without that, as when they are "+
				"killed (connection), or they were silent for too long (timeout)"),
		counter("gorocket_namesrv_registrations_total", "requests", []string{"result"},
			"Registrations of brokers; without effect when another broker has the name and id, or when they are refused"),
		counter("gorocket_namesrv_route_queries_total", "requests", []string{"result"},
			"Route queries of clients: found, or missing when the topic has no route"),
		gauge("gorocket_namesrv_unregister_queue", "requests", nil, "Departures of brokers that wait to be applied"),
		gauge("gorocket_namesrv_kv_bytes", "bytes", nil, "The KV configuration: namespaces, keys and values"),
		gauge("gorocket_namesrv_kv_bytes_limit", "bytes", nil, "How large it may become (maxKvConfigBytes)"),
		counter("gorocket_refused_requests_total", "requests", []string{"cause"},
			"Requests answered SYSTEM_BUSY without being served"),
	}, metrics.Network()...)
}

// Guest is another server of this process, whose figures and warnings this one's port shows, too. Any goroutine, also
// before the guest runs.
type Guest interface {
	Figures() *metrics.Set
	Health() (error, []string)
}

// Host has this server's port show a guest's figures. Before Start.
func (s *Server) Host(g Guest) { s.guest = g }

// health is what /health tells. A guest that cannot do its work is a warning: clients find routes all the same.
func (s *Server) health() (err error, warnings []string) {
	if s.guest != nil {
		sick, more := s.guest.Health()
		if warnings = more; sick != nil {
			warnings = append(warnings, sick.Error())
		}
	}
	return s.server.Health(), warnings
}

// startMetrics serves /metrics and /health. When no port is free the NameServer serves routes all the same, and says
// so.
func (s *Server) startMetrics() {
	c := s.config()
	if c.MetricsExporterType == metrics.Off || c.MetricsPromExporterPort == 0 {
		return
	}
	host := c.MetricsPromExporterHost
	if host == "" {
		host = c.BindAddress
	}
	fixed := c.Fixed(map[string]string{"node_type": "nameserver", "node_id": s.addr})
	var beside []*metrics.Set
	if s.guest != nil {
		beside = append(beside, s.guest.Figures())
	}
	s.exporter, s.metricsErr = metrics.Start(&metrics.Options{Host: host, Port: c.MetricsPromExporterPort,
		Build: metrics.BuildOf(c.Version), Server: metrics.NewSet(Metrics(), fixed, s.collect),
		Beside: beside, Health: s.health, Kind: c.MetricsExporterType, Push: &c.Push, Pushed: metrics.LogPushed(s.log),
		Ended: func(err error) { s.log.Error().Err(err).Msg("metrics and /health have ended") }})
	switch {
	case s.metricsErr != nil:
		s.log.Error().Err(s.metricsErr).Msg("no metrics and no /health: cannot listen on metricsPromExporterPort")
	case s.exporter.Port() != c.MetricsPromExporterPort:
		s.log.Warn().Int("configured", c.MetricsPromExporterPort).Str("addr", s.exporter.Addr("")).
			Msg("metricsPromExporterPort is taken: metrics and /health are on another port")
	default:
		s.log.Info().Str("addr", s.exporter.Addr("")).Msg("metrics and /health are served")
	}
}

// MetricsAddr is where /metrics and /health are served, host:port, with the host outside when that is on all addresses;
// empty without metrics. After Start.
func (s *Server) MetricsAddr(outside string) string { return s.exporter.Addr(outside) }

// MetricsErr tells why there are no metrics although they are configured, nil when there are. After Start.
func (s *Server) MetricsErr() error { return s.metricsErr }

// collect gives the figures of one scrape.
func (s *Server) collect(out *metrics.Sink) {
	send, c := out.Send, &s.counts
	brokers, names, clusters, topics := s.routes.sizes()
	send("gorocket_namesrv_brokers", float64(brokers))
	send("gorocket_namesrv_broker_names", float64(names))
	send("gorocket_namesrv_clusters", float64(clusters))
	send("gorocket_namesrv_topics", float64(topics))
	send("gorocket_namesrv_topics_limit", maxTopics)
	send("gorocket_namesrv_brokers_gone_total", float64(c.left.Load()), "unregistered")
	send("gorocket_namesrv_brokers_gone_total", float64(c.lost.Load()), "connection")
	send("gorocket_namesrv_brokers_gone_total", float64(c.expired.Load()), "timeout")
	without := c.noRegistrations.Load()
	send("gorocket_namesrv_registrations_total", float64(max(0, c.registrations.Load()-without)), "taken")
	send("gorocket_namesrv_registrations_total", float64(without), "without_effect")
	send("gorocket_namesrv_route_queries_total", float64(c.routes.Load()), "found")
	send("gorocket_namesrv_route_queries_total", float64(c.noRoutes.Load()), "missing")
	send("gorocket_namesrv_unregister_queue", float64(len(s.departures.items)))
	send("gorocket_namesrv_kv_bytes", float64(s.kv.used()))
	send("gorocket_namesrv_kv_bytes_limit", float64(s.config().MaxKVConfigBytes))
	send("gorocket_refused_requests_total", float64(c.refused.Load()), "OVERLOAD")
	metrics.SendNetwork(out, s.server.Figures())
}

// sizes counts what is registered.
func (r *routes) sizes() (brokers, names, clusters, topics int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.live), len(r.brokers), len(r.clusters), len(r.topics)
}

// used is how many bytes the table has.
func (k *kvStore) used() int {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.bytes
}
