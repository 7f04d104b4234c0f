package admin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// ErrNoMessage says that nobody has such a message. Java's words.
var ErrNoMessage = errors.New("query message by key finished, but no message.")

// Types of the keys of an index. Java: MessageConst.INDEX_*.
const (
	IndexKey    = "K"
	IndexTag    = "T"
	IndexUnique = "U"
)

// Query is a question for messages by key.
type Query struct {
	Cluster string // the brokers of which are asked; "": all of the topic. Of light queues: the topic they belong to
	Topic   string
	Key     string
	Type    string // IndexKey, IndexTag, IndexUnique
	LastKey string // where the answer before this one ended
	Max     int    // for each broker
	Begin   int64  // ms, of the store time
	End     int64
}

// ViewMessage asks a broker for the record at a place of its log (33).
func (c *Client) ViewMessage(ctx context.Context, addr, topic string, offset int64) (*Message, error) {
	resp, err := ask(ctx, c, addr, wire.ReqViewMessageById, wire.ViewMessageRequest,
		&wire.ViewMessageRequestHeader{Offset: offset, Topic: topic}, nil)
	if err != nil {
		return nil, err
	}
	all, err := DecodeMessages(resp.Body)
	if err != nil || len(all) == 0 {
		return nil, errors.Join(fmt.Errorf("%s, log offset %d: no message", addr, offset), err)
	}
	return &all[0], nil
}

// QueryMessages asks all brokers of a topic for messages by key (12). A broker that cannot be asked is left out unless
// no message was found. Java: MQAdminImpl.queryMessage.
func (c *Client) QueryMessages(ctx context.Context, q Query) ([]Message, error) {
	light := IsLightQueue(q.Topic)
	routeOf := q.Topic
	if byCluster(q.Topic) && q.Cluster != "" {
		routeOf = q.Cluster
	}
	route, err := c.Route(ctx, routeOf)
	if err != nil {
		return nil, err
	}
	nodes := slices.DeleteFunc(Selected(route), func(n Node) bool {
		return !light && q.Cluster != "" && n.Cluster != q.Cluster
	})
	parts := make([][]Message, len(nodes))
	errs := Each(c.opts.Parallel, nodes, func(i int, n Node) (err error) {
		parts[i], err = c.queryAt(ctx, n.Addr, q, light)
		return err
	})
	var all []Message
	for i := range parts {
		all = append(all, parts[i]...)
	}
	if len(all) == 0 {
		for _, err := range errs {
			if err != nil && CodeOf(err) != wire.QueryNotFound {
				return nil, err
			}
		}
		return nil, ErrNoMessage
	}
	return all, nil
}

func (c *Client) queryAt(ctx context.Context, addr string, q Query, light bool) ([]Message, error) {
	h := wire.QueryMessageRequestHeader{Topic: q.Topic, Key: q.Key, MaxNum: int32(q.Max), BeginTimestamp: q.Begin,
		EndTimestamp: q.End, IndexType: q.Type, LastKey: q.LastKey, UniqueKeyQuery: fmt.Sprint(q.Type == IndexUnique)}
	if light {
		h.Topic = q.Cluster
	}
	resp, err := askFor(ctx, c, addr, 3*c.opts.Timeout, wire.ReqQueryMessage, wire.QueryMessageRequest, &h, nil)
	if err != nil {
		return nil, err
	}
	all, err := DecodeMessages(resp.Body)
	return slices.DeleteFunc(all, func(m Message) bool { // hashes of keys may be the same
		switch q.Type {
		case IndexUnique:
			return m.ID() != q.Key
		case IndexTag:
			return m.Tags() != q.Key || !light && m.Topic != q.Topic
		}
		return !m.HasKey(q.Key) || !light && m.Topic != q.Topic
	}), err
}

// uniqueSpan is how long back Java's tools look for a message by its unique key.
const uniqueSpan = 3 * 24 * time.Hour

// FindMessage looks for a message by id: that of its place, which names its broker, or that of its producer. Java:
// MQAdminExt.queryMessage.
func (c *Client) FindMessage(ctx context.Context, cluster, topic, id string) (*Message, error) {
	if host, offset, err := record.ParseMessageID(id); err == nil {
		if m, err := c.ViewMessage(ctx, host.String(), topic, offset); err == nil {
			return m, nil
		}
	}
	all, err := c.QueryMessages(ctx, Query{Cluster: cluster, Topic: topic, Key: id, Type: IndexUnique, Max: 32,
		Begin: time.Now().Add(-uniqueSpan).UnixMilli(), End: math.MaxInt64})
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

// Statuses of a pull. Java: PullStatus.
const (
	PullFound         = "FOUND"
	PullNoNew         = "NO_NEW_MSG"
	PullNoMatch       = "NO_MATCHED_MSG"
	PullOffsetIllegal = "OFFSET_ILLEGAL"
)

// PullResult is what a pull brought.
type PullResult struct {
	Status    string    `json:"status"`
	Next      int64     `json:"nextBeginOffset"`
	MinOffset int64     `json:"minOffset"`
	MaxOffset int64     `json:"maxOffset"`
	Messages  []Message `json:"messages"`
}

// Pull asks a broker for messages of a queue from an offset on (11), without waiting for any and without a commit.
// expression are tags: "*" or "a || b". Java: DefaultMQPullConsumer.pull.
func (c *Client) Pull(ctx context.Context, n Node, topic string, queue int, offset int64, most int, expression string) (
	*PullResult, error) {
	h := wire.PullMessageRequestHeader{ConsumerGroup: protocol.GroupTools, Topic: topic, QueueID: int32(queue),
		QueueOffset: offset, MaxMsgNums: int32(most), SysFlag: wire.PullFlagSubscription, Subscription: expression,
		SubVersion: time.Now().UnixMilli(), ExpressionType: "TAG", MaxMsgBytes: math.MaxInt32, RequestSource: -1}
	cn, err := c.client.Conn(ctx, n.Addr)
	if err != nil {
		return nil, &Error{Broker: n.Broker, Addr: n.Addr, Request: wire.ReqPullMessage, Code: -1, Cause: err}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*c.opts.Timeout)
	defer cancel()
	resp, err := remoting.Invoke(ctx, cn, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil)
	if err != nil {
		return nil, &Error{Broker: n.Broker, Addr: n.Addr, Request: wire.ReqPullMessage, Code: -1, Cause: err}
	}
	r := &PullResult{}
	switch resp.Code {
	case wire.Success:
		r.Status = PullFound
	case wire.PullNotFound:
		r.Status = PullNoNew
	case wire.PullRetryImmediately:
		r.Status = PullNoMatch
	case wire.PullOffsetMoved:
		r.Status = PullOffsetIllegal
	default:
		return nil, &Error{Broker: n.Broker, Addr: n.Addr, Request: wire.ReqPullMessage, Code: resp.Code, Remark: resp.Remark}
	}
	var ends wire.PullMessageResponseHeader
	if err := wire.PullMessageResponse.Decode(resp, nil, &ends); err != nil {
		return nil, err
	}
	r.Next, r.MinOffset, r.MaxOffset = ends.NextBeginOffset, ends.MinOffset, ends.MaxOffset
	if r.Status != PullFound {
		return r, nil
	}
	r.Messages, err = DecodeMessages(resp.Body)
	r.finish(n.Broker, queue, &ends, expression)
	return r, err
}

// finish does what clients do with messages that were pulled. Java: PullAPIWrapper.processPullResult.
func (r *PullResult) finish(broker string, queue int, ends *wire.PullMessageResponseHeader, expression string) {
	var tags []string
	for _, t := range strings.Split(expression, "||") {
		if t = strings.TrimSpace(t); t != "" && t != "*" {
			tags = append(tags, t)
		}
	}
	r.Messages = slices.DeleteFunc(r.Messages, func(m Message) bool {
		return len(tags) > 0 && !slices.Contains(tags, m.Tags())
	})
	for i := range r.Messages {
		m := &r.Messages[i]
		m.BrokerName, m.QueueID = broker, int32(queue)
		m.setProperty("MIN_OFFSET", fmt.Sprint(r.MinOffset))
		m.setProperty("MAX_OFFSET", fmt.Sprint(r.MaxOffset))
		if ends.OffsetDelta != wire.NoOffsetDelta {
			m.QueueOffset += ends.OffsetDelta
		}
	}
}
