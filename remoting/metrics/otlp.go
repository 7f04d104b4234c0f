package metrics

import (
	"math"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otel "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
)

// otlp writes Prometheus' figures as OpenTelemetry has them. One goroutine at a time.
type otlp struct {
	delta bool
	since uint64            // ns of the Unix time: when counting began, with delta: of the request before
	last  map[string]totals // with delta: what was sent by series
}

// totals are the figures of a series that only grow.
type totals struct {
	sum     float64
	count   uint64
	buckets []uint64
}

func newOTLP(delta bool, begin time.Time) *otlp {
	return &otlp{delta: delta, since: uint64(begin.UnixNano()), last: map[string]totals{}}
}

// requests are the families as messages of at most so many figures. MetricsData has the bytes of an
// ExportMetricsServiceRequest, whose package needs the gRPC library.
func (o *otlp) requests(families []*dto.MetricFamily, now time.Time, most int) (all []*otel.MetricsData) {
	at, seen := uint64(now.UnixNano()), map[string]totals{}
	var list []*otel.Metric
	points := 0
	send := func() {
		if len(list) > 0 {
			all = append(all, &otel.MetricsData{ResourceMetrics: []*otel.ResourceMetrics{{
				Resource: &resource.Resource{Attributes: []*common.KeyValue{attribute("service.name", "gorocket")}},
				ScopeMetrics: []*otel.ScopeMetrics{{Scope: &common.InstrumentationScope{Name: "gorocket"},
					Metrics: list}}}}})
		}
		list, points = nil, 0
	}
	for _, f := range families {
		for rest := f.GetMetric(); len(rest) > 0; {
			part := rest[:min(len(rest), most-points)]
			rest = rest[len(part):]
			if m := o.metric(f, part, at, seen); m != nil {
				list = append(list, m)
			}
			if points += len(part); points >= most {
				send()
			}
		}
	}
	send()
	if o.delta {
		o.last, o.since = seen, at
	}
	return all
}

// metric is a family of some of its figures; nil for a kind that nobody here exports.
func (o *otlp) metric(f *dto.MetricFamily, part []*dto.Metric, at uint64, seen map[string]totals) *otel.Metric {
	m, mode := &otel.Metric{Name: f.GetName(), Description: f.GetHelp()}, o.temporality()
	switch f.GetType() {
	case dto.MetricType_GAUGE:
		m.Data = &otel.Metric_Gauge{Gauge: &otel.Gauge{DataPoints: points(part,
			func(d *dto.Metric) *otel.NumberDataPoint { return number(d, d.GetGauge().GetValue(), 0, at) })}}
	case dto.MetricType_COUNTER:
		m.Data = &otel.Metric_Sum{Sum: &otel.Sum{IsMonotonic: true, AggregationTemporality: mode,
			DataPoints: points(part, func(d *dto.Metric) *otel.NumberDataPoint {
				t := o.grown(f, d, totals{sum: d.GetCounter().GetValue()}, seen)
				return number(d, t.sum, o.since, at)
			})}}
	case dto.MetricType_HISTOGRAM:
		m.Data = &otel.Metric_Histogram{Histogram: &otel.Histogram{AggregationTemporality: mode,
			DataPoints: points(part, func(d *dto.Metric) *otel.HistogramDataPoint { return o.histogram(f, d, at, seen) })}}
	case dto.MetricType_SUMMARY:
		m.Data = &otel.Metric_Summary{Summary: &otel.Summary{DataPoints: points(part,
			func(d *dto.Metric) *otel.SummaryDataPoint { return o.summary(d, at) })}}
	default:
		return nil
	}
	return m
}

func (o *otlp) temporality() otel.AggregationTemporality {
	if o.delta {
		return otel.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
	}
	return otel.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE
}

func points[T any](part []*dto.Metric, one func(*dto.Metric) T) (all []T) {
	for _, d := range part {
		all = append(all, one(d))
	}
	return all
}

func number(d *dto.Metric, v float64, since, at uint64) *otel.NumberDataPoint {
	return &otel.NumberDataPoint{Attributes: attributes(d), StartTimeUnixNano: since, TimeUnixNano: at,
		Value: &otel.NumberDataPoint_AsDouble{AsDouble: v}}
}

// histogram turns counts up to each bound into counts between bounds.
func (o *otlp) histogram(f *dto.MetricFamily, d *dto.Metric, at uint64,
	seen map[string]totals) *otel.HistogramDataPoint {
	h := d.GetHistogram()
	now := totals{sum: h.GetSampleSum(), count: h.GetSampleCount()}
	var bounds []float64
	before := uint64(0)
	for _, b := range h.GetBucket() {
		if math.IsInf(b.GetUpperBound(), 1) {
			continue
		}
		bounds = append(bounds, b.GetUpperBound())
		now.buckets = append(now.buckets, b.GetCumulativeCount()-before)
		before = b.GetCumulativeCount()
	}
	now.buckets = append(now.buckets, now.count-before)
	t := o.grown(f, d, now, seen)
	return &otel.HistogramDataPoint{Attributes: attributes(d), StartTimeUnixNano: o.since, TimeUnixNano: at,
		Count: t.count, Sum: &t.sum, BucketCounts: t.buckets, ExplicitBounds: bounds}
}

func (o *otlp) summary(d *dto.Metric, at uint64) *otel.SummaryDataPoint {
	s := d.GetSummary()
	p := &otel.SummaryDataPoint{Attributes: attributes(d), StartTimeUnixNano: o.since, TimeUnixNano: at,
		Count: s.GetSampleCount(), Sum: s.GetSampleSum()}
	for _, q := range s.GetQuantile() {
		p.QuantileValues = append(p.QuantileValues,
			&otel.SummaryDataPoint_ValueAtQuantile{Quantile: q.GetQuantile(), Value: q.GetValue()})
	}
	return p
}

// grown is what a series has, with delta: what it has more than in the request before. A series that began anew, as a
// topic that was deleted and made again, counts from 0.
func (o *otlp) grown(f *dto.MetricFamily, d *dto.Metric, now totals, seen map[string]totals) totals {
	if !o.delta {
		return now
	}
	key := series(f.GetName(), d)
	seen[key] = now
	was, had := o.last[key]
	if !had || was.sum > now.sum || was.count > now.count || len(was.buckets) != len(now.buckets) {
		return now
	}
	t := totals{sum: now.sum - was.sum, count: now.count - was.count}
	for i, n := range now.buckets {
		t.buckets = append(t.buckets, n-min(n, was.buckets[i]))
	}
	return t
}

func series(name string, d *dto.Metric) string {
	var key strings.Builder
	key.WriteString(name)
	for _, l := range d.GetLabel() {
		key.WriteString("\x00" + l.GetName() + "\x00" + l.GetValue())
	}
	return key.String()
}

func attributes(d *dto.Metric) (all []*common.KeyValue) {
	for _, l := range d.GetLabel() {
		all = append(all, attribute(l.GetName(), l.GetValue()))
	}
	return all
}

func attribute(name, value string) *common.KeyValue {
	return &common.KeyValue{Key: name,
		Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}
