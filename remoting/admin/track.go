package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// Track says what a group did with a message. Java: MessageTrack.
type Track struct {
	Group string `json:"consumerGroup"`
	Type  string `json:"trackType"` // see Tracked…
	Why   string `json:"exceptionDesc,omitempty"`
}

// Values of Track.Type. Java: TrackType.
const (
	Tracked          = "CONSUMED"
	TrackFiltered    = "CONSUMED_BUT_FILTERED"
	TrackPull        = "PULL"
	TrackNotYet      = "NOT_CONSUME_YET"
	TrackNotOnline   = "NOT_ONLINE"
	TrackBroadcast   = "CONSUME_BROADCASTING"
	TrackUnknown     = "UNKNOWN"
	consumeActively  = "CONSUME_ACTIVELY"
	consumePassively = "CONSUME_PASSIVELY"
)

// GroupsOf asks one of the brokers of a topic which groups consume it. Java: queryTopicConsumeByWho.
func (c *Client) GroupsOf(ctx context.Context, topic string) ([]string, error) {
	route, err := c.Route(ctx, topic)
	if err != nil {
		return nil, err
	}
	for _, n := range Selected(route) {
		return c.ConsumersOf(ctx, n.Addr, topic)
	}
	return nil, nil
}

// Tracks asks what each group that consumes a message's topic did with it. Java: messageTrackDetail.
func (c *Client) Tracks(ctx context.Context, m *Message) ([]Track, error) {
	groups, err := c.GroupsOf(ctx, m.Topic)
	if err != nil {
		return nil, err
	}
	tracks := make([]Track, len(groups))
	Each(c.opts.Parallel, groups, func(i int, g string) error {
		tracks[i] = c.track(ctx, m, g)
		return nil
	})
	return tracks, nil
}

func (c *Client) track(ctx context.Context, m *Message, group string) Track {
	t := Track{Group: group, Type: TrackUnknown}
	cc, err := c.Consumers(ctx, group)
	if err != nil {
		return t.failed(err)
	}
	switch cc.ConsumeType {
	case consumeActively:
		t.Type = TrackPull
	case consumePassively:
		done, err := c.consumed(ctx, m, group)
		if err != nil {
			return t.failed(err)
		}
		t.Type = TrackNotYet
		if done {
			t.Type = Tracked
			if s, has := cc.SubscriptionTable[m.Topic]; has && len(s.TagsSet) > 0 &&
				!slices.Contains(s.TagsSet, m.Tags()) && !slices.Contains(s.TagsSet, "*") {
				t.Type = TrackFiltered
			}
		}
	}
	return t
}

func (t Track) failed(err error) Track {
	code := CodeOf(err)
	switch {
	case code == wire.ConsumerNotOnline || errors.Is(err, ErrNotOnline):
		t.Type = TrackNotOnline
	case errors.Is(err, ErrBroadcast):
		t.Type = TrackBroadcast
		return t
	}
	t.Why = err.Error()
	var e *Error
	if errors.As(err, &e) && code >= 0 {
		t.Why = fmt.Sprintf("CODE:%d DESC:%s", code, e.Remark)
	}
	return t
}

// consumed tells whether a group has come past a message. Java: MQAdminExt.consumed.
func (c *Client) consumed(ctx context.Context, m *Message, group string) (bool, error) {
	stats, err := c.ConsumeStats(ctx, "", group, "")
	if err != nil {
		return false, err
	}
	info, err := c.ClusterInfo(ctx)
	if err != nil {
		return false, err
	}
	for q, w := range stats.OffsetTable {
		if q.Topic != m.Topic || q.QueueID != int(m.QueueID) {
			continue
		}
		if b := info.BrokerAddrTable[q.BrokerName]; b != nil && b.BrokerAddrs[protocol.MasterID] == m.StoreHost &&
			w.ConsumerOffset > m.QueueOffset {
			return true, nil
		}
	}
	return false, nil
}

// DirectResult is what a member of a group said to a message that it was given. Java: ConsumeMessageDirectlyResult.
type DirectResult struct {
	AutoCommit     bool    `json:"autoCommit"`
	ConsumeResult  string  `json:"consumeResult"`
	Order          bool    `json:"order"`
	Remark         *string `json:"remark"`
	SpentTimeMills int64   `json:"spentTimeMills"`
}

// ConsumeDirectly makes a broker hand a message to a member of a group (309).
func (c *Client) ConsumeDirectly(ctx context.Context, group, client string, m *Message) (*DirectResult, error) {
	r := new(DirectResult)
	resp, err := askFor(ctx, c, m.StoreHost, 3*c.opts.Timeout, wire.ReqConsumeMessageDirectly, wire.ConsumeDirectlyRequest,
		&wire.ConsumeDirectlyHeader{ConsumerGroup: group, ClientID: client, Topic: m.Topic, MsgID: m.OffsetID}, nil)
	return r, decode(resp, err, r)
}

// QueueEntries are entries of a consume queue, as a broker has them. Java: QueryConsumeQueueResponseBody.
type QueueEntries struct {
	FilterData       *string       `json:"filterData"`
	MaxQueueIndex    int64         `json:"maxQueueIndex"`
	MinQueueIndex    int64         `json:"minQueueIndex"`
	QueueData        []QueueEntry  `json:"queueData"`
	SubscriptionData *Subscription `json:"subscriptionData"`
}

// QueueEntry is one of them. Java: ConsumeQueueData.
type QueueEntry struct {
	BitMap         *string `json:"bitMap"`
	Eval           bool    `json:"eval"`
	ExtendDataJSON *string `json:"extendDataJson"`
	Msg            *string `json:"msg"`
	PhysicOffset   int64   `json:"physicOffset"`
	PhysicSize     int32   `json:"physicSize"`
	TagsCode       int64   `json:"tagsCode"`
}

// QueueEntries asks a broker for entries of a consume queue (321).
func (c *Client) QueueEntries(ctx context.Context, addr, topic string, queue int, from int64, count int, group string) (
	*QueueEntries, error) {
	e := new(QueueEntries)
	resp, err := ask(ctx, c, addr, wire.ReqQueryConsumeQueue, wire.QueryConsumeQueueRequest,
		&wire.ConsumeQueueRequestHeader{Topic: topic, QueueID: int32(queue), Index: from, Count: int32(count),
			ConsumerGroup: group}, nil)
	return e, decode(resp, err, e)
}

// IsInternalTopic tells topics that brokers make for themselves, which lists of users' topics leave out. Java:
// TopicValidator.isSystemTopic.
func IsInternalTopic(topic string) bool {
	return compat.IsSystemTopic(topic) || len(topic) > len(compat.SystemTopicPrefix) &&
		topic[:len(compat.SystemTopicPrefix)] == compat.SystemTopicPrefix
}
