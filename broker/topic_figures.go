package broker

import (
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
)

// perTopic holds one T for each topic that had one until it was deleted. The zero value is ready.
type perTopic[T any] struct {
	mu     sync.RWMutex
	topics map[string]*T // guarded by mu
}

// of returns the T of a topic and makes it when there is none; name may die after the call.
func (p *perTopic[T]) of(name string) *T {
	p.mu.RLock()
	c := p.topics[name]
	p.mu.RUnlock()
	if c != nil {
		return c
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c = p.topics[name]; c == nil {
		if p.topics == nil {
			p.topics = map[string]*T{}
		}
		c = new(T)
		p.topics[strings.Clone(name)] = c
	}
	return c
}

// forget drops the T of a topic that was deleted.
func (p *perTopic[T]) forget(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.topics, name)
}

// each calls fn for every topic whose name can be a label of a metric; fn must not call of.
func (p *perTopic[T]) each(fn func(name string, c *T)) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for name, c := range p.topics {
		if utf8.ValidString(name) {
			fn(name, c)
		}
	}
}

// delayBuckets counts delays of up to days, whole seconds each. The zero value is ready; bounds is the same at every call.
type delayBuckets struct {
	counts [7]atomic.Int64 // the last one is for what is above all bounds
	sum    atomic.Int64    // seconds
}

// delayBounds are upper bounds, seconds.
type delayBounds [6]float64

func (d *delayBuckets) add(bounds *delayBounds, ms int64) {
	seconds, i := max(0, ms/1000), 0
	for i < len(bounds) && float64(seconds) > bounds[i] {
		i++
	}
	d.counts[i].Add(1)
	d.sum.Add(seconds)
}

// metric is the histogram as Prometheus wants it: each bucket holds those below it, too.
func (d *delayBuckets) metric(desc *prometheus.Desc, bounds *delayBounds, labels ...string) prometheus.Metric {
	buckets, n := map[float64]uint64{}, uint64(0)
	for i, bound := range bounds {
		n += uint64(d.counts[i].Load())
		buckets[bound] = n
	}
	n += uint64(d.counts[len(bounds)].Load())
	return prometheus.MustNewConstHistogram(desc, n, float64(d.sum.Load()), buckets, labels...)
}
