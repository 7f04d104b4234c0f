package console

import (
	"context"

	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// topicAt is a topic at one broker.
type topicAt struct {
	admin.Node
	Config    protocol.TopicConfig
	Perm      string
	Retention string // hours
	Error     string
}

// topicView is the page of one topic.
type topicView struct {
	Name    string
	Kind    string
	At      []topicAt
	Queues  []queueRow
	Groups  []string
	TPS     float64
	Partly  []string
	Change  topicForm
	CanSend bool
	Delays  []string
}

func showTopic(r *request) (any, error) {
	name, err := r.need("name")
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	route, err := r.b.Route(ctx, name)
	if err != nil {
		return nil, err
	}
	v := topicView{Name: name, At: make([]topicAt, 0, len(route.BrokerDatas))}
	nodes := admin.Selected(route)
	v.At = make([]topicAt, len(nodes))
	admin.Each(r.b.Parallel(), nodes, func(i int, n admin.Node) error {
		v.At[i] = r.b.topicAt(ctx, n, name)
		return nil
	})
	stats, err := r.b.TopicStats(ctx, name, route)
	if err != nil {
		v.Partly = append(v.Partly, err.Error())
	} else {
		v.TPS = stats.TopicPutTPS
		for _, q := range admin.SortedQueues(stats.OffsetTable) {
			o := stats.OffsetTable[q]
			v.Queues = append(v.Queues, queueRow{q, o.MinOffset, o.MaxOffset, o.LastUpdateTimestamp})
		}
	}
	if v.Groups, err = r.b.GroupsOf(ctx, name); err != nil {
		v.Partly = append(v.Partly, err.Error())
	}
	v.finish(route)
	v.Change.Clusters, err = r.b.clusters(ctx)
	return v, err
}

// finish fills in what the forms begin with.
func (v *topicView) finish(route *protocol.TopicRouteData) {
	v.CanSend = len(admin.WriteQueues(v.Name, route)) > 0
	for _, a := range v.At {
		if a.Error != "" {
			v.Partly = append(v.Partly, a.Error)
			continue
		}
		v.Kind = topicKind(&a.Config)
		v.Change = topicForm{Name: v.Name, Cluster: a.Cluster, Read: a.Config.ReadQueueNums, Write: a.Config.WriteQueueNums,
			Perm: a.Config.Perm, Order: a.Config.Order, Kind: a.Config.Attributes["message.type"], Kinds: messageKinds}
	}
}

// topicAt asks a broker for its part of a topic and how long it keeps messages.
func (b *backend) topicAt(ctx context.Context, n admin.Node, topic string) topicAt {
	a := topicAt{Node: n}
	config, _, err := b.TopicConfig(ctx, n.Addr, topic)
	if err != nil {
		a.Error = err.Error()
		return a
	}
	a.Config, a.Perm = *config, permText(config.Perm)
	settings, err := b.settings(ctx, n.Addr)
	if err == nil {
		for _, s := range settings {
			if s.Key == "fileReservedTime" {
				a.Retention = s.Value
			}
		}
	}
	return a
}

// settings is the configuration of a broker.
func (b *backend) settings(ctx context.Context, addr string) ([]admin.Setting, error) {
	return remember(ctx, b, "settings "+addr, func(ctx context.Context) ([]admin.Setting, error) {
		return b.BrokerConfig(ctx, addr)
	})
}
