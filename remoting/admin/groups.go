package admin

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// PutGroup creates or changes a consumer group at a broker (200).
func (c *Client) PutGroup(ctx context.Context, addr string, g *protocol.SubscriptionGroupConfig) error {
	body, err := compat.Marshal(g)
	if err != nil {
		return err
	}
	_, err = c.plain(ctx, addr, wire.ReqUpdateAndCreateSubscriptiongroup, body)
	return err
}

// PutGroups creates or changes consumer groups at a broker (225).
func (c *Client) PutGroups(ctx context.Context, addr string, groups []protocol.SubscriptionGroupConfig) error {
	body, err := compat.Marshal(struct {
		GroupConfigList []protocol.SubscriptionGroupConfig `json:"groupConfigList"`
	}{groups})
	if err != nil {
		return err
	}
	_, err = c.plain(ctx, addr, wire.ReqUpdateAndCreateSubscriptiongroupList, body)
	return err
}

// DeleteGroup deletes a group at a broker (207), with its offsets if so asked.
func (c *Client) DeleteGroup(ctx context.Context, addr, group string, offsets bool) error {
	_, err := ask(ctx, c, addr, wire.ReqDeleteSubscriptiongroup, wire.DeleteSubscriptionGroupRequest,
		&wire.DeleteSubscriptionGroupRequestHeader{GroupName: group, CleanOffset: offsets}, nil)
	return err
}

// AllGroups asks a broker for its groups (201), page by page where it knows pages.
func (c *Client) AllGroups(ctx context.Context, addr string) (*protocol.SubscriptionGroupWrapper, error) {
	all := &protocol.SubscriptionGroupWrapper{SubscriptionGroupTable: map[string]*protocol.SubscriptionGroupConfig{},
		ForbiddenTable: map[string]map[string]int{}}
	for h := (wire.GetAllSubscriptionGroupRequestHeader{MaxGroupNum: pageSize}); ; h.GroupSeq += pageSize {
		resp, err := askFor(ctx, c, addr, 4*c.opts.Timeout, wire.ReqGetAllSubscriptiongroupConfig, wire.GetAllGroupsRequest,
			&h, nil)
		var page protocol.SubscriptionGroupWrapper
		if err := decode(resp, err, &page); err != nil {
			return nil, err
		}
		if h.DataVersion != "" && page.DataVersion != all.DataVersion {
			h.DataVersion, h.GroupSeq = "", -pageSize // changed in between: from the start
			all.SubscriptionGroupTable = map[string]*protocol.SubscriptionGroupConfig{}
			continue
		}
		maps.Copy(all.SubscriptionGroupTable, page.SubscriptionGroupTable)
		maps.Copy(all.ForbiddenTable, page.ForbiddenTable)
		all.DataVersion = page.DataVersion
		var total wire.GetAllSubscriptionGroupResponseHeader
		if err := wire.GetAllGroupsResponse.Decode(resp, nil, &total); err != nil {
			return nil, err
		}
		if total.TotalGroupNum < 0 || h.GroupSeq+pageSize >= total.TotalGroupNum || len(page.SubscriptionGroupTable) == 0 {
			return all, nil
		}
		h.DataVersion = versionText(all.DataVersion)
	}
}

// Group asks a broker for one group, nil when it has none of that name.
func (c *Client) Group(ctx context.Context, addr, group string) (*protocol.SubscriptionGroupConfig, error) {
	all, err := c.AllGroups(ctx, addr)
	if err != nil {
		return nil, err
	}
	return all.SubscriptionGroupTable[group], nil
}

// ErrNotOnline says that a group has no members that are connected. Java's words.
var ErrNotOnline = errors.New("Not found the consumer group connection")

// ConsumersAt asks a broker for the members of a group (203). ErrNotOnline when there are none.
func (c *Client) ConsumersAt(ctx context.Context, addr, group string) (*ConsumerConnection, error) {
	cc := new(ConsumerConnection)
	resp, err := ask(ctx, c, addr, wire.ReqGetConsumerConnectionList, wire.GetConsumerConnectionRequest,
		&wire.ConsumerGroupHeader{ConsumerGroup: group}, nil)
	if err := decode(resp, err, cc); err != nil {
		return nil, err
	}
	if len(cc.ConnectionSet) == 0 {
		return nil, ErrNotOnline
	}
	return cc, nil
}

// Consumers asks one of the brokers that hold a group's retry topic for its members; each member is connected to all.
func (c *Client) Consumers(ctx context.Context, group string) (*ConsumerConnection, error) {
	route, err := c.Route(ctx, compat.RetryTopicPrefix+group)
	if err != nil {
		return nil, err
	}
	nodes := Selected(route)
	if len(nodes) == 0 {
		return nil, ErrNotOnline
	}
	return c.ConsumersAt(ctx, nodes[rand.IntN(len(nodes))].Addr, group)
}

// ProducersOf asks one of the brokers of a topic for the live producers of a group (204).
func (c *Client) ProducersOf(ctx context.Context, group, topic string) (*ProducerConnection, error) {
	route, err := c.Route(ctx, topic)
	if err != nil {
		return nil, err
	}
	nodes := Selected(route)
	pc := new(ProducerConnection)
	if len(nodes) > 0 {
		resp, err := ask(ctx, c, nodes[rand.IntN(len(nodes))].Addr, wire.ReqGetProducerConnectionList,
			wire.GetProducerConnectionRequest, &wire.ProducerGroupHeader{ProducerGroup: group}, nil)
		if err := decode(resp, err, pc); err != nil {
			return nil, err
		}
	}
	if len(pc.ConnectionSet) == 0 {
		return nil, errors.New("Not found the producer group connection")
	}
	return pc, nil
}

// RunningInfo asks, through a broker that holds the group's retry topic, a member of a group what it does (307).
func (c *Client) RunningInfo(ctx context.Context, group, client string, jstack bool) (*ConsumerRunningInfo, error) {
	route, err := c.Route(ctx, compat.RetryTopicPrefix+group)
	if err != nil {
		return nil, err
	}
	nodes := Selected(route)
	if len(nodes) == 0 {
		return nil, ErrNotOnline
	}
	info := new(ConsumerRunningInfo)
	resp, err := ask(ctx, c, nodes[0].Addr, wire.ReqGetConsumerRunningInfo, wire.RunningInfoRequest,
		&wire.RunningInfoHeader{ConsumerGroup: group, ClientID: client, JstackEnable: jstack}, nil)
	return info, decode(resp, err, info)
}

// SetRequestMode sets whether a group pulls or pops a topic at a broker (401). mode is PULL or POP.
func (c *Client) SetRequestMode(ctx context.Context, addr, topic, group, mode string, popShareQueues int) error {
	body, err := compat.Marshal(struct {
		ConsumerGroup    string `json:"consumerGroup"`
		Mode             string `json:"mode"`
		PopShareQueueNum int    `json:"popShareQueueNum"`
		Topic            string `json:"topic"`
	}{group, mode, popShareQueues, topic})
	if err != nil {
		return err
	}
	_, err = c.plain(ctx, addr, wire.ReqSetMessageRequestMode, body)
	return err
}

// TopicsOfGroup asks a broker which topics a group consumes (343).
func (c *Client) TopicsOfGroup(ctx context.Context, addr, group string) ([]string, error) {
	var l protocol.TopicList
	resp, err := ask(ctx, c, addr, wire.ReqQueryTopicsByConsumer, wire.GroupRequest, &wire.GroupHeader{Group: group}, nil)
	return l.TopicList, decode(resp, err, &l)
}

// systemGroups are those that brokers and tools have. Java: MixAll.isPredefinedGroup.
var systemGroups = []string{"DEFAULT_CONSUMER", "DEFAULT_PRODUCER", protocol.GroupTools, "SCHEDULE_CONSUMER",
	protocol.GroupFilterServer, "__MONITOR_CONSUMER", "CLIENT_INNER_PRODUCER", "SELF_TEST_P_GROUP", protocol.GroupSelfTest,
	protocol.GroupHTTPProxy, protocol.GroupAPIPull, protocol.GroupAPIPermission, protocol.GroupAPIOwner}

// IsInternalGroup tells groups that brokers and tools have themselves, which lists of users' groups leave out.
func IsInternalGroup(name string) bool {
	return slices.Contains(systemGroups, name) || strings.HasPrefix(name, protocol.SystemGroupPrefix)
}
