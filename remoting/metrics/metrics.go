// Package metrics describes, collects and serves metrics in Prometheus' form, and the health of a server. The
// NameServer and the broker share it. Figures are read when somebody asks; nothing here runs in between.
package metrics

import (
	"fmt"
	"maps"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
)

// Kind is the type of a metric.
type Kind string

// Types of metrics, as Prometheus names them.
const (
	Gauge     Kind = "gauge"
	Counter   Kind = "counter" // since the start of the process, unless its text says otherwise
	Histogram Kind = "histogram"
)

// Metric describes one metric. Help says what it is, without a full stop at its end; Unit is behind it in the
// help text.
type Metric struct {
	Name   string
	Kind   Kind
	Unit   string   // "bytes", "ms", "messages" ...; "" when the help text says it all
	Labels []string // behind those that all metrics of the server have
	Help   string
}

// NewGauge describes a gauge.
func NewGauge(name, unit string, labels []string, help string) Metric {
	return Metric{name, Gauge, unit, labels, help}
}

// NewCounter describes a counter.
func NewCounter(name, unit string, labels []string, help string) Metric {
	return Metric{name, Counter, unit, labels, help}
}

// NewHistogram describes a histogram.
func NewHistogram(name, unit string, labels []string, help string) Metric {
	return Metric{name, Histogram, unit, labels, help}
}

func (m *Metric) help() string {
	if m.Unit == "" {
		return m.Help
	}
	return m.Help + ", in " + m.Unit
}

// Set is a prometheus.Collector of the metrics of one server.
type Set struct {
	metrics map[string]*described // immutable
	collect func(*Sink)
}

type described struct {
	Metric
	desc *prometheus.Desc
}

// NewSet makes a collector of metrics that all have the labels fixed. collect is called for each scrape, also for
// several at a time. Two metrics of one name are an error of the program: the last one counts.
func NewSet(list []Metric, fixed map[string]string, collect func(*Sink)) *Set {
	s := &Set{metrics: map[string]*described{}, collect: collect}
	for _, m := range list {
		own := maps.Clone(fixed)
		for _, label := range m.Labels { // metricsLabel may have it too
			delete(own, label)
		}
		s.metrics[m.Name] = &described{m, prometheus.NewDesc(m.Name, m.help(), m.Labels, own)}
	}
	return s
}

// Describe implements prometheus.Collector.
func (s *Set) Describe(out chan<- *prometheus.Desc) {
	for _, m := range s.metrics {
		out <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (s *Set) Collect(out chan<- prometheus.Metric) { s.collect(&Sink{s, out}) }

// Sink takes the values of one scrape. One goroutine at a time.
type Sink struct {
	set *Set
	out chan<- prometheus.Metric
}

// Send gives the value of a gauge or a counter. A label that is not UTF-8 leaves the value out: no metric can have it,
// and all others would be lost with it. A name that the Set does not have, or too few labels, make the scrape fail.
func (s *Sink) Send(name string, v float64, labels ...string) {
	s.put(name, labels, func(m *described) (prometheus.Metric, error) {
		kind := prometheus.GaugeValue
		if m.Kind == Counter {
			kind = prometheus.CounterValue
		}
		return prometheus.NewConstMetric(m.desc, kind, v, labels...)
	})
}

// Observed gives a histogram: how many values there were in all and their sum, and how many up to each bound.
func (s *Sink) Observed(name string, n uint64, sum float64, upTo map[float64]uint64, labels ...string) {
	s.put(name, labels, func(m *described) (prometheus.Metric, error) {
		return prometheus.NewConstHistogram(m.desc, n, sum, upTo, labels...)
	})
}

func (s *Sink) put(name string, labels []string, value func(*described) (prometheus.Metric, error)) {
	for _, l := range labels {
		if !utf8.ValidString(l) {
			return
		}
	}
	m := s.set.metrics[name]
	if m == nil {
		err := fmt.Errorf("metrics: %s is not described", name)
		s.out <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		return
	}
	v, err := value(m)
	if err != nil {
		v = prometheus.NewInvalidMetric(m.desc, err)
	}
	s.out <- v
}

// Flag is 1 for true, 0 for false.
func Flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}
