package admin

import (
	"context"
	"errors"
	"math"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// DeadGroup is a group with dead letters.
type DeadGroup struct {
	Group    string `json:"group"`
	Messages int64  `json:"messages"`
	Last     int64  `json:"lastTimestamp"` // ms
}

// CountDead fills in how many dead letters each of groups has and when the last one came. Errors are in the order of
// groups.
func (c *Client) CountDead(ctx context.Context, groups []DeadGroup) []error {
	return Each(c.opts.Parallel, groups, func(i int, g DeadGroup) error {
		topic := compat.DLQTopicPrefix + g.Group
		route, err := c.Route(ctx, topic)
		if err != nil {
			return err
		}
		stats, err := c.TopicStats(ctx, topic, route)
		if err != nil {
			return err
		}
		for _, o := range stats.OffsetTable {
			groups[i].Messages += o.MaxOffset - o.MinOffset
			groups[i].Last = max(groups[i].Last, o.LastUpdateTimestamp)
		}
		return nil
	})
}

// Span is a time of storing, in ms since 1970, the end not included.
type Span struct{ Begin, End int64 }

// Everything is the Span of all messages.
var Everything = Span{0, math.MaxInt64}

// ErrEnough ends a walk over messages without an error.
var ErrEnough = errors.New("enough")

// EachDead calls f for the dead letters of a group, queue by queue, up to one for which it returns an error.
func (c *Client) EachDead(ctx context.Context, group string, span Span, f func(m *Message) error) error {
	topic := compat.DLQTopicPrefix + group
	route, err := c.Route(ctx, topic)
	if err != nil {
		return err
	}
	for _, n := range Selected(route) { // dead letter topics may be read by nobody: not by the route's permission
		for _, q := range route.QueueDatas {
			for id := 0; q.BrokerName == n.Broker && id < max(q.ReadQueueNums, q.WriteQueueNums); id++ {
				if err := c.EachOf(ctx, n, topic, id, span, f); errors.Is(err, ErrEnough) {
					return nil
				} else if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// EachOf calls f for the messages of one queue that are there now, up to one for which it returns an error.
func (c *Client) EachOf(ctx context.Context, n Node, topic string, queue int, span Span,
	f func(m *Message) error) error {
	from, to, err := c.Bounds(ctx, n, topic, queue, span)
	if err != nil {
		return err
	}
	for offset := from; offset < to; {
		r, err := c.Pull(ctx, n, topic, queue, offset, walkBatch, "*")
		if err != nil {
			return err
		}
		for i := range r.Messages {
			if m := &r.Messages[i]; m.QueueOffset < to {
				if err := f(m); err != nil {
					return err
				}
			}
		}
		if r.Next <= offset {
			break
		}
		offset = r.Next
	}
	return nil
}

// walkBatch is how many messages are asked for at once.
const walkBatch = 32

// Bounds finds where a queue begins and ends: its ends, or what was stored in a span.
func (c *Client) Bounds(ctx context.Context, n Node, topic string, queue int, span Span) (from, to int64, err error) {
	if span.Begin > 0 {
		from, err = c.SearchOffset(ctx, n.Addr, topic, queue, span.Begin)
	} else {
		from, err = c.MinOffset(ctx, n.Addr, topic, queue)
	}
	if err != nil {
		return 0, 0, err
	}
	if span.End < math.MaxInt64 {
		to, err = c.SearchOffset(ctx, n.Addr, topic, queue, span.End)
	} else {
		to, err = c.MaxOffset(ctx, n.Addr, topic, queue)
	}
	return from, to, err
}

// OriginTopic is the topic that a dead letter came from, "" when it does not say.
func OriginTopic(m *Message) string {
	if t := m.Properties["DLQ_ORIGIN_TOPIC"]; t != "" {
		return t
	}
	return m.Properties[protocol.PropRetryTopic]
}

// CopyOf is a message to send again. What brokers and clients add to messages is left out; the id of its producer
// stays, as in Java.
func CopyOf(m *Message, topic string) *Outgoing {
	props := map[string]string{}
	for k, v := range m.Properties {
		if !addedProperties[k] {
			props[k] = v
		}
	}
	return &Outgoing{Topic: topic, Flag: m.Flag, Body: m.Body, Properties: props}
}

var addedProperties = map[string]bool{"MIN_OFFSET": true, "MAX_OFFSET": true, "CLUSTER": true, "MSG_REGION": true,
	"TRACE_ON": true, "WAIT": true, "1ST_POP_TIME": true, "POP_CK": true}
