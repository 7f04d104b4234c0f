package admin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// MaxOffset asks a broker where a queue ends (30).
func (c *Client) MaxOffset(ctx context.Context, addr, topic string, queue int) (int64, error) {
	resp, err := ask(ctx, c, addr, wire.ReqGetMaxOffset, wire.GetMaxOffsetRequest, &wire.GetMaxOffsetRequestHeader{
		QueueRequestHeader: wire.QueueRequestHeader{Topic: topic, QueueID: int32(queue)}, Committed: true}, nil)
	return offsetOf(resp, err)
}

// MinOffset asks a broker where a queue begins (31).
func (c *Client) MinOffset(ctx context.Context, addr, topic string, queue int) (int64, error) {
	resp, err := ask(ctx, c, addr, wire.ReqGetMinOffset, wire.GetMinOffsetRequest,
		&wire.QueueRequestHeader{Topic: topic, QueueID: int32(queue)}, nil)
	return offsetOf(resp, err)
}

// SearchOffset asks a broker for the first message of a queue that was stored at or after a time in ms (29).
func (c *Client) SearchOffset(ctx context.Context, addr, topic string, queue int, timestamp int64) (int64, error) {
	resp, err := ask(ctx, c, addr, wire.ReqSearchOffsetByTimestamp, wire.SearchOffsetRequest,
		&wire.SearchOffsetRequestHeader{QueueRequestHeader: wire.QueueRequestHeader{Topic: topic, QueueID: int32(queue)},
			Timestamp: timestamp}, nil)
	return offsetOf(resp, err)
}

func offsetOf(resp *wire.Command, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	var h wire.OffsetResponseHeader
	err = wire.OffsetResponse.Decode(resp, nil, &h)
	return h.Offset, err
}

// CommitOffset sets how far a group has come in a queue, at a broker (15).
func (c *Client) CommitOffset(ctx context.Context, addr, group, topic string, queue int, offset int64) error {
	_, err := ask(ctx, c, addr, wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest,
		&wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: group, Topic: topic, QueueID: int32(queue),
			CommitOffset: offset}, nil)
	return err
}

// ConsumeStatsAt asks a broker for the progress of a group there (208); topic "": in all topics.
func (c *Client) ConsumeStatsAt(ctx context.Context, addr, group, topic string) (*ConsumeStats, error) {
	s := new(ConsumeStats)
	resp, err := askFor(ctx, c, addr, 3*c.opts.Timeout, wire.ReqGetConsumeStats, wire.GetConsumeStatsRequest,
		&wire.ConsumeStatsHeader{ConsumerGroup: group, Topic: topic}, nil)
	return s, decode(resp, err, s)
}

// Errors of ConsumeStats when there is nothing to show, in Java's words.
var (
	ErrNoProgress = errors.New("Not found the consumer group consume stats, because return offset table is empty, " +
		"maybe the consumer not online")
	ErrBroadcast = errors.New("Not found the consumer group consume stats, because return offset table is empty, " +
		"the consumer is under the broadcast mode")
)

// ConsumeStats asks for the progress of a group at all brokers that hold its retry topic, or the topic. topic "": in
// all topics. A cluster stands for the route of light queues and timers, whose names have none, and leaves logic queues
// of static topics as they are on disk. Java: examineConsumeStats.
func (c *Client) ConsumeStats(ctx context.Context, cluster, group, topic string) (*ConsumeStats, error) {
	route, err := c.groupRoute(ctx, cluster, group, topic)
	if err != nil {
		return nil, err
	}
	sum := &ConsumeStats{OffsetTable: map[protocol.MessageQueue]OffsetWrapper{}}
	nodes := Selected(route)
	parts := make([]*ConsumeStats, len(nodes))
	if err := firstError(Each(c.opts.Parallel, nodes, func(i int, n Node) (err error) {
		parts[i], err = c.ConsumeStatsAt(ctx, n.Addr, group, topic)
		return err
	})); err != nil {
		return nil, err
	}
	for _, p := range parts {
		maps.Copy(sum.OffsetTable, p.OffsetTable)
		sum.ConsumeTPS += p.ConsumeTPS
	}
	if cluster == "" {
		if sum, err = c.logicProgress(ctx, sum); err != nil {
			return nil, err
		}
	}
	if len(sum.OffsetTable) > 0 {
		return sum, nil
	}
	cc, err := c.Consumers(ctx, group)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrNoProgress, err)
	}
	if cc.MessageModel == "BROADCASTING" {
		return nil, ErrBroadcast
	}
	return sum, nil
}

// groupRoute finds the brokers that know a group: those of its retry topic, of the topic, of its retries by pop.
func (c *Client) groupRoute(ctx context.Context, cluster, group, topic string) (route *protocol.TopicRouteData,
	err error) {
	topics := []string{compat.RetryTopicPrefix + group}
	if topic != "" {
		topics = append(topics, topic, compat.RetryTopicPrefix+group+"_"+topic)
	}
	if byCluster(topic) && cluster != "" {
		topics = append(topics, cluster)
	}
	for _, t := range topics {
		if route, err = c.Route(ctx, t); err == nil {
			return route, nil
		}
	}
	return nil, err
}

// byCluster tells topics that have no route of their own.
func byCluster(topic string) bool { return IsLightQueue(topic) || topic == compat.TopicTimer }

// IsLightQueue tells names of light queues. Java: MixAll.isLmq.
func IsLightQueue(topic string) bool { return strings.HasPrefix(topic, "%LMQ%") }

func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// brokersOf are the brokers of a topic, by the cluster's name where the topic has no route of its own.
func (c *Client) brokersOf(ctx context.Context, cluster, topic string) ([]Node, error) {
	if byCluster(topic) && cluster != "" {
		topic = cluster
	}
	route, err := c.Route(ctx, topic)
	if err != nil {
		return nil, err
	}
	return Selected(route), nil
}

// QueueOffset is an offset in a queue.
type QueueOffset struct {
	protocol.MessageQueue
	Offset int64 `json:"offset"`
}

// ResetOffsets makes all brokers of a topic set a group's offsets to a time in ms, -1: to the end (222). Without force
// an offset only goes back. Java: resetOffsetByTimestamp.
func (c *Client) ResetOffsets(ctx context.Context, cluster, topic, group string, timestamp int64, force bool) (
	all []QueueOffset, err error) {
	brokers, err := c.brokersOf(ctx, cluster, topic)
	if err != nil {
		return nil, err
	}
	for _, n := range brokers {
		offsets, err := c.resetAt(ctx, n.Addr, &wire.ResetOffsetRequestHeader{Topic: topic, Group: group, QueueID: -1,
			Timestamp: timestamp, Offset: -1, IsForce: force})
		if err != nil {
			return all, err
		}
		all = append(all, offsets...)
	}
	slices.SortFunc(all, func(a, b QueueOffset) int { return CompareQueues(a.MessageQueue, b.MessageQueue) })
	return all, nil
}

// ResetQueue sets a group's offset in one queue at one broker (222).
func (c *Client) ResetQueue(ctx context.Context, addr, group, topic string, queue int, offset int64) error {
	_, err := c.resetAt(ctx, addr, &wire.ResetOffsetRequestHeader{Topic: topic, Group: group, QueueID: int32(queue),
		Offset: offset, IsForce: true})
	return err
}

func (c *Client) resetAt(ctx context.Context, addr string, h *wire.ResetOffsetRequestHeader) (all []QueueOffset,
	err error) {
	resp, err := ask(ctx, c, addr, wire.ReqInvokeBrokerToResetOffset, wire.ResetOffsetRequest, h, nil)
	var body struct {
		OffsetTable map[protocol.MessageQueue]int64 `json:"offsetTable"`
	}
	if err := decode(resp, err, &body); err != nil {
		return nil, err
	}
	for q, offset := range body.OffsetTable {
		all = append(all, QueueOffset{q, offset})
	}
	return all, nil
}

// Rollback is what became of a group's offset in one queue. Java: RollbackStats.
type Rollback struct {
	BrokerName      string `json:"brokerName"`
	QueueID         int    `json:"queueId"`
	BrokerOffset    int64  `json:"brokerOffset"`
	ConsumerOffset  int64  `json:"consumerOffset"`
	TimestampOffset int64  `json:"timestampOffset"`
	RollbackOffset  int64  `json:"rollbackOffset"`
}

// ResetOffsetsOld does what ResetOffsets does for groups without members, by search and commit. Java:
// resetOffsetByTimestampOld.
func (c *Client) ResetOffsetsOld(ctx context.Context, cluster, topic, group string, timestamp int64, force bool) (
	all []Rollback, err error) {
	brokers, err := c.brokersOf(ctx, cluster, topic)
	if err != nil {
		return nil, err
	}
	for _, n := range brokers {
		part, err := c.rollBackAt(ctx, n, topic, group, timestamp, force)
		all = append(all, part...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// rollBackAt rolls back the queues of one broker.
func (c *Client) rollBackAt(ctx context.Context, n Node, topic, group string, timestamp int64, force bool) (
	all []Rollback, err error) {
	stats, err := c.ConsumeStatsAt(ctx, n.Addr, group, "")
	if err != nil {
		return nil, err
	}
	progress := map[protocol.MessageQueue]OffsetWrapper{}
	for q, w := range stats.OffsetTable {
		if q.Topic == topic {
			progress[q] = w
		}
	}
	if len(progress) == 0 {
		ends, err := c.TopicStatsAt(ctx, n.Addr, topic)
		if err != nil {
			return nil, err
		}
		for q, o := range ends.OffsetTable {
			progress[q] = OffsetWrapper{BrokerOffset: o.MaxOffset, ConsumerOffset: o.MinOffset}
		}
	}
	for _, q := range SortedQueues(progress) {
		w := progress[q]
		r := Rollback{BrokerName: q.BrokerName, QueueID: q.QueueID, BrokerOffset: w.BrokerOffset,
			ConsumerOffset: w.ConsumerOffset, RollbackOffset: w.ConsumerOffset}
		if timestamp == -1 {
			r.TimestampOffset, err = c.MaxOffset(ctx, n.Addr, topic, q.QueueID)
		} else {
			r.TimestampOffset, err = c.SearchOffset(ctx, n.Addr, topic, q.QueueID, timestamp)
		}
		if err != nil {
			return all, err
		}
		if force || r.TimestampOffset <= w.ConsumerOffset {
			r.RollbackOffset = r.TimestampOffset
			if err := c.CommitOffset(ctx, n.Addr, group, topic, q.QueueID, r.TimestampOffset); err != nil {
				return all, err
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// CompareQueues orders queues by topic, broker and id. Java: MessageQueue.compareTo.
func CompareQueues(a, b protocol.MessageQueue) int {
	if d := strings.Compare(a.Topic, b.Topic); d != 0 {
		return d
	}
	if d := strings.Compare(a.BrokerName, b.BrokerName); d != 0 {
		return d
	}
	return a.QueueID - b.QueueID
}

// SortedQueues lists the keys of a table of queues in order.
func SortedQueues[V any](table map[protocol.MessageQueue]V) []protocol.MessageQueue {
	return slices.SortedFunc(maps.Keys(table), CompareQueues)
}
