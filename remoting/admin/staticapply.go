package admin

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"gorocket/remoting/protocol"
)

// What brokers are told of a plan for a static topic.

// masters finds the masters of the brokers of a plan; one without is an error, before anything is changed.
func (c *Client) masters(ctx context.Context, p *StaticPlan) (map[string]string, error) {
	nodes, err := c.Nodes(ctx, "")
	if err != nil {
		return nil, err
	}
	clusters := map[string]bool{}
	addrs := map[string]string{}
	for _, n := range nodes {
		if n.Master() {
			addrs[n.Broker] = n.Addr
		}
		if _, has := p.Brokers[n.Broker]; has {
			clusters[n.Cluster] = true
		}
	}
	for b := range p.Brokers {
		if addrs[b] == "" {
			return nil, fmt.Errorf("Can't find addr for broker %s", b)
		}
	}
	for _, n := range nodes { // the others of the same clusters learn that the topic is a static one
		if _, has := p.Brokers[n.Broker]; !has && clusters[n.Cluster] && addrs[n.Broker] != "" {
			p.Brokers[n.Broker] = newPart(p.Topic, n.Broker, p.queues(), p.Epoch)
		}
	}
	return addrs, nil
}

// tell sends a broker its part.
func (c *Client) tell(ctx context.Context, addrs map[string]string, p *StaticPlan, broker string, force bool) error {
	part := p.Brokers[broker]
	return c.PutStaticTopic(ctx, addrs[broker], &part.TopicConfig, part.MappingDetail, force)
}

// ApplyStatic tells all brokers of a plan. When some know and others do not, the plan can be applied again. Java:
// updateTopicConfigMappingAll.
func (c *Client) ApplyStatic(ctx context.Context, p *StaticPlan, force bool) error {
	addrs, err := c.masters(ctx, p)
	if err != nil {
		return err
	}
	for _, b := range slices.Sorted(maps.Keys(p.Brokers)) {
		if err := c.tell(ctx, addrs, p, b, force); err != nil {
			return err
		}
	}
	return nil
}

// ApplyRemapping moves queues: the new brokers may be written to, the old ones may not any more, then the logical
// offsets of the new pieces are decided, and all brokers learn them. Java: MQAdminUtils.remappingStaticTopic.
func (c *Client) ApplyRemapping(ctx context.Context, p *StaticPlan, force bool) error {
	addrs, err := c.masters(ctx, p)
	if err != nil {
		return err
	}
	for _, b := range slices.Concat(p.In, p.Out) {
		if err := c.tell(ctx, addrs, p, b, force); err != nil {
			return err
		}
	}
	for _, b := range p.Out {
		if err := c.decide(ctx, addrs[b], p, b); err != nil {
			return err
		}
	}
	for _, b := range p.In {
		if err := c.tell(ctx, addrs, p, b, force); err != nil {
			return err
		}
	}
	for _, b := range slices.Sorted(maps.Keys(p.Brokers)) {
		if slices.Contains(p.In, b) || slices.Contains(p.Out, b) {
			continue
		}
		if err := c.tell(ctx, addrs, p, b, force); err != nil {
			return err
		}
	}
	return nil
}

// decide gives the new pieces of the queues that leave a broker their places behind what it holds.
func (c *Client) decide(ctx context.Context, addr string, p *StaticPlan, broker string) error {
	stats, err := c.TopicStatsAt(ctx, addr, p.Topic)
	if err != nil {
		return err
	}
	hosted := p.Brokers[broker].MappingDetail.HostedQueues
	for _, id := range slices.Sorted(maps.Keys(hosted)) {
		items := hosted[id]
		if len(items) < 2 || items[len(items)-1].LogicOffset > 0 {
			continue
		}
		next, last := &items[len(items)-1], &items[len(items)-2]
		end, has := stats.OffsetTable[protocol.MessageQueue{Topic: p.Topic, BrokerName: last.Bname, QueueID: last.QueueID}]
		if !has {
			return fmt.Errorf("Cannot get the max offset for old leader %s, queue %d", last.Bname, last.QueueID)
		}
		if end.MaxOffset < last.StartOffset {
			return fmt.Errorf("The max offset is smaller then the start offset %d %d", last.StartOffset, end.MaxOffset)
		}
		next.LogicOffset = roundUp(last.Logical(end.MaxOffset), remapBlock)
		if in := p.Brokers[next.Bname]; in != nil {
			in.MappingDetail.HostedQueues[id] = items
		}
	}
	return nil
}

// roundUp is the beginning of a block behind offset, with at least half a block between them. Java: blockSeqRoundUp.
func roundUp(offset, block int64) int64 {
	n := offset/block + 1
	if offset%block >= block/2 {
		n++
	}
	return n * block
}
