package trans

import (
	"sync"
	"sync/atomic"
	"time"

	"gorocket/broker/stats"
	"gorocket/compat"
	"gorocket/remoting/metrics"
)

// finishBuckets are the upper bounds of rocketmq_finish_message_latency, in seconds. Java:
// BrokerMetricsManager.commitLatencyBuckets.
var finishBuckets = stats.Bounds{5, 60, 600, 3600, 12 * 3600, 24 * 3600}

// TopicCounts counts the transactions of one topic.
type TopicCounts struct {
	waiting, changed   atomic.Int64 // half messages that wait for their end; ms since 1970 of the last change
	commits, rollbacks atomic.Int64 // since the start
	finish             stats.Histogram
}

// Counts counts transactions by topic. The numbers of half messages survive in config/transactionMetrics. Java:
// TransactionMetrics.
type Counts struct {
	stats.PerTopic[TopicCounts]
	Changed func() // marks the file; immutable after Start

	mu      sync.Mutex
	version compat.DataVersion // guarded by mu
}

func newTransMetrics() *Counts {
	return &Counts{Changed: func() {}, version: compat.NewDataVersion()}
}

// Add changes the number of half messages of a topic.
func (t *Counts) Add(topic string, n int64) *TopicCounts {
	c := t.Of(topic)
	c.waiting.Add(n)
	c.changed.Store(time.Now().UnixMilli())
	t.Changed()
	return c
}

// Ended counts a commit or a rollback; took is from the birth of the message to now, in ms.
func (t *Counts) Ended(topic string, commit bool, took int64) {
	c := t.Add(topic, -1)
	if !commit {
		c.rollbacks.Add(1)
		return
	}
	c.commits.Add(1)
	c.finish.Delay(&finishBuckets, took)
}

// transactionMetric and transactionMetricsFile are config/transactionMetrics. Java: TransactionMetricsSerializeWrapper.
type transactionMetric struct {
	Count     int64 `json:"count"`
	TimeStamp int64 `json:"timeStamp"` // ms since 1970
}

type transactionMetricsFile struct {
	DataVersion      compat.DataVersion           `json:"dataVersion"`
	TransactionCount map[string]transactionMetric `json:"transactionCount"`
}

// Encode is the content of transactionMetrics.
func (t *Counts) Encode() ([]byte, error) {
	t.mu.Lock()
	t.version.Next(0)
	f := transactionMetricsFile{t.version, map[string]transactionMetric{}}
	t.mu.Unlock()
	t.Each(func(name string, c *TopicCounts) {
		f.TransactionCount[name] = transactionMetric{c.waiting.Load(), c.changed.Load()}
	})
	return compat.MarshalBrowser(f)
}

// Load never fails: the file only holds figures, and Java does not replace it atomically.
func (t *Counts) Load(data []byte) error {
	var f transactionMetricsFile
	if compat.Unmarshal(data, &f) != nil {
		return nil
	}
	t.mu.Lock()
	t.version = f.DataVersion
	t.mu.Unlock()
	for name, m := range f.TransactionCount {
		c := t.Of(name)
		c.waiting.Store(m.Count)
		c.changed.Store(m.TimeStamp)
	}
	return nil
}

// Send exports the counts of one topic as Java's initTransactionMetrics does.
func (t *TopicCounts) Send(s *metrics.Sink, name string) {
	s.Send("rocketmq_half_messages", float64(t.waiting.Load()), name)
	s.Send("rocketmq_commit_messages_total", float64(t.commits.Load()), name)
	s.Send("rocketmq_rollback_messages_total", float64(t.rollbacks.Load()), name)
	t.finish.Send(s, "rocketmq_finish_message_latency", &finishBuckets, name)
}

// Snapshot is how many half messages wait, and how many were committed and rolled back since the start.
func (t *TopicCounts) Snapshot() (waiting, commits, rollbacks int64) {
	return t.waiting.Load(), t.commits.Load(), t.rollbacks.Load()
}
