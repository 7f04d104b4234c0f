package exporter

import "gorocket/remoting/metrics"

// Metrics lists what a broker exports: under Java 5's names and labels where Java has the figure
// (BrokerMetricsConstant, DefaultStoreMetricsConstant), the others with gorocket_ before them. All have the labels
// cluster, node_type and node_id. docs/metrics.md is made from it.
func Metrics() []metrics.Metric {
	all := append(trafficMetrics(), consumerMetrics()...)
	all = append(all, storeMetrics()...)
	all = append(all, timerMetrics()...)
	all = append(all, transactionMetrics()...)
	all = append(all, popMetrics()...)
	all = append(all, ownMetrics()...)
	all = append(all, replicationMetrics()...)
	return append(all, metrics.Network()...)
}

func trafficMetrics() []metrics.Metric {
	gauge, counter := metrics.NewGauge, metrics.NewCounter
	in, out := []string{"topic", "message_type", "is_system"}, []string{"topic", "consumer_group", "is_system"}
	client := []string{"language", "version", "protocol_type"}
	return []metrics.Metric{
		counter("rocketmq_messages_in_total", "messages", []string{"topic", "is_system"},
			"Messages that came into a topic: the ends of its queues, so it goes on over a restart and holds what delay "+
				"levels, timers and commits delivered. Java counts since the start, by message_type too"),
		counter("rocketmq_messages_out_total", "messages", out, "Messages handed to the consumers of a group"),
		counter("rocketmq_throughput_in_total", "bytes in the log", in,
			"What producers sent to a topic, retry topics and dead letters apart"),
		counter("rocketmq_throughput_out_total", "bytes in the log", out, "What was handed to the consumers of a group"),
		metrics.NewHistogram("rocketmq_message_size", "bytes in the log", in,
			"Sizes of the messages that producers sent; those of a batch count with their mean"),
		counter("rocketmq_send_to_dlq_messages_total", "messages", []string{"consumer_group", "topic", "is_system"},
			"Messages of a topic that a group has given up: they went to its dead letters. "+
				"With %RETRY% topics where the client sent it there itself"),
		gauge("rocketmq_processor_watermark", "requests", []string{"processor"},
			"Requests that wait for a worker, by Java's processors"),
		gauge("rocketmq_broker_permission", "", nil, "What the broker lets clients do: 2 write, 4 read, 6 both"),
		gauge("rocketmq_topic_number", "topics", nil, "Topics of this broker"),
		gauge("rocketmq_consumer_group_number", "groups", nil, "Consumer groups that this broker knows"),
		gauge("rocketmq_producer_connections", "connections", client,
			"Connections of producers, each once for each of its groups"),
		gauge("rocketmq_consumer_connections", "connections", append(client, "consumer_group", "consume_mode", "is_system"),
			"Connections of the members of a group"),
	}
}

func consumerMetrics() []metrics.Metric {
	gauge := metrics.NewGauge
	labels := []string{"consumer_group", "topic", "is_retry", "is_system"}
	return []metrics.Metric{
		gauge("rocketmq_consumer_lag_messages", "messages", labels,
			"Messages of a topic that a group has not consumed: from the committed offset to the end of each queue. "+
				"Groups without members too; Java leaves those out"),
		gauge("rocketmq_consumer_lag_latency", "ms", labels,
			"Age of the oldest message that the group has not consumed, 0 for none"),
		gauge("rocketmq_consumer_inflight_messages", "messages", labels,
			"Messages that were handed out and are not committed"),
		gauge("rocketmq_consumer_queueing_latency", "ms", labels,
			"Age of the oldest message that was not handed out, 0 for none"),
		gauge("rocketmq_consumer_ready_messages", "messages", labels, "Messages that were not handed out"),
	}
}

func storeMetrics() []metrics.Metric {
	gauge := metrics.NewGauge
	return []metrics.Metric{
		gauge("rocketmq_storage_size", "bytes", nil, "The commit log, from its first byte to its last"),
		gauge("rocketmq_storage_flush_behind_bytes", "bytes", nil, "What is in the commit log and not on the disk yet"),
		gauge("rocketmq_storage_dispatch_behind_bytes", "bytes", nil,
			"What is in the commit log and not in the consume queues yet"),
		gauge("rocketmq_storage_message_reserve_time", "ms", nil, "Age of the oldest message in the commit log"),
	}
}

func timerMetrics() []metrics.Metric {
	gauge, counter := metrics.NewGauge, metrics.NewCounter
	topic := []string{"topic"}
	return []metrics.Metric{
		gauge("rocketmq_timing_messages", "messages", topic, "Messages that wait for their delivery time"),
		gauge("rocketmq_timer_enqueue_lag", "messages", nil, "Timer messages that are not in the wheel yet"),
		gauge("rocketmq_timer_enqueue_latency", "ms", nil, "Age of the oldest timer message that is not in the wheel yet"),
		gauge("rocketmq_timer_dequeue_lag", "messages", nil, "Messages in the wheel"),
		gauge("rocketmq_timer_dequeue_latency", "ms", nil, "How late the wheel is"),
		counter("rocketmq_timer_enqueue_total", "messages", nil, "Messages put into the wheel; Java has them by topic"),
		counter("rocketmq_timer_dequeue_total", "messages", nil, "Messages delivered by the wheel; Java has them by topic"),
		gauge("rocketmq_timer_message_snapshot", "messages", []string{"timer_bound_s"},
			"Messages in the wheel that are due within so many seconds"),
		metrics.NewHistogram("rocketmq_delay_message_latency", "s", topic, "Delays that producers asked for"),
	}
}

func transactionMetrics() []metrics.Metric {
	topic := []string{"topic"}
	return []metrics.Metric{
		metrics.NewGauge("rocketmq_half_messages", "messages", topic,
			"Half messages that wait for the end of their transaction"),
		metrics.NewCounter("rocketmq_commit_messages_total", "transactions", topic, "Transactions committed"),
		metrics.NewCounter("rocketmq_rollback_messages_total", "transactions", topic, "Transactions rolled back"),
		metrics.NewHistogram("rocketmq_finish_message_latency", "s", topic,
			"From the birth of a half message to the commit"),
	}
}

func ownMetrics() []metrics.Metric {
	gauge, counter := metrics.NewGauge, metrics.NewCounter
	return []metrics.Metric{
		gauge("gorocket_store_writable", "", nil, "1 while the store takes messages, else 0: /health says why"),
		gauge("gorocket_disk_used_ratio", "", nil,
			"Used part, 0 to 1, of the fuller of the disks that hold the commit log and the consume queues"),
		counter("gorocket_unconsumed_deleted_total", "messages", nil,
			"Messages that were deleted for want of disk space before a group had consumed them"),
		gauge("gorocket_held_pulls", "requests", nil, "Pulls that wait for a message"),
		counter("gorocket_checked_requests_total", "requests", []string{"result"},
			"Requests that were asked for a signature or a permission: passed, unauthenticated, of these slowed (too many "+
				"wrong signatures came before), unauthorized"),
		counter("gorocket_held_pulls_refused_total", "requests", nil,
			"Pulls that were refused because too many waited (maxHeldPulls)"),
		counter("gorocket_refused_requests_total", "requests", []string{"cause"},
			"Requests answered SYSTEM_BUSY without being served"),
		gauge("gorocket_table_size", "entries", []string{"table"}, "Entries of a table that grows by what clients send"),
		gauge("gorocket_table_limit", "entries", []string{"table"}, "Entries that the table may have, 0 for no limit"),
		gauge("gorocket_namesrv_registered", "", []string{"namesrv"},
			"1 when clients find this broker through the NameServer, else 0"),
		counter("gorocket_namesrv_failures_total", "times", []string{"namesrv"},
			"Registrations and looks at the route that failed"),
		gauge("gorocket_route_taken", "", []string{"namesrv"},
			"1 while another broker has the route of this one at the NameServer"),
	}
}
