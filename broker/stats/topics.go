package stats

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"gorocket/remoting/metrics"
)

// PerTopic holds one T for each topic that had one until it was deleted. The zero value is ready.
type PerTopic[T any] struct {
	mu     sync.RWMutex
	topics map[string]*T // guarded by mu
}

// Of returns the T of a topic and makes it when there is none; name may die after the call.
func (p *PerTopic[T]) Of(name string) *T {
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

// Forget drops the T of a topic that was deleted.
func (p *PerTopic[T]) Forget(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.topics, name)
}

// Each calls fn for every topic whose name can be a label of a metric; fn must not call Of.
func (p *PerTopic[T]) Each(fn func(name string, c *T)) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for name, c := range p.topics {
		if utf8.ValidString(name) {
			fn(name, c)
		}
	}
}

// Histogram counts values in a histogram. The zero value is ready; bounds is the same at every call.
type Histogram struct {
	counts [7]atomic.Int64 // the last one is for what is above all bounds
	sum    atomic.Int64
}

// Bounds are the upper bounds of buckets.
type Bounds [6]float64

// of is the bucket that v falls into.
func (b *Bounds) of(v float64) int {
	i := 0
	for i < len(b) && v > b[i] {
		i++
	}
	return i
}

// Delay counts one delay of ms, in whole seconds.
func (d *Histogram) Delay(upTo *Bounds, ms int64) {
	seconds := max(0, ms/1000)
	d.counts[upTo.of(float64(seconds))].Add(1)
	d.sum.Add(seconds)
}

// Value counts one value.
func (d *Histogram) Value(upTo *Bounds, v int64) {
	d.counts[upTo.of(float64(v))].Add(1)
	d.sum.Add(v)
}

// Sum is what all values add up to.
func (d *Histogram) Sum() int64 { return d.sum.Load() }

// Send gives the histogram as Prometheus wants it: each bucket holds those below it, too.
func (d *Histogram) Send(s *metrics.Sink, name string, upTo *Bounds, labels ...string) {
	cumulated, n := map[float64]uint64{}, uint64(0)
	for i, bound := range upTo {
		n += uint64(d.counts[i].Load())
		cumulated[bound] = n
	}
	n += uint64(d.counts[len(upTo)].Load())
	s.Observed(name, n, float64(d.sum.Load()), cumulated, labels...)
}

// SizeBuckets are the upper bounds of rocketmq_message_size, bytes. Java: BrokerMetricsManager.messageSizeBuckets.
var SizeBuckets = Bounds{1 << 10, 4 << 10, 512 << 10, 1 << 20, 2 << 20, 4 << 20}

// TimerBuckets are the upper bounds of rocketmq_delay_message_latency, seconds. Java:
// DefaultStoreMetricsManager.getMetricsView.
var TimerBuckets = Bounds{60, 600, 3600, 12 * 3600, 24 * 3600, 3 * 24 * 3600}

// MessageType is what a producer wants of a message. Java: TopicMessageType, BrokerMetricsManager.getMessageType.
type MessageType int

const (
	NormalMessage MessageType = iota // none of the others
	FIFOMessage                      // it has a sharding key
	DelayMessage
	TransactionMessage
	messageTypes
)

func (m MessageType) String() string {
	return [messageTypes]string{"normal", "fifo", "delay", "transaction"}[m]
}

// TopicTraffic is what producers sent to a topic since the start, by message type: messages by their size in the log,
// and their bytes.
type TopicTraffic struct {
	sizes   [messageTypes]atomic.Pointer[Histogram] // nil: none of this type came
	batched atomic.Int64                            // messages of batches, but for one of each batch
}

// Add counts messages that have size bytes together; those of a batch count with their mean size, as in Java.
func (t *TopicTraffic) Add(kind MessageType, messages, size int64) {
	b := t.sizes[kind].Load()
	if b == nil {
		t.sizes[kind].CompareAndSwap(nil, new(Histogram))
		b = t.sizes[kind].Load()
	}
	i := 0
	for i < len(SizeBuckets) && float64(size) > SizeBuckets[i]*float64(messages) { // their mean is above
		i++
	}
	b.counts[i].Add(messages)
	b.sum.Add(size)
	if messages > 1 {
		t.batched.Add(messages - 1)
	}
}

// Totals are all messages since the start, their bytes in the log, and in how many sends they came.
func (t *TopicTraffic) Totals() (messages, bytes, sends int64) {
	for kind := range t.sizes {
		if b := t.sizes[kind].Load(); b != nil {
			for i := range b.counts {
				messages += b.counts[i].Load()
			}
			bytes += b.sum.Load()
		}
	}
	return messages, bytes, max(0, messages-t.batched.Load())
}

// Each visits the message types of which messages came.
func (t *TopicTraffic) Each(visit func(kind MessageType, sizes *Histogram)) {
	for kind := range t.sizes {
		if sizes := t.sizes[kind].Load(); sizes != nil {
			visit(MessageType(kind), sizes)
		}
	}
}

// maxDeadLetterPairs is how many pairs of group and topic deadLetters counts.
const maxDeadLetterPairs = 10_000

// GroupTopic is a group and a topic that it reads.
type GroupTopic struct{ Group, Topic string }

// DeadLetters counts the messages that went to the dead letters since the start. The zero value is ready.
type DeadLetters struct {
	mu    sync.Mutex
	pairs map[GroupTopic]int64 // guarded by mu
}

// Count counts one message of a topic that a group has given up; pairs beyond the limit are not counted.
func (d *DeadLetters) Count(group, topic string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := GroupTopic{group, topic}
	if _, known := d.pairs[k]; !known {
		if len(d.pairs) >= maxDeadLetterPairs {
			return
		}
		if d.pairs == nil {
			d.pairs = map[GroupTopic]int64{}
		}
		k = GroupTopic{strings.Clone(group), strings.Clone(topic)}
	}
	d.pairs[k]++
}

// Forget drops a group that was deleted.
func (d *DeadLetters) Forget(group string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.pairs, func(k GroupTopic, _ int64) bool { return k.Group == group })
}

// Snapshot copies the counts.
func (d *DeadLetters) Snapshot() map[GroupTopic]int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.pairs)
}
