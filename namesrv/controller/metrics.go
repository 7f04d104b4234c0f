package controller

import (
	"errors"
	"sync/atomic"
	"time"

	"gorocket/remoting/metrics"
)

// counts are figures since the start. Safe for concurrent use.
type counts struct {
	refused   atomic.Int64
	elections atomic.Int64 // times that this one began to lead
	masters   atomic.Int64 // masters elected
}

// Metrics lists what a controller exports; docs/metrics.md is made from it. Java's names are those of
// ControllerMetricsConstant.
func Metrics() []metrics.Metric {
	gauge, counter := metrics.NewGauge, metrics.NewCounter
	return append([]metrics.Metric{
		gauge("role", "", nil, "1 unknown, 2 candidate, 3 follower, 4 leader"),
		gauge("active_broker_num", "brokers", []string{"cluster", "broker_set"}, "Brokers that are alive"),
		counter("election_total", "elections", nil, "Masters that this controller has had elected"),
		gauge("gorocket_controller_broker_sets", "sets", nil, "Broker sets that are known"),
		gauge("gorocket_controller_sets_without_master", "sets", nil, "Those of them that have no master"),
		counter("gorocket_refused_requests_total", "requests", []string{"cause"},
			"Requests answered SYSTEM_BUSY without being served"),
	}, metrics.Network()...)
}

// startMetrics serves /metrics and /health. When no port is free the controller serves all the same, and says so.
func (s *Server) startMetrics() {
	c := s.config()
	if c.MetricsExporterType == metrics.Off || c.MetricsPromExporterPort == 0 {
		return
	}
	var err error
	s.exporter, err = metrics.Start(&metrics.Options{Host: c.metricsHost(), Port: c.MetricsPromExporterPort,
		Build: metrics.BuildOf(c.Version), Server: s.Figures(), Health: s.Health,
		Kind: c.MetricsExporterType, Push: &c.Push, Pushed: metrics.LogPushed(s.log),
		Ended: func(err error) { s.log.Error().Err(err).Msg("metrics and /health have ended") }})
	if err != nil {
		s.log.Error().Err(err).Msg("no metrics and no /health: cannot listen on metricsPromExporterPort")
		return
	}
	s.log.Info().Str("addr", s.exporter.Addr("")).Msg("metrics and /health are served")
}

// Figures are those that /metrics shows, here or at the NameServer whose process this is; none until the controller
// runs.
func (s *Server) Figures() *metrics.Set {
	fixed := s.config().Fixed(map[string]string{"node_type": "controller", "node_id": s.self.ID})
	return metrics.NewSet(Metrics(), fixed, s.collect)
}

// errNoLeader is what /health says while the controllers cannot decide anything.
var errNoLeader = errors.New("the controllers have no leader: a master that dies now is not replaced")

// Health is why the controller cannot do its work, nil when it can, or does not run yet.
func (s *Server) Health() (error, []string) {
	if s.node.Load() == nil {
		return nil, nil
	}
	if err := s.server.Health(); err != nil {
		return err, nil
	}
	if s.node.Load().Leader().ID == "" {
		return errNoLeader, nil
	}
	return s.node.Load().Err(), nil
}

// collect gives the figures of one scrape.
func (s *Server) collect(out *metrics.Sink) {
	if s.node.Load() == nil {
		return
	}
	send := out.Send
	role := 3.0
	switch {
	case s.node.Load().Leading():
		role = 4
	case s.node.Load().Leader().ID == "":
		role = 2
	}
	send("role", role)
	for set, n := range s.alive.Count(time.Now()) {
		send("active_broker_num", float64(n), set[0], set[1])
	}
	send("election_total", float64(s.counts.masters.Load()))
	sets, without := s.sets.All(), 0
	for i := range sets {
		if sets[i].Master == 0 {
			without++
		}
	}
	send("gorocket_controller_broker_sets", float64(len(sets)))
	send("gorocket_controller_sets_without_master", float64(without))
	send("gorocket_refused_requests_total", float64(s.counts.refused.Load()), "OVERLOAD")
	metrics.SendNetwork(out, s.server.Figures())
}
