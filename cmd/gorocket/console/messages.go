package console

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
	"gorocket/store/record"
)

// Limits of a search for messages.
const (
	maxFound = 64
	maxShown = 256 << 10 // bytes of a body that are shown
	maxHex   = 4 << 10   // bytes of a body that are shown as hex
)

// found is a message of a list.
type found struct {
	*admin.Message // without its body
	Link           string
	Size           int // bytes of the body
}

// listed is a message for a list: bodies are not kept, they may be large.
func listed(topic string, m *admin.Message) found {
	one := *m
	one.Body = nil
	return found{&one, with("/message", "topic", topic, "id", m.OffsetID), len(m.Body)}
}

// messagesView is the page that searches.
type messagesView struct {
	Topic, By, Key, ID, Queue, Broker, Offset, Begin, End string
	Asked                                                 bool
	Found                                                 []found
	More                                                  bool   // there may be more than are shown
	Next                                                  string // of a queue
}

// Ways to search.
const (
	byKey   = "key"
	byID    = "id"
	byTime  = "time"
	byQueue = "queue"
)

func showMessages(r *request) (any, error) {
	now := time.Now()
	v := &messagesView{Topic: r.field("topic"), By: r.field("by"), Key: r.field("key"), ID: r.field("id"),
		Queue: r.field("queue"), Broker: r.field("broker"), Offset: r.field("offset"), Begin: r.field("begin"),
		End: r.field("end")}
	if !slices.Contains([]string{byKey, byID, byTime, byQueue}, v.By) {
		v.By = byKey
	}
	if v.Begin == "" {
		v.Begin = now.Add(-time.Hour).Format(formTime)
	}
	if v.End == "" {
		v.End = now.Add(time.Minute).Format(formTime)
	}
	if v.Topic == "" {
		return v, nil
	}
	v.Asked = true
	var err error
	if v.Found, err = r.find(v); errors.Is(err, admin.ErrNoMessage) {
		err = nil
	}
	return v, err
}

func listAll(topic string, all []admin.Message) (rows []found) {
	for i := range all {
		rows = append(rows, listed(topic, &all[i]))
	}
	return rows
}

// find does what the form asks for.
func (r *request) find(v *messagesView) ([]found, error) {
	switch v.By {
	case byID:
		if v.ID == "" {
			return nil, fail("error.needs", "id")
		}
		m, err := r.b.message(r.Context(), v.Topic, v.ID)
		if err != nil {
			return nil, err
		}
		return []found{listed(v.Topic, m)}, nil
	case byTime:
		return r.findByTime(v)
	case byQueue:
		return r.findInQueue(v)
	}
	if v.Key == "" {
		return nil, fail("error.needs", "key")
	}
	all, err := r.b.QueryMessages(r.Context(), admin.Query{Topic: v.Topic, Key: v.Key, Type: admin.IndexKey, Max: maxFound,
		End: math.MaxInt64})
	v.More = len(all) >= maxFound
	return listAll(v.Topic, all), err
}

// message finds a message by the id of its place, or by that of its producer. A place is asked for at brokers that a
// NameServer names, and nowhere else.
func (b *backend) message(ctx context.Context, topic, id string) (*admin.Message, error) {
	if host, offset, err := record.ParseMessageID(id); err == nil {
		if n, err := b.node(ctx, host.String()); err == nil {
			if m, err := b.ViewMessage(ctx, n.Addr, topic, offset); err == nil {
				return m, nil
			}
		}
	}
	all, err := b.QueryMessages(ctx, admin.Query{Topic: topic, Key: id, Type: admin.IndexUnique, Max: maxFound,
		End: math.MaxInt64})
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

// findByTime walks the queues of a topic, the same number of messages in each.
func (r *request) findByTime(v *messagesView) ([]found, error) {
	begin, err := parseTime(v.Begin)
	if err != nil {
		return nil, err
	}
	end, err := parseTime(v.End)
	if err != nil {
		return nil, err
	}
	route, err := r.b.Route(r.Context(), v.Topic)
	if err != nil {
		return nil, err
	}
	nodes := map[string]admin.Node{}
	for _, n := range admin.Selected(route) {
		nodes[n.Broker] = n
	}
	queues := admin.ReadQueues(v.Topic, route)
	parts := make([][]found, len(queues))
	errs := admin.Each(r.b.Parallel(), queues, func(i int, q protocol.MessageQueue) error {
		err := r.b.EachOf(r.Context(), nodes[q.BrokerName], v.Topic, q.QueueID, admin.Span{Begin: begin, End: end + 1},
			func(m *admin.Message) error {
				if len(parts[i]) > maxFound {
					return admin.ErrEnough
				}
				parts[i] = append(parts[i], listed(v.Topic, m))
				return nil
			})
		if errors.Is(err, admin.ErrEnough) {
			return nil
		}
		return err
	})
	all := slices.Concat(parts...)
	slices.SortStableFunc(all, func(a, b found) int { return int(a.StoreTimestamp - b.StoreTimestamp) })
	v.More = len(all) > maxFound
	return all[:min(len(all), maxFound)], errors.Join(errs...)
}

// findInQueue reads a queue from an offset on.
func (r *request) findInQueue(v *messagesView) ([]found, error) {
	if v.Broker == "" {
		return nil, fail("error.needs", "broker")
	}
	queue, err := r.number("queue", 0, 0, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	n, err := r.b.broker(r.Context(), v.Topic, v.Broker)
	if err != nil {
		return nil, err
	}
	from, to, err := r.b.Bounds(r.Context(), n, v.Topic, int(queue), admin.Everything)
	if err != nil {
		return nil, err
	}
	offset, err := r.number("offset", max(from, to-maxFound), 0, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	res, err := r.b.Pull(r.Context(), n, v.Topic, int(queue), max(offset, from), maxFound, "*")
	if err != nil {
		return nil, err
	}
	if res.Next > offset && res.Next < to && len(res.Messages) > 0 {
		v.Next = with("/messages", "topic", v.Topic, "by", byQueue, "broker", v.Broker, "queue", v.Queue, "offset",
			strconv.FormatInt(res.Next, 10))
	}
	return listAll(v.Topic, res.Messages), nil
}

// messageView is the page of a message.
type messageView struct {
	*admin.Message
	ID         string
	Properties []infoRow
	Text       string // "" when it is no text
	JSON       string // indented; "" when it is none
	Hex        string
	Cut        bool // not all of it is shown
	Size       int
	Tracks     []admin.Track
	Trace      []admin.TraceStep
	Picture    *tracePicture
	Partly     []string
	Dead       string // the group of which it is a dead letter
}

func showMessage(r *request) (any, error) {
	topic, err := r.need("topic")
	if err != nil {
		return nil, err
	}
	id, err := r.need("id")
	if err != nil {
		return nil, err
	}
	m, err := r.b.message(r.Context(), topic, id)
	if errors.Is(err, admin.ErrNoMessage) {
		return nil, fail("error.message", id)
	}
	if err != nil {
		return nil, err
	}
	v := &messageView{Message: m, ID: m.ID(), Size: len(m.Body)}
	for _, k := range m.Names {
		v.Properties = append(v.Properties, infoRow{k, m.Properties[k]})
	}
	v.body(m.Body)
	v.Dead, _ = strings.CutPrefix(m.Topic, compat.DLQTopicPrefix)
	if v.Dead == m.Topic {
		v.Dead = ""
	}
	if v.Tracks, err = r.b.Tracks(r.Context(), m); err != nil {
		v.Partly = append(v.Partly, err.Error())
	}
	v.trace(r)
	return v, nil
}

// body shows a body in three ways.
func (v *messageView) body(b []byte) {
	v.Cut = len(b) > maxShown
	if shown := b[:min(len(b), maxShown)]; utf8.Valid(shown) && !bytes.ContainsRune(shown, 0) {
		v.Text = string(shown)
	} else if v.Cut {
		v.Text = strings.ToValidUTF8(string(shown), "\ufffd")
	}
	var indented bytes.Buffer
	if !v.Cut && len(b) > 0 && (b[0] == '{' || b[0] == '[') && json.Indent(&indented, b, "", "  ") == nil {
		v.JSON = indented.String()
	}
	v.Hex = hex.Dump(b[:min(len(b), maxHex)])
}

// trace looks for what producers and consumers told of the message.
func (v *messageView) trace(r *request) {
	all, err := r.b.QueryMessages(r.Context(), admin.Query{Topic: compat.TopicTrace, Key: v.ID, Type: admin.IndexKey,
		Max: maxFound, End: math.MaxInt64})
	if err != nil {
		return // no trace topic, or nobody told
	}
	for i := range all {
		v.Trace = append(v.Trace, admin.DecodeTrace(v.ID, &all[i])...)
	}
	slices.SortStableFunc(v.Trace, func(a, b admin.TraceStep) int { return int(a.Time - b.Time) })
	v.Picture = drawTrace(v.Trace, v.StoreTimestamp)
}
