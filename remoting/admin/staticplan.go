package admin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// StaticPlan is a static topic at all its brokers, as it is or as it shall be. Java: TopicRemappingDetailWrapper.
type StaticPlan struct {
	Topic   string                 `json:"topic"`
	Type    string                 `json:"type"` // CREATE_OR_UPDATE, REMAPPING
	Epoch   int64                  `json:"epoch"`
	Brokers map[string]*StaticPart `json:"brokerConfigMap"`
	In      []string               `json:"brokerToMapIn"`  // brokers that get queues
	Out     []string               `json:"brokerToMapOut"` // brokers that lose queues
}

// Types of a StaticPlan.
const (
	staticCreate    = "CREATE_OR_UPDATE"
	staticRemapping = "REMAPPING"
)

// remapBlock is what logical offsets are rounded to when a queue moves. Java: RemappingStaticTopicSubCommand.
const remapBlock = 10000

// StaticTopic asks all masters for their parts of a static topic; the plan has no brokers when nobody has it.
func (c *Client) StaticTopic(ctx context.Context, topic string) (*StaticPlan, error) {
	nodes, err := c.Nodes(ctx, "")
	if err != nil {
		return nil, err
	}
	nodes = slices.DeleteFunc(nodes, func(n Node) bool { return !n.Master() })
	parts := make([]*StaticPart, len(nodes))
	if err := firstError(Each(c.opts.Parallel, nodes, func(i int, n Node) error {
		t, m, err := c.TopicConfig(ctx, n.Addr, topic)
		if CodeOf(err) == wire.TopicNotExist {
			return nil
		}
		if err == nil {
			parts[i] = &StaticPart{protocol.TopicConfigAndQueueMapping{TopicConfig: *t, MappingDetail: m}}
		}
		return err
	})); err != nil {
		return nil, err
	}
	p := &StaticPlan{Topic: topic, Type: staticCreate, Epoch: time.Now().UnixMilli(), Brokers: map[string]*StaticPart{}}
	for i, part := range parts {
		if part != nil {
			p.Brokers[nodes[i].Broker] = part
		}
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	for _, part := range p.Brokers {
		p.Epoch = part.MappingDetail.Epoch
	}
	return p, nil
}

// Check says what does not fit together. Java: checkNameEpochNumConsistence, checkPhysicalQueueConsistence,
// checkIfReusePhysicalQueue.
func (p *StaticPlan) Check() error {
	var first *protocol.TopicQueueMappingDetail
	for _, broker := range slices.Sorted(maps.Keys(p.Brokers)) {
		part := p.Brokers[broker]
		if part == nil || part.MappingDetail == nil {
			return fmt.Errorf("Mapping info should not be null in broker %s", broker)
		}
		m := part.MappingDetail
		if first == nil {
			first = m
		}
		switch {
		case m.Bname != broker:
			return fmt.Errorf("The broker name is not equal %s != %s ", broker, m.Bname)
		case m.Dirty:
			return fmt.Errorf("The mapping info is dirty in broker  %s", broker)
		case m.Topic != p.Topic || part.TopicName != p.Topic:
			return fmt.Errorf("The topic name is not match for broker  %s", broker)
		case m.Scope != first.Scope:
			return fmt.Errorf("scope does not match %s != %s in %s", m.Scope, first.Scope, broker)
		case m.Epoch != first.Epoch:
			return fmt.Errorf("epoch does not match %d != %d in %s", first.Epoch, m.Epoch, broker)
		case m.TotalQueues != first.TotalQueues:
			return fmt.Errorf("total queue number does not match %d != %d in %s", first.TotalQueues, m.TotalQueues, broker)
		case part.ReadQueueNums < part.WriteQueueNums:
			return errors.New("Read queues is smaller than write queues")
		}
		if err := m.Check(); err != nil {
			return err
		}
	}
	return p.checkQueues()
}

// checkQueues looks at the queues on the brokers: each belongs to one logic queue, and exists.
func (p *StaticPlan) checkQueues() error {
	used := map[protocol.MessageQueue]int{}
	for id, items := range p.logic() {
		for _, it := range items {
			part := p.Brokers[it.Bname]
			if part == nil {
				return fmt.Errorf("The broker of item does not exist (%s, queue %d)", it.Bname, id)
			}
			if it.QueueID >= part.WriteQueueNums {
				return fmt.Errorf("The physical queue id is overflow the write queues (%s, queue %d)", it.Bname, it.QueueID)
			}
			q := protocol.MessageQueue{BrokerName: it.Bname, QueueID: it.QueueID}
			if other, has := used[q]; has {
				return fmt.Errorf("queue %d of %s belongs to the logic queues %d and %d", it.QueueID, it.Bname, other, id)
			}
			used[q] = id
		}
	}
	return nil
}

// logic are the logic queues of the plan.
func (p *StaticPlan) logic() map[int][]protocol.LogicQueueMappingItem {
	var parts []*protocol.TopicQueueMappingDetail
	for _, name := range slices.Sorted(maps.Keys(p.Brokers)) {
		parts = append(parts, p.Brokers[name].MappingDetail)
	}
	return LogicQueues(parts)
}

// clone is a plan whose parts can be changed.
func (p *StaticPlan) clone(kind string) *StaticPlan {
	n := &StaticPlan{Topic: p.Topic, Type: kind, Epoch: max(p.Epoch+1000, time.Now().UnixMilli()),
		Brokers: map[string]*StaticPart{}, In: []string{}, Out: []string{}}
	for name, part := range p.Brokers {
		copied := *part
		copied.TopicConfig = part.TopicConfig.Clone()
		m := *part.MappingDetail
		m.HostedQueues = maps.Clone(m.HostedQueues)
		copied.MappingDetail = &m
		n.Brokers[name] = &copied
	}
	return n
}

// add gives a broker one queue more and returns its number.
func (p *StaticPlan) add(broker string, queues int) int {
	part := p.Brokers[broker]
	if part == nil {
		part = newPart(p.Topic, broker, queues, p.Epoch)
		p.Brokers[broker] = part
	}
	part.WriteQueueNums++
	part.ReadQueueNums = max(part.ReadQueueNums+1, part.WriteQueueNums)
	return part.WriteQueueNums - 1
}

// finish sets what all parts have in common.
func (p *StaticPlan) finish(queues int) (*StaticPlan, error) {
	for _, part := range p.Brokers {
		part.MappingDetail.Epoch, part.MappingDetail.TotalQueues = p.Epoch, queues
	}
	return p, p.Check()
}

// Grow gives the topic more queues, at the brokers that have the fewest. Java: createTopicConfigMapping.
func (p *StaticPlan) Grow(queues int, targets []string) (*StaticPlan, error) {
	old := p.logic()
	switch {
	case queues < len(old):
		return nil, fmt.Errorf("Cannot decrease the queue num for static topic %d < %d", queues, len(old))
	case queues == len(old):
		return nil, errors.New("The topic queue num is equal the existed queue num, do nothing")
	}
	n := p.clone(staticCreate)
	held := map[string]int{}
	for _, b := range append(slices.Collect(maps.Keys(p.Brokers)), targets...) {
		held[b] = 0
	}
	for _, items := range old {
		held[items[len(items)-1].Bname]++
	}
	for id := range queues {
		if _, has := old[id]; has {
			continue
		}
		b := fewest(held)
		held[b]++
		n.host(b, id, []protocol.LogicQueueMappingItem{{Bname: b, QueueID: n.add(b, queues), EndOffset: -1, TimeOfStart: -1,
			TimeOfEnd: -1}})
	}
	return n.finish(queues)
}

// host notes a logic queue in a broker's part.
func (p *StaticPlan) host(broker string, id int, items []protocol.LogicQueueMappingItem) {
	p.Brokers[broker].MappingDetail.HostedQueues[id] = items
}

// fewest is the broker that holds the fewest queues, the first by name of several.
func fewest(held map[string]int) string {
	best := ""
	for _, b := range slices.Sorted(maps.Keys(held)) {
		if best == "" || held[b] < held[best] {
			best = b
		}
	}
	return best
}

// Move spreads the queues over other brokers: queues go to those that shall have more, and only as many as have to.
// Java: TopicQueueMappingUtils.remappingStaticTopic.
func (p *StaticPlan) Move(targets []string) (*StaticPlan, error) {
	old, n := p.logic(), p.clone(staticRemapping)
	share := spread(len(old), targets, old)
	var waiting []int
	for _, id := range slices.Sorted(maps.Keys(old)) {
		leader := old[id][len(old[id])-1].Bname
		if share[leader] > 0 {
			share[leader]--
		} else {
			waiting = append(waiting, id)
		}
	}
	for _, b := range slices.Sorted(maps.Keys(share)) {
		for range share[b] {
			id := waiting[0]
			waiting = waiting[1:]
			items := slices.Clone(old[id])
			last := items[len(items)-1]
			items = append(items, protocol.LogicQueueMappingItem{Bname: b, Gen: last.Gen + 1, QueueID: n.add(b, len(old)),
				LogicOffset: -1, EndOffset: -1, TimeOfStart: -1, TimeOfEnd: -1})
			n.host(b, id, items)
			n.host(last.Bname, id, items)
			n.In, n.Out = addName(n.In, b), addName(n.Out, last.Bname)
		}
	}
	return n.finish(len(old))
}

func addName(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// spread says how many queues each of targets shall hold: the same number, one more for those that hold the most now.
func spread(queues int, targets []string, old map[int][]protocol.LogicQueueMappingItem) map[string]int {
	held := map[string]int{}
	for _, items := range old {
		held[items[len(items)-1].Bname]++
	}
	targets = slices.Clone(targets)
	slices.Sort(targets)
	targets = slices.Compact(targets)
	slices.SortStableFunc(targets, func(a, b string) int { return held[b] - held[a] })
	share := map[string]int{}
	for i, b := range targets {
		share[b] = queues / len(targets)
		if i < queues%len(targets) {
			share[b]++
		}
	}
	return share
}

func (p *StaticPlan) queues() int {
	for _, part := range p.Brokers {
		return part.MappingDetail.TotalQueues
	}
	return 0
}
