package broker

import (
	"sync"
	"sync/atomic"
	"time"

	"gorocket/broker/stats"
	"gorocket/compat"
)

// finishBuckets are the upper bounds of rocketmq_finish_message_latency, in seconds. Java: BrokerMetricsManager.commitLatencyBuckets.
var finishBuckets = stats.Bounds{5, 60, 600, 3600, 12 * 3600, 24 * 3600}

// topicTrans counts the transactions of one topic.
type topicTrans struct {
	waiting, changed   atomic.Int64 // half messages that wait for their end; ms since 1970 of the last change
	commits, rollbacks atomic.Int64 // since the start
	finish             stats.Histogram
}

// transMetrics counts transactions by topic. The numbers of half messages survive in config/transactionMetrics. Java: TransactionMetrics.
type transMetrics struct {
	stats.PerTopic[topicTrans]
	changed func() // marks the file; immutable after Start

	mu      sync.Mutex
	version compat.DataVersion // guarded by mu
}

func newTransMetrics() *transMetrics {
	return &transMetrics{changed: func() {}, version: compat.NewDataVersion()}
}

// add changes the number of half messages of a topic.
func (t *transMetrics) add(topic string, n int64) *topicTrans {
	c := t.Of(topic)
	c.waiting.Add(n)
	c.changed.Store(time.Now().UnixMilli())
	t.changed()
	return c
}

// ended counts a commit or a rollback; took is from the birth of the message to now, in ms.
func (t *transMetrics) ended(topic string, commit bool, took int64) {
	c := t.add(topic, -1)
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

func (t *transMetrics) encode() ([]byte, error) {
	t.mu.Lock()
	t.version.Next(0)
	f := transactionMetricsFile{t.version, map[string]transactionMetric{}}
	t.mu.Unlock()
	t.Each(func(name string, c *topicTrans) {
		f.TransactionCount[name] = transactionMetric{c.waiting.Load(), c.changed.Load()}
	})
	return compat.MarshalBrowser(f)
}

// load never fails: the file only holds figures, and Java does not replace it atomically.
func (t *transMetrics) load(data []byte) error {
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

// transactions exports what Java's initTransactionMetrics does.
func (c *collector) transactions() {
	c.b.trans.metrics.Each(func(name string, t *topicTrans) {
		c.Send("rocketmq_half_messages", float64(t.waiting.Load()), name)
		c.Send("rocketmq_commit_messages_total", float64(t.commits.Load()), name)
		c.Send("rocketmq_rollback_messages_total", float64(t.rollbacks.Load()), name)
		t.finish.Send(c.Sink, "rocketmq_finish_message_latency", &finishBuckets, name)
	})
}
