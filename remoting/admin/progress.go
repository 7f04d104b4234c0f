package admin

import (
	"context"

	"gorocket/compat"
	"gorocket/remoting/wire"
)

// ResetAny is ResetOffsets, or, for a group without members at old brokers, ResetOffsetsOld: then rollbacks is not nil.
func (c *Client) ResetAny(ctx context.Context, cluster, topic, group string, timestamp int64, force bool) (
	offsets []QueueOffset, rollbacks []Rollback, err error) {
	offsets, err = c.ResetOffsets(ctx, cluster, topic, group, timestamp, force)
	if CodeOf(err) != wire.ConsumerNotOnline {
		return offsets, nil, err
	}
	rollbacks, err = c.ResetOffsetsOld(ctx, cluster, topic, group, timestamp, force)
	if rollbacks == nil {
		rollbacks = []Rollback{}
	}
	return nil, rollbacks, err
}

// CloneOffsets sets a group where another one is, at the brokers of a topic. Java: CloneGroupOffsetCommand, which
// copies the offsets of all topics there.
func (c *Client) CloneOffsets(ctx context.Context, src, dest, topic string) ([]QueueOffset, error) {
	stats, err := c.ConsumeStats(ctx, "", src, "")
	if err != nil { // without a retry topic its brokers are found by the topic
		if stats, err = c.ConsumeStats(ctx, "", src, topic); err != nil {
			return nil, err
		}
	}
	route, err := c.Route(ctx, topic)
	if err != nil {
		return nil, err
	}
	addrs := map[string]string{}
	for _, n := range Selected(route) {
		addrs[n.Broker] = n.Addr
	}
	cloned := []QueueOffset{}
	for _, q := range SortedQueues(stats.OffsetTable) {
		offset := stats.OffsetTable[q].ConsumerOffset
		addr, has := addrs[q.BrokerName]
		if offset < 0 || !has {
			continue // a broker that does not have the topic
		}
		if err := c.CommitOffset(ctx, addr, dest, q.Topic, q.QueueID, offset); err != nil {
			return nil, err
		}
		cloned = append(cloned, QueueOffset{MessageQueue: q, Offset: offset})
	}
	return cloned, nil
}

// DeleteEverywhere deletes a topic at all brokers of a cluster, slaves too, and at the NameServers. Java:
// DefaultMQAdminExtImpl.deleteTopic.
func (c *Client) DeleteEverywhere(ctx context.Context, cluster, topic string) error {
	addrs, err := c.MastersAndSlaves(ctx, cluster)
	if err != nil {
		return err
	}
	for _, addr := range addrs {
		if err := c.DeleteTopic(ctx, addr, topic); err != nil {
			return err
		}
	}
	if err := c.DeleteTopicInNames(ctx, topic, ""); err != nil {
		return err
	}
	return c.DeleteKV(ctx, compat.OrderTopicNamespace, topic)
}
