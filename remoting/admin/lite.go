package admin

import (
	"context"

	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// BrokerLite is how many lite topics a broker has. Java: GetBrokerLiteInfoResponseBody.
type BrokerLite struct {
	StoreType             string              `json:"storeType"`
	MaxLmqNum             int                 `json:"maxLmqNum"`
	CurrentLmqNum         int                 `json:"currentLmqNum"`
	LiteSubscriptionCount int                 `json:"liteSubscriptionCount"`
	OrderInfoCount        int                 `json:"orderInfoCount"`
	CqTableSize           int                 `json:"cqTableSize"`
	OffsetTableSize       int                 `json:"offsetTableSize"`
	EventMapSize          int                 `json:"eventMapSize"`
	TopicMeta             map[string]int      `json:"topicMeta"`
	GroupMeta             map[string][]string `json:"groupMeta"`
}

// ParentTopic is a topic that has lite topics. Java: GetParentTopicInfoResponseBody.
type ParentTopic struct {
	Topic          string   `json:"topic"`
	TTL            int      `json:"ttl"` // minutes
	Groups         []string `json:"groups"`
	LmqNum         int      `json:"lmqNum"`
	LiteTopicCount int      `json:"liteTopicCount"`
}

// LiteTopic is a lite topic on one broker. Java: GetLiteTopicInfoResponseBody.
type LiteTopic struct {
	ParentTopic      string               `json:"parentTopic"`
	LiteTopic        string               `json:"liteTopic"`
	Subscriber       []LiteSubscriber     `json:"subscriber"`
	TopicOffset      protocol.TopicOffset `json:"topicOffset"`
	ShardingToBroker bool                 `json:"shardingToBroker"`
}

// LiteSubscriber is a client that subscribes to a lite topic. Java: ClientGroup.
type LiteSubscriber struct {
	ClientID string `json:"clientId"`
	Group    string `json:"group"`
}

// LiteClient is a client's part in the lite topics of a broker. Java: GetLiteClientInfoResponseBody.
type LiteClient struct {
	ParentTopic     string   `json:"parentTopic"`
	Group           string   `json:"group"`
	ClientID        string   `json:"clientId"`
	LastAccessTime  int64    `json:"lastAccessTime"`  // ms
	LastConsumeTime int64    `json:"lastConsumeTime"` // ms
	LiteTopicCount  int      `json:"liteTopicCount"`
	LiteTopicSet    []string `json:"liteTopicSet"`
}

// LiteGroup is a group's progress in the lite topics of a broker. Java: GetLiteGroupInfoResponseBody.
type LiteGroup struct {
	Group                       string         `json:"group"`
	ParentTopic                 string         `json:"parentTopic"`
	LiteTopic                   string         `json:"liteTopic"`
	EarliestUnconsumedTimestamp int64          `json:"earliestUnconsumedTimestamp"` // ms
	TotalLagCount               int64          `json:"totalLagCount"`
	LiteTopicOffsetWrapper      *OffsetWrapper `json:"liteTopicOffsetWrapper"`
	LagCountTopK                []LiteLag      `json:"lagCountTopK"`
	LagTimestampTopK            []LiteLag      `json:"lagTimestampTopK"`
}

// LiteLag is a lite topic that waits for a group. Java: LiteLagInfo.
type LiteLag struct {
	LiteTopic                   string `json:"liteTopic"`
	LagCount                    int64  `json:"lagCount"`
	EarliestUnconsumedTimestamp int64  `json:"earliestUnconsumedTimestamp"` // ms
}

// BrokerLite asks a broker about its lite topics (200074).
func (c *Client) BrokerLite(ctx context.Context, addr string) (*BrokerLite, error) {
	b := new(BrokerLite)
	resp, err := c.plain(ctx, addr, wire.ReqGetBrokerLiteInfo, nil)
	return b, decode(resp, err, b)
}

// ParentTopic asks a broker about a topic that has lite topics (200075).
func (c *Client) ParentTopic(ctx context.Context, addr, topic string) (*ParentTopic, error) {
	p := new(ParentTopic)
	resp, err := ask(ctx, c, addr, wire.ReqGetParentTopicInfo, wire.ParentTopicRequest,
		&wire.ParentTopicHeader{Topic: topic}, nil)
	return p, decode(resp, err, p)
}

// LiteTopic asks a broker about a lite topic (200076).
func (c *Client) LiteTopic(ctx context.Context, addr, parent, lite string) (*LiteTopic, error) {
	t := new(LiteTopic)
	resp, err := ask(ctx, c, addr, wire.ReqGetLiteTopicInfo, wire.LiteTopicRequest,
		&wire.LiteTopicHeader{ParentTopic: parent, LiteTopic: lite}, nil)
	return t, decode(resp, err, t)
}

// LiteClient asks a broker about a client of lite topics (200077).
func (c *Client) LiteClient(ctx context.Context, addr, parent, group, client string) (*LiteClient, error) {
	l := new(LiteClient)
	resp, err := ask(ctx, c, addr, wire.ReqGetLiteClientInfo, wire.LiteClientRequest,
		&wire.LiteClientHeader{ParentTopic: parent, Group: group, ClientID: client, MaxCount: 1000}, nil)
	return l, decode(resp, err, l)
}

// LiteGroup asks a broker about a group's progress in lite topics (200078); lite "": in those that wait the most.
func (c *Client) LiteGroup(ctx context.Context, addr, group, lite string, most int) (*LiteGroup, error) {
	g := &LiteGroup{EarliestUnconsumedTimestamp: -1}
	resp, err := ask(ctx, c, addr, wire.ReqGetLiteGroupInfo, wire.LiteGroupRequest,
		&wire.LiteGroupHeader{Group: group, LiteTopic: lite, TopK: int32(most)}, nil)
	return g, decode(resp, err, g)
}

// DispatchLite makes a broker tell clients of lite topics that messages wait (200079).
func (c *Client) DispatchLite(ctx context.Context, addr, group, client string) error {
	_, err := ask(ctx, c, addr, wire.ReqTriggerLiteDispatch, wire.LiteDispatchRequest,
		&wire.LiteDispatchHeader{Group: group, ClientID: client}, nil)
	return err
}
