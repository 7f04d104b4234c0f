package broker

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"gorocket/remoting/metrics"
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

// buckets counts values in a histogram. The zero value is ready; bounds is the same at every call.
type buckets struct {
	counts [7]atomic.Int64 // the last one is for what is above all bounds
	sum    atomic.Int64
}

// bounds are the upper bounds of buckets.
type bounds [6]float64

// of is the bucket that v falls into.
func (b *bounds) of(v float64) int {
	i := 0
	for i < len(b) && v > b[i] {
		i++
	}
	return i
}

// delay counts one delay of ms, in whole seconds.
func (d *buckets) delay(upTo *bounds, ms int64) {
	seconds := max(0, ms/1000)
	d.counts[upTo.of(float64(seconds))].Add(1)
	d.sum.Add(seconds)
}

// send gives the histogram as Prometheus wants it: each bucket holds those below it, too.
func (d *buckets) send(s *metrics.Sink, name string, upTo *bounds, labels ...string) {
	cumulated, n := map[float64]uint64{}, uint64(0)
	for i, bound := range upTo {
		n += uint64(d.counts[i].Load())
		cumulated[bound] = n
	}
	n += uint64(d.counts[len(upTo)].Load())
	s.Observed(name, n, float64(d.sum.Load()), cumulated, labels...)
}

// sizeBuckets are the upper bounds of rocketmq_message_size, bytes. Java: BrokerMetricsManager.messageSizeBuckets.
var sizeBuckets = bounds{1 << 10, 4 << 10, 512 << 10, 1 << 20, 2 << 20, 4 << 20}

// messageType is what a producer wants of a message. Java: TopicMessageType, BrokerMetricsManager.getMessageType.
type messageType int

const (
	normalMessage messageType = iota
	fifoMessage               // it has a sharding key
	delayMessage
	transactionMessage
	messageTypes
)

func (m messageType) String() string {
	return [messageTypes]string{"normal", "fifo", "delay", "transaction"}[m]
}

// topicTraffic is what producers sent to a topic since the start, by message type: messages by their size in the log,
// and their bytes.
type topicTraffic struct {
	sizes [messageTypes]atomic.Pointer[buckets] // nil: none of this type came
}

// add counts messages that have size bytes together; those of a batch count with their mean size, as in Java.
func (t *topicTraffic) add(kind messageType, messages, size int64) {
	b := t.sizes[kind].Load()
	if b == nil {
		t.sizes[kind].CompareAndSwap(nil, new(buckets))
		b = t.sizes[kind].Load()
	}
	i := 0
	for i < len(sizeBuckets) && float64(size) > sizeBuckets[i]*float64(messages) { // their mean is above
		i++
	}
	b.counts[i].Add(messages)
	b.sum.Add(size)
}

// maxDeadLetterPairs is how many pairs of group and topic deadLetters counts.
const maxDeadLetterPairs = 10_000

// deadLetters counts the messages that went to the dead letters since the start. The zero value is ready.
type deadLetters struct {
	mu    sync.Mutex
	pairs map[offsetKey]int64 // guarded by mu
}

// count counts one message of a topic that a group has given up; pairs beyond the limit are not counted.
func (d *deadLetters) count(group, topic string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := offsetKey{group, topic}
	if _, known := d.pairs[k]; !known {
		if len(d.pairs) >= maxDeadLetterPairs {
			return
		}
		if d.pairs == nil {
			d.pairs = map[offsetKey]int64{}
		}
		k = offsetKey{strings.Clone(group), strings.Clone(topic)}
	}
	d.pairs[k]++
}

// forget drops a group that was deleted.
func (d *deadLetters) forget(group string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.pairs, func(k offsetKey, _ int64) bool { return k.group == group })
}

func (d *deadLetters) snapshot() map[offsetKey]int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.pairs)
}
