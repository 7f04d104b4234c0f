package broker

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"gorocket/compat"
	"gorocket/compat/body"
	"gorocket/store"
)

// collector reads the figures when somebody asks: nothing is counted twice, and a send does no more work than without it.
//
// rocketmq_messages_in_total comes from the ends of the queues: it goes on over a restart, and what a delay level or a retry adds counts for the topic it
// arrives in. rocketmq_messages_out_total and the throughputs have no topic label; Java's have one.
type collector struct {
	b     *Broker
	descs map[string]*prometheus.Desc // by name; immutable
}

// metricLabels lists what we export and the labels of each, behind those that all have.
var metricLabels = map[string][]string{
	"rocketmq_messages_in_total": {"topic", "is_system"}, "rocketmq_messages_out_total": {}, "rocketmq_throughput_in_total": {}, "rocketmq_throughput_out_total": {},
	"rocketmq_consumer_lag_messages": {"consumer_group", "topic"}, "rocketmq_topic_number": {}, "rocketmq_consumer_group_number": {}, "rocketmq_broker_permission": {},
	"rocketmq_producer_connections": {}, "rocketmq_consumer_connections": {"consumer_group"}, "rocketmq_storage_size": {}, "rocketmq_storage_flush_behind_bytes": {},
	"rocketmq_storage_dispatch_behind_bytes": {}, "rocketmq_storage_message_reserve_time": {},
	"rocketmq_timing_messages": {"topic"}, "rocketmq_timer_enqueue_lag": {}, "rocketmq_timer_dequeue_lag": {}, "rocketmq_timer_dequeue_latency": {},
	"rocketmq_timer_enqueue_latency": {}, "rocketmq_timer_enqueue_total": {}, "rocketmq_timer_dequeue_total": {},
	"rocketmq_timer_message_snapshot": {"timer_bound_s"}, "rocketmq_delay_message_latency": {"topic"},
	"rocketmq_half_messages": {"topic"}, "rocketmq_commit_messages_total": {"topic"}, "rocketmq_rollback_messages_total": {"topic"}, "rocketmq_finish_message_latency": {"topic"},
	// Ours.
	"gorocket_store_writable": {}, "gorocket_held_pulls": {}, "gorocket_held_pulls_refused_total": {},
	"gorocket_connections": {}, "gorocket_disk_used_ratio": {}, "gorocket_unconsumed_deleted_total": {},
	"gorocket_connections_limit": {}, "gorocket_connections_refused_total": {}, "gorocket_accept_errors_total": {},
	"gorocket_waiting_bytes":       {"kind"},
	"gorocket_waiting_bytes_limit": {}, "gorocket_connections_closed_total": {"cause"},
	"gorocket_reading_stopped_total":  {},
	"gorocket_refused_requests_total": {"cause"}, "gorocket_table_size": {"table"}, "gorocket_table_limit": {"table"},
	"gorocket_namesrv_registered": {"namesrv"}, "gorocket_namesrv_failures_total": {"namesrv"}, "gorocket_route_taken": {"namesrv"},
}

func newCollector(b *Broker) *collector {
	c := &collector{b: b, descs: map[string]*prometheus.Desc{}}
	fixed := prometheus.Labels{"cluster": b.cfg().BrokerClusterName, "node_type": "broker", "node_id": b.cfg().BrokerName}
	for name, labels := range metricLabels {
		c.descs[name] = prometheus.NewDesc(name, name, labels, fixed)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector. It may read the disk.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	send := func(name string, v float64, labels ...string) {
		for _, l := range labels {
			if !utf8.ValidString(l) { // no metric can have it, and the others would be lost with it
				return
			}
		}
		kind := prometheus.GaugeValue
		if strings.HasSuffix(name, "_total") {
			kind = prometheus.CounterValue
		}
		out <- prometheus.MustNewConstMetric(c.descs[name], kind, v, labels...)
	}
	c.traffic(send)
	c.topics(send)
	c.groups(send)
	c.storage(send)
	c.namesrvs(send)
	c.timers(send, out)
	c.transactions(send, out)
}

// timerBuckets are the upper bounds of rocketmq_delay_message_latency, seconds. Java: DefaultStoreMetricsManager.getMetricsView.
var timerBuckets = delayBounds{60, 600, 3600, 12 * 3600, 24 * 3600, 3 * 24 * 3600}

// timers has no topic label on the totals; Java's have one. Latencies are ms, but rocketmq_delay_message_latency: the delays that were asked for, in seconds.
func (c *collector) timers(send sendMetric, out chan<- prometheus.Metric) {
	if c.b.timers == nil {
		return
	}
	f := c.b.timers.Figures()
	send("rocketmq_timer_enqueue_lag", float64(f.EnqueueBehind))
	send("rocketmq_timer_enqueue_latency", float64(f.EnqueueLate.Milliseconds()))
	send("rocketmq_timer_dequeue_lag", float64(f.Pending))
	send("rocketmq_timer_dequeue_latency", float64(f.ReadBehind.Milliseconds()))
	send("rocketmq_timer_enqueue_total", float64(f.Enqueued))
	send("rocketmq_timer_dequeue_total", float64(f.Delivered))
	c.b.timers.EachTopic(func(topic string, n int64) {
		if n > 0 {
			send("rocketmq_timing_messages", float64(n), topic)
		}
	})
	c.b.timers.EachBound(func(seconds int, n int64) { send("rocketmq_timer_message_snapshot", float64(n), strconv.Itoa(seconds)) })
	desc := c.descs["rocketmq_delay_message_latency"]
	c.b.timerDelays.each(func(topic string, d *delayBuckets) { out <- d.metric(desc, &timerBuckets, topic) })
}

type sendMetric func(name string, v float64, labels ...string)

func (c *collector) traffic(send sendMetric) {
	s := c.b.stats
	send("rocketmq_messages_out_total", float64(s.gets.Load()))
	send("rocketmq_throughput_in_total", float64(s.putBytes.Load()))
	send("rocketmq_throughput_out_total", float64(s.getsBytes.Load()))
	send("gorocket_held_pulls", float64(c.b.holds.count.Load()))
	c.b.tableSizes(func(table string, size, limit int64) {
		send("gorocket_table_size", float64(size), table)
		send("gorocket_table_limit", float64(limit), table)
	})
	send("gorocket_held_pulls_refused_total", float64(c.b.holds.refused.Load()))
	c.network(send)
	send("rocketmq_broker_permission", float64(c.b.cfg().BrokerPermission))
}

// network reports what waits on all connections together, and what was done to bound it.
func (c *collector) network(send sendMetric) {
	f := c.b.server.Figures()
	send("gorocket_connections", float64(f.Connections))
	send("gorocket_connections_limit", float64(f.MaxConnections))
	send("gorocket_connections_refused_total", float64(f.Refused))
	send("gorocket_accept_errors_total", float64(f.AcceptErrors))
	send("gorocket_waiting_bytes", float64(f.Inbound), "inbound")
	send("gorocket_waiting_bytes", float64(f.Outbound), "outbound")
	send("gorocket_waiting_bytes", float64(f.Queued), "queued")
	send("gorocket_waiting_bytes_limit", float64(f.MaxWaiting))
	send("gorocket_connections_closed_total", float64(f.ClosedSlow), "slow")
	send("gorocket_connections_closed_total", float64(f.ClosedUnfinished), "unfinished")
	send("gorocket_reading_stopped_total", float64(f.Paused))
}

func (c *collector) topics(send sendMetric) {
	n := 0
	c.b.topics.entries.Range(func(k, v any) bool {
		t, sum := v.(*body.TopicConfig), int64(0)
		for _, q := range c.b.store.Queues(t.TopicName) { // a topic may have thousands without a message
			sum += c.b.store.MaxOffset(t.TopicName, q)
		}
		n++
		if sum > 0 {
			send("rocketmq_messages_in_total", float64(sum), t.TopicName, strconv.FormatBool(compat.IsSystemTopic(t.TopicName)))
		}
		return true
	})
	send("rocketmq_topic_number", float64(n))
}

func (c *collector) groups(send sendMetric) {
	groups := 0
	c.b.groups.entries.Range(func(any, any) bool { groups++; return true })
	send("rocketmq_consumer_group_number", float64(groups))
	for _, name := range c.b.consumers.names() {
		send("rocketmq_consumer_connections", float64(len(c.b.consumers.membersOf(name))), name)
	}
	send("rocketmq_producer_connections", float64(c.b.producers.connected()))
	c.b.offsets.each(func(k offsetKey) {
		lag := int64(0)
		for q, off := range c.b.offsets.committedOf(k.group, k.topic) {
			lag += max(0, c.b.store.MaxOffset(k.topic, q)-off)
		}
		send("rocketmq_consumer_lag_messages", float64(lag), k.group, k.topic)
	})
}

// namesrvs tells for each NameServer whether clients find the broker through it, and whether another has its route.
func (c *collector) namesrvs(send sendMetric) {
	for _, l := range c.b.register.links() {
		err, _, failures := l.health.get()
		var taken *takenError
		send("gorocket_namesrv_registered", flag(err == nil), l.addr)
		send("gorocket_route_taken", flag(errors.As(err, &taken)), l.addr)
		send("gorocket_namesrv_failures_total", float64(failures), l.addr)
	}
}

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

func (c *collector) storage(send sendMetric) {
	s := c.b.store
	send("rocketmq_storage_size", float64(s.MaxPhyOffset()-s.MinPhyOffset()))
	send("rocketmq_storage_flush_behind_bytes", float64(s.MaxPhyOffset()-s.FlushedOffset()))
	send("rocketmq_storage_dispatch_behind_bytes", float64(s.DispatchBehindBytes()))
	if oldest := s.MinStoreTimestamp(); oldest > 0 {
		send("rocketmq_storage_message_reserve_time", float64(max(0, time.Now().UnixMilli()-oldest)))
	}
	send("gorocket_store_writable", flag(s.Writable() == nil))
	send("gorocket_disk_used_ratio", diskUsed(s.DiskRatios()))
	send("gorocket_unconsumed_deleted_total", float64(c.b.stats.unconsumedDeleted.Load()))
	for cause, n := range c.b.stats.refused {
		send("gorocket_refused_requests_total", float64(n.Load()), cause)
	}
}

func diskUsed(r store.DiskRatios) float64 { return max(r.CommitLog, r.ConsumeQueue) }

// connected counts the connections of producers.
func (t *producerTable) connected() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.byConn)
}
