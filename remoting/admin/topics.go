package admin

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// attributesText is the form of attribute changes in a request: "+a=b,-c".
func attributesText(attributes map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(attributes)) {
		if v := attributes[k]; v != "" {
			k += "=" + v
		}
		parts = append(parts, k)
	}
	return strings.Join(parts, ",")
}

func createTopicHeader(t *protocol.TopicConfig) *wire.CreateTopicRequestHeader {
	return &wire.CreateTopicRequestHeader{Topic: t.TopicName, DefaultTopic: compat.TopicAutoCreate,
		ReadQueueNums: int32(t.ReadQueueNums), WriteQueueNums: int32(t.WriteQueueNums), Perm: int32(t.Perm),
		TopicFilterType: t.TopicFilterType, TopicSysFlag: int32(t.TopicSysFlag), Order: t.Order}
}

// PutTopic creates or changes a topic at a broker (17). Its attributes are changes: names begin with + or -.
func (c *Client) PutTopic(ctx context.Context, addr string, t *protocol.TopicConfig) error {
	h := createTopicHeader(t)
	h.Attributes = attributesText(t.Attributes)
	_, err := ask(ctx, c, addr, wire.ReqUpdateAndCreateTopic, wire.CreateTopicRequest, h, nil)
	return err
}

// PutTopics creates or changes topics at a broker (18).
func (c *Client) PutTopics(ctx context.Context, addr string, topics []protocol.TopicConfig) error {
	body, err := compat.Marshal(struct {
		TopicConfigList []protocol.TopicConfig `json:"topicConfigList"`
	}{topics})
	if err != nil {
		return err
	}
	_, err = c.plain(ctx, addr, wire.ReqUpdateAndCreateTopicList, body)
	return err
}

// PutStaticTopic creates or changes a broker's part of a static topic (513).
func (c *Client) PutStaticTopic(ctx context.Context, addr string, t *protocol.TopicConfig,
	mapping *protocol.TopicQueueMappingDetail, force bool) error {
	body, err := compat.Marshal(mapping)
	if err != nil {
		return err
	}
	h := createTopicHeader(t)
	h.Force = force
	_, err = ask(ctx, c, addr, wire.ReqUpdateAndCreateStaticTopic, wire.CreateTopicRequest, h, body)
	return err
}

// TopicConfig asks a broker for a topic (351); the mapping is nil unless it is a static one.
func (c *Client) TopicConfig(ctx context.Context, addr, topic string) (*protocol.TopicConfig,
	*protocol.TopicQueueMappingDetail, error) {
	resp, err := ask(ctx, c, addr, wire.ReqGetTopicConfig, wire.MustTopicRequest,
		&wire.TopicHeader{Topic: topic, Lo: "true"}, nil)
	t := new(protocol.TopicConfig)
	if err := decode(resp, err, t); err != nil {
		return nil, nil, err
	}
	var m struct {
		MappingDetail *protocol.TopicQueueMappingDetail `json:"mappingDetail"`
	}
	return t, m.MappingDetail, decode(resp, nil, &m)
}

// DeleteTopic deletes a topic at a broker (215).
func (c *Client) DeleteTopic(ctx context.Context, addr, topic string) error {
	_, err := ask(ctx, c, addr, wire.ReqDeleteTopicInBroker, wire.TopicRequest, &wire.TopicHeader{Topic: topic}, nil)
	return err
}

// TopicStatsAt asks a broker for the ends of a topic's queues there (202).
func (c *Client) TopicStatsAt(ctx context.Context, addr, topic string) (*TopicStats, error) {
	s := &TopicStats{}
	resp, err := ask(ctx, c, addr, wire.ReqGetTopicStatsInfo, wire.MustTopicRequest, &wire.TopicHeader{Topic: topic}, nil)
	return s, decode(resp, err, s)
}

// TopicStats asks the brokers of a route for the ends of a topic's queues, and adds the logic queues of a static topic.
func (c *Client) TopicStats(ctx context.Context, topic string, route *protocol.TopicRouteData) (*TopicStats, error) {
	sum := &TopicStats{OffsetTable: map[protocol.MessageQueue]protocol.TopicOffset{}}
	nodes := Selected(route)
	parts := make([]*TopicStats, len(nodes))
	for _, err := range Each(c.opts.Parallel, nodes, func(i int, n Node) (err error) {
		parts[i], err = c.TopicStatsAt(ctx, n.Addr, topic)
		return err
	}) {
		if err != nil {
			return nil, err
		}
	}
	for _, p := range parts {
		maps.Copy(sum.OffsetTable, p.OffsetTable)
		sum.TopicPutTPS += p.TopicPutTPS
	}
	if len(route.TopicQueueMappingByBroker) > 0 {
		mappings, err := c.mappings(ctx, topic, nodes)
		if err != nil {
			return nil, err
		}
		addLogicStats(topic, mappings, sum)
	}
	return sum, nil
}

// AllTopics asks a broker for its topics (21), page by page where it knows pages.
func (c *Client) AllTopics(ctx context.Context, addr string) (*protocol.TopicConfigAndMappingSerializeWrapper, error) {
	all := &protocol.TopicConfigAndMappingSerializeWrapper{TopicConfigTable: map[string]*protocol.TopicConfig{}}
	for h := (wire.GetAllTopicConfigRequestHeader{MaxTopicNum: pageSize}); ; h.TopicSeq += pageSize {
		resp, err := askFor(ctx, c, addr, 4*c.opts.Timeout, wire.ReqGetAllTopicConfig, wire.GetAllTopicConfigRequest, &h, nil)
		var page protocol.TopicConfigAndMappingSerializeWrapper
		if err := decode(resp, err, &page); err != nil {
			return nil, err
		}
		if h.DataVersion != "" && page.DataVersion != all.DataVersion {
			h.DataVersion, h.TopicSeq = "", -pageSize // changed in between: from the start
			all.TopicConfigTable = map[string]*protocol.TopicConfig{}
			continue
		}
		maps.Copy(all.TopicConfigTable, page.TopicConfigTable)
		all.DataVersion = page.DataVersion
		var total wire.GetAllTopicConfigResponseHeader
		if err := wire.GetAllTopicConfigResponse.Decode(resp, nil, &total); err != nil {
			return nil, err
		}
		if total.TotalTopicNum < 0 || h.TopicSeq+pageSize >= total.TotalTopicNum || len(page.TopicConfigTable) == 0 {
			return all, nil
		}
		h.DataVersion = versionText(all.DataVersion)
	}
}

// pageSize is how many topics or groups are asked for at once. Java: maxPageSizeInGetMetadata.
const pageSize = 2000

func versionText(v compat.DataVersion) string {
	text, _ := compat.Marshal(v) // three numbers
	return string(text)
}

// ConsumersOf asks a broker which groups consume a topic (300).
func (c *Client) ConsumersOf(ctx context.Context, addr, topic string) ([]string, error) {
	var l struct {
		GroupList []string `json:"groupList"`
	}
	resp, err := ask(ctx, c, addr, wire.ReqQueryTopicConsumeByWho, wire.MustTopicRequest, &wire.TopicHeader{Topic: topic},
		nil)
	err = decode(resp, err, &l)
	slices.Sort(l.GroupList)
	return l.GroupList, err
}

// SystemTopics asks a broker for the topics that are its own (305).
func (c *Client) SystemTopics(ctx context.Context, addr string) ([]string, error) {
	var l protocol.TopicList
	resp, err := c.plain(ctx, addr, wire.ReqGetSystemTopicListFromBroker, nil)
	return l.TopicList, decode(resp, err, &l)
}
