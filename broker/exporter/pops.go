package exporter

import (
	"strconv"

	"gorocket/broker/pop"
	"gorocket/remoting/metrics"
)

func popMetrics() []metrics.Metric {
	gauge, counter := metrics.NewGauge, metrics.NewCounter
	kind, status, queue := "revive_message_type", "put_status", []string{"queue_id"}
	return []metrics.Metric{
		counter("rocketmq_pop_revive_in_message_total", "messages", []string{kind, status},
			"Check points (CK) and acknowledgements (ACK) that were stored for the revive topic, PUT_OK, or could not be, "+
				"UNKNOWN_ERROR. What is acknowledged soon is never stored. Java has them by topic and group"),
		counter("rocketmq_pop_revive_out_message_total", "messages", []string{kind},
			"... that were read from it. Java has them by topic, group and queue_id"),
		counter("rocketmq_pop_revive_retry_messages_total", "messages", []string{status},
			"Messages that were not acknowledged and came again. Java has them by topic and group"),
		gauge("rocketmq_pop_revive_lag", "messages", queue, "Messages of the revive topic that are not settled"),
		gauge("rocketmq_pop_revive_latency", "ms", queue,
			"For how long the time of the oldest check point is over; a second or two is usual"),
		gauge("rocketmq_pop_offset_buffer_size", "pops", nil,
			"Pops in memory: the committed offset of their group has not passed them"),
		gauge("rocketmq_pop_checkpoint_buffer_size", "pops", nil, "The same; Java has those that may be stored"),
		metrics.NewHistogram("rocketmq_pop_buffer_scan_time_consume", "ms", nil,
			"How long a look at the pops in memory takes, every 100 ms"),
		gauge("gorocket_held_pops", "requests", nil, "Pops and notifications that wait for a message"),
		gauge("gorocket_pop_ordered_queues", "queues", nil,
			"Queues of groups of which it is kept what was popped in order"),
	}
}

// pops exports what is popped. Java: PopMetricsManager.
func (c *collector) pops() {
	s, counts := c.d.Pops, &c.d.Pops.Counts
	stored := func(name string, of *pop.Stored, labels ...string) {
		c.Send(name, float64(of.OK.Load()), append(labels, "PUT_OK")...)
		c.Send(name, float64(of.Failed.Load()), append(labels, "UNKNOWN_ERROR")...)
	}
	stored("rocketmq_pop_revive_in_message_total", &counts.CheckPoints, "CK")
	stored("rocketmq_pop_revive_in_message_total", &counts.Acks, "ACK")
	c.Send("rocketmq_pop_revive_out_message_total", float64(counts.CheckPointsRead.Load()), "CK")
	c.Send("rocketmq_pop_revive_out_message_total", float64(counts.AcksRead.Load()), "ACK")
	stored("rocketmq_pop_revive_retry_messages_total", &counts.Retries)
	s.Each(func(queue int, b pop.Behind) {
		c.Send("rocketmq_pop_revive_lag", float64(b.Messages), strconv.Itoa(queue))
		c.Send("rocketmq_pop_revive_latency", float64(b.Late), strconv.Itoa(queue))
	})
	points, waiting, ordered := s.Sizes()
	c.Send("rocketmq_pop_offset_buffer_size", float64(points))
	c.Send("rocketmq_pop_checkpoint_buffer_size", float64(points))
	counts.Scans.Send(c.Sink, "rocketmq_pop_buffer_scan_time_consume", &pop.ScanBuckets)
	c.Send("gorocket_held_pops", float64(waiting))
	c.Send("gorocket_pop_ordered_queues", float64(ordered))
}
