package console

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// topicRow is a topic of the list: the sum of what its masters have.
type topicRow struct {
	Name    string
	Kind    string // normal, fifo, … ; internal, retry, dead
	Brokers int
	Read    int // queues
	Write   int
	Perm    string
	Order   bool
}

// Kinds of topics that brokers make for themselves or for groups.
const (
	kindInternal = "internal"
	kindRetry    = "retry"
	kindDead     = "dead"
)

func topicKind(t *protocol.TopicConfig) string {
	switch {
	case strings.HasPrefix(t.TopicName, compat.RetryTopicPrefix):
		return kindRetry
	case strings.HasPrefix(t.TopicName, compat.DLQTopicPrefix):
		return kindDead
	case admin.IsInternalTopic(t.TopicName):
		return kindInternal
	}
	if kind := t.Attributes["message.type"]; kind != "" {
		return strings.ToLower(kind)
	}
	return "normal"
}

func permText(perm int) string {
	text := ""
	if perm&protocol.PermRead != 0 {
		text += "R"
	}
	if perm&protocol.PermWrite != 0 {
		text += "W"
	}
	if text == "" {
		return "–"
	}
	return text
}

// topics asks the masters for their tables of topics, and not for one topic.
func (b *backend) topics(ctx context.Context) (list[topicRow], error) {
	return remember(ctx, b, "topics", func(ctx context.Context) (list[topicRow], error) {
		nodes, all, partly, err := each(ctx, b, func(ctx context.Context, n admin.Node) (
			*protocol.TopicConfigAndMappingSerializeWrapper, error) {
			return b.AllTopics(ctx, n.Addr)
		})
		if err != nil {
			return list[topicRow]{}, err
		}
		sums := map[string]*topicRow{}
		for i := range nodes {
			for name, t := range all[i].TopicConfigTable {
				row := sums[name]
				if row == nil {
					row = &topicRow{Name: name, Kind: topicKind(t), Perm: permText(t.Perm), Order: t.Order}
					sums[name] = row
				}
				row.Brokers, row.Read, row.Write = row.Brokers+1, row.Read+t.ReadQueueNums, row.Write+t.WriteQueueNums
			}
		}
		return byName(sums, partly), nil
	})
}

// topicsView is the list of topics.
type topicsView struct {
	paging
	Topics   []topicRow
	Partly   []string
	All      bool // with those that brokers make
	Clusters []string
	New      topicForm
}

// topicForm is what a form that creates or changes a topic begins with.
type topicForm struct {
	Clusters []string
	Name     string // of a topic that is changed
	Cluster  string
	Read     int
	Write    int
	Perm     int
	Order    bool
	Kind     string
	Kinds    []string
}

// messageKinds are the values of the attribute message.type. Java: TopicMessageType.
var messageKinds = []string{"", "NORMAL", "FIFO", "DELAY", "TRANSACTION", "MIXED"}

func showTopics(r *request) (any, error) {
	list, err := r.b.topics(r.Context())
	if err != nil {
		return nil, err
	}
	v := topicsView{Partly: list.partly, All: r.field("all") == "yes"}
	search := strings.ToLower(r.field("q"))
	var rows []topicRow
	for _, t := range list.rows {
		own := t.Kind != kindInternal && t.Kind != kindRetry && t.Kind != kindDead
		if (v.All || own) && strings.Contains(strings.ToLower(t.Name), search) {
			rows = append(rows, t)
		}
	}
	v.Topics, v.paging = paged(r, rows)
	clusters, err := r.b.clusters(r.Context())
	v.New = topicForm{Clusters: clusters, Read: 8, Write: 8, Perm: protocol.PermRead | protocol.PermWrite,
		Kinds: messageKinds}
	return v, err
}

// putTopic creates a topic at the masters of a cluster, or changes it there.
func putTopic(r *request) (string, error) {
	name, err := r.need("name")
	if err != nil {
		return "", err
	}
	if err := compat.ValidateTopic(name); err != nil {
		return "", fail("error.text", err.Error())
	}
	t := protocol.NewTopicConfig(name)
	t.Order = r.field("order") == "yes"
	for field, to := range map[string]*int{"read": &t.ReadQueueNums, "write": &t.WriteQueueNums} {
		n, err := r.number(field, 8, 1, 65536)
		if err != nil {
			return "", err
		}
		*to = int(n)
	}
	perm, err := r.number("perm", protocol.PermRead|protocol.PermWrite, 0, 7)
	if err != nil {
		return "", err
	}
	t.Perm = int(perm)
	if kind := r.field("kind"); kind != "" {
		if !slices.Contains(messageKinds, kind) {
			return "", fail("error.kind", kind)
		}
		t.Attributes = map[string]string{"+message.type": kind}
	}
	return with("/topic", "name", name), r.b.putTopic(r.Context(), r.field("cluster"), &t)
}

// putTopic puts a topic at the masters of a cluster. NameServers are told of the queues of an ordered one, as by
// mqadmin.
func (b *backend) putTopic(ctx context.Context, cluster string, t *protocol.TopicConfig) error {
	nodes, err := b.mastersOf(ctx, cluster)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		err = errors.Join(err, b.PutTopic(ctx, n.Addr, t))
		if t.Order && err == nil {
			err = b.AddOrder(ctx, t.TopicName, fmt.Sprintf("%s:%d", n.Broker, t.WriteQueueNums))
		}
	}
	return err
}

// deleteTopic deletes a topic at all brokers and NameServers.
func deleteTopic(r *request) (string, error) {
	name, err := r.need("name")
	if err == nil {
		err = r.sure()
	}
	if err != nil {
		return "", err
	}
	if compat.IsSystemTopic(name) {
		return "", fail("error.system", name)
	}
	clusters, err := r.b.clusters(r.Context())
	for _, c := range clusters {
		err = errors.Join(err, r.b.DeleteEverywhere(r.Context(), c, name))
	}
	return "/topics", err
}

// maxDelay bounds the delay of a test message: Java's brokers refuse more by default.
const maxDelay = 3 * 24 * 3600

// sendMessage sends a test message.
func sendMessage(r *request) (string, error) {
	name, err := r.need("name")
	if err != nil {
		return "", err
	}
	m := &admin.Outgoing{Topic: name, Tags: r.field("tags"), Keys: r.field("keys"),
		Body: []byte(r.PostForm.Get("body")), Properties: map[string]string{}}
	delay, err := r.number("delay", 0, 0, maxDelay)
	if err != nil {
		return "", err
	}
	if delay > 0 {
		m.Properties[protocol.PropTimerDelaySec] = r.field("delay")
	}
	if len(m.Body) == 0 {
		return "", fail("error.body")
	}
	sent, err := r.b.NewSender().Send(r.Context(), int(time.Now().UnixNano()%1024), m)
	if err != nil {
		return "", err
	}
	if sent.Status != "SEND_OK" {
		return "", fail("error.text", sent.Status)
	}
	if delay > 0 {
		return "/waiting", nil
	}
	return with("/message", "topic", name, "id", sent.ID), nil
}
