package broker

import "gorocket/remoting/metrics"

// Values of metricsExporterType.
const (
	metricsOff  = "DISABLE"
	metricsProm = "PROM"
)

// startMetrics serves /metrics and /health. When no port is free the broker serves messages all the same, and says so.
func (b *Broker) startMetrics() {
	c := b.cfg()
	if c.MetricsExporterType != metricsProm {
		return
	}
	b.exporter, b.metricsErr = metrics.Start(b.metricsOptions())
	switch {
	case b.metricsErr != nil:
		b.log.Error().Err(b.metricsErr).Msg("no metrics and no /health: cannot listen on metricsPromExporterPort")
	case b.exporter.Port() != c.MetricsPromExporterPort:
		b.log.Warn().Int("configured", c.MetricsPromExporterPort).Str("addr", b.MetricsAddr()).
			Msg("metricsPromExporterPort is taken: metrics and /health are on another port")
	default:
		b.log.Info().Str("addr", b.MetricsAddr()).Msg("metrics and /health are served")
	}
}

func (b *Broker) metricsOptions() *metrics.Options {
	c := b.cfg()
	host := c.MetricsPromExporterHost
	if host == "" {
		host = c.BindAddress
	}
	fixed := map[string]string{"cluster": c.BrokerClusterName, "node_type": "broker", "node_id": c.BrokerName}
	return &metrics.Options{Host: host, Port: c.MetricsPromExporterPort,
		Build: metrics.BuildOf(c.Version), Health: b.whole,
		Server: metrics.NewSet(Metrics(), fixed, func(s *metrics.Sink) { (&collector{s, b}).collect() }),
		Ended:  func(err error) { b.log.Error().Err(err).Msg("metrics and /health have ended") }}
}

// MetricsAddr is where /metrics and /health are served, host:port; empty without metrics. After Start.
func (b *Broker) MetricsAddr() string { return b.exporter.Addr(b.cfg().BrokerIP1) }

// MetricsErr tells why there are no metrics although they are configured, nil when there are. After Start.
func (b *Broker) MetricsErr() error { return b.metricsErr }

// whole is what /health tells: why the store takes no messages, the network does not turn, or clients cannot find the
// broker through a NameServer that answers.
func (b *Broker) whole() (err error, warnings []string) {
	if err := b.health(); err != nil {
		return err, nil
	}
	return b.register.Health()
}
