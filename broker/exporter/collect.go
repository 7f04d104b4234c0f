package exporter

import (
	"strconv"
	"strings"

	"gorocket/broker/meta"
	"gorocket/broker/stats"
	"gorocket/broker/trans"
	"gorocket/compat"
	"gorocket/remoting/auth"
	"gorocket/remoting/metrics"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// collector reads the figures of one scrape: nothing is counted twice, and a send or a pull does hardly more work than
// without it. It may read the disk.
type collector struct {
	*metrics.Sink
	d *Deps
}

func (c *collector) collect() {
	c.traffic()
	c.topics()
	c.clients()
	c.lags()
	c.storage()
	c.namesrvs()
	c.replication()
	c.roles()
	c.timers()
	c.transactions()
	c.pops()
	metrics.SendNetwork(c.Sink, c.d.Network.Figures())
}

// timers has no topic label on the totals; Java's have one. Latencies are ms, but rocketmq_delay_message_latency: the
// delays that were asked for, in seconds.
func (c *collector) timers() {
	if c.d.Timers == nil {
		return
	}
	send, f := c.Send, c.d.Timers.Figures()
	send("rocketmq_timer_enqueue_lag", float64(f.EnqueueBehind))
	send("rocketmq_timer_enqueue_latency", float64(f.EnqueueLate.Milliseconds()))
	send("rocketmq_timer_dequeue_lag", float64(f.Pending))
	send("rocketmq_timer_dequeue_latency", float64(f.ReadBehind.Milliseconds()))
	send("rocketmq_timer_enqueue_total", float64(f.Enqueued))
	send("rocketmq_timer_dequeue_total", float64(f.Delivered))
	c.d.Timers.EachTopic(func(topic string, n int64) {
		if n > 0 {
			send("rocketmq_timing_messages", float64(n), topic)
		}
	})
	c.d.Timers.EachBound(func(seconds int, n int64) {
		send("rocketmq_timer_message_snapshot", float64(n),
			strconv.Itoa(seconds))
	})
	c.d.TimerDelays.Each(func(topic string, d *stats.Histogram) {
		d.Send(c.Sink, "rocketmq_delay_message_latency", &stats.TimerBuckets, topic)
	})
}

func (c *collector) traffic() {
	send := c.Send
	c.d.Pulled.EachTraffic(func(k meta.OffsetKey, messages, bytes int64) {
		system := strconv.FormatBool(isSystem(k.Topic, k.Group))
		send("rocketmq_messages_out_total", float64(messages), k.Topic, k.Group, system)
		send("rocketmq_throughput_out_total", float64(bytes), k.Topic, k.Group, system)
	})
	for k, n := range c.d.DeadLetters.Snapshot() {
		system := strconv.FormatBool(isSystem(k.Topic, k.Group))
		send("rocketmq_send_to_dlq_messages_total", float64(n), k.Group, k.Topic, system)
	}
	waiting := [len(processors)]int{}
	c.d.Network.Waiting(func(code int32) { waiting[processorOf(code)]++ })
	for i, n := range waiting {
		send("rocketmq_processor_watermark", float64(n), processors[i])
	}
	send("gorocket_held_pulls", float64(c.d.Holds.Count()))
	c.d.sizes(func(table string, size, limit int64) {
		send("gorocket_table_size", float64(size), table)
		send("gorocket_table_limit", float64(limit), table)
	})
	send("gorocket_held_pulls_refused_total", float64(c.d.Holds.Refused()))
	checked := map[string]int64{}
	for _, t := range append(c.d.Checked, new(auth.Tallies)) { // all results are there from the start
		t.Each(func(result string, n int64) { checked[result] += n })
	}
	for result, n := range checked {
		send("gorocket_checked_requests_total", float64(n), result)
	}
	send("rocketmq_broker_permission", float64(c.d.Config.Load().BrokerPermission))
}

// isSystem tells figures of the system from those of users. Java: BrokerMetricsManager.isSystem.
func isSystem(topic, group string) bool {
	return compat.IsSystemTopic(topic) || meta.IsSystemGroup(group)
}

// processors are Java's names of those whose requests wait in queues of their own; here all wait in two. async_put and
// ack are left out: nothing waits for them.
var processors = [...]string{"send", "pull", "lite_pull", "query_message", "client_manager", "heartbeat",
	"transaction", "consumer_manager", "reply", "admin"}

// processorOf is the place of a request code's processor in processors. Java: BrokerController.initProcessor.
func processorOf(code int32) int {
	switch code {
	case wire.ReqSendMessage, wire.ReqSendMessageV2, wire.ReqSendBatchMessage,
		wire.ReqConsumerSendMsgBack:
		return 0
	case wire.ReqPullMessage:
		return 1
	case wire.ReqLitePullMessage:
		return 2
	case wire.ReqQueryMessage, wire.ReqViewMessageById:
		return 3
	case wire.ReqUnregisterClient, wire.ReqCheckClientConfig:
		return 4
	case wire.ReqHeartBeat:
		return 5
	case wire.ReqEndTransaction:
		return 6
	case wire.ReqGetConsumerListByGroup, wire.ReqQueryConsumerOffset, wire.ReqUpdateConsumerOffset:
		return 7
	case wire.ReqSendReplyMessage, wire.ReqSendReplyMessageV2:
		return 8
	}
	return 9
}

func (c *collector) topics() {
	n := 0
	c.d.Topics.Each(func(e *meta.Topic) bool {
		t, sum := e.TopicName, int64(0)
		for _, q := range c.d.Store.Queues(t) { // a topic may have thousands without a message
			sum += c.d.Store.MaxOffset(t, q)
		}
		n++
		system := strconv.FormatBool(compat.IsSystemTopic(t))
		if sum > 0 {
			c.Send("rocketmq_messages_in_total", float64(sum), t, system)
		}
		if !isRetryOrDLQ(t) {
			c.sent(e.Traffic, t, system)
		}
		return true
	})
	c.sent(&c.d.Topics.Queued, lightQueues, "false")
	c.Send("rocketmq_topic_number", float64(n))
}

// sent exports what producers sent to a topic.
func (c *collector) sent(t *stats.TopicTraffic, topic, system string) {
	t.Each(func(kind stats.MessageType, sizes *stats.Histogram) {
		name := kind.String()
		c.Send("rocketmq_throughput_in_total", float64(sizes.Sum()), topic, name, system)
		sizes.Send(c.Sink, "rocketmq_message_size", &stats.SizeBuckets, topic, name, system)
	})
}

// lightQueues is the topic under which all light queues are shown together: there may be very many.
const lightQueues = "%LMQ%"

// isRetryOrDLQ tells topics that producers do not send to. Java: BrokerMetricsManager.isRetryOrDlqTopic.
func isRetryOrDLQ(topic string) bool {
	return strings.HasPrefix(topic, compat.RetryTopicPrefix) || strings.HasPrefix(topic, compat.DLQTopicPrefix)
}

// namesrvs tells for each NameServer whether clients find the broker through it, and whether another has its route.
func (c *collector) namesrvs() {
	send := c.Send
	c.d.Registrar.Each(func(addr string, why error, taken bool, failures int64) {
		send("gorocket_namesrv_registered", metrics.Flag(why == nil), addr)
		send("gorocket_route_taken", metrics.Flag(taken), addr)
		send("gorocket_namesrv_failures_total", float64(failures), addr)
	})
}

func (c *collector) storage() {
	send, s := c.Send, c.d.Store
	send("rocketmq_storage_size", float64(s.MaxPhyOffset()-s.MinPhyOffset()))
	send("rocketmq_storage_flush_behind_bytes", float64(s.MaxPhyOffset()-s.FlushedOffset()))
	send("rocketmq_storage_dispatch_behind_bytes", float64(s.DispatchBehindBytes()))
	if oldest := s.MinStoreTimestamp(); oldest > 0 {
		send("rocketmq_storage_message_reserve_time", float64(max(0, c.d.Now().UnixMilli()-oldest)))
	}
	send("gorocket_store_writable", metrics.Flag(s.Writable() == nil))
	send("gorocket_disk_used_ratio", diskUsed(s.DiskRatios()))
	send("gorocket_unconsumed_deleted_total", float64(c.d.Stats.UnconsumedDeleted.Load()))
	c.d.Overload.Each(func(cause string, n int64) {
		send("gorocket_refused_requests_total", float64(n), cause)
	})
}

func diskUsed(r store.DiskRatios) float64 { return max(r.CommitLog, r.ConsumeQueue) }

// transactions exports the counts of transactions by topic.
func (c *collector) transactions() {
	c.d.Trans.Counts.Each(func(name string, t *trans.TopicCounts) { t.Send(c.Sink, name) })
}
