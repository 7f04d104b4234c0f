package console

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"gorocket/compat"
	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// progressRow is a queue of a group.
type progressRow struct {
	protocol.MessageQueue
	Broker   int64 // offset
	Consumer int64
	Lag      int64
	Last     int64 // ms; store time of what was consumed last
	Client   string
}

// topicLag is a topic of a group.
type topicLag struct {
	Topic  string
	Lag    int64
	Behind int64 // ms; store time of the oldest message that was consumed last in a queue with a backlog
	Rows   []progressRow
}

// groupView is the page of a group.
type groupView struct {
	Name    string
	Members *admin.ConsumerConnection // nil: none
	Subs    []admin.Subscription
	Topics  []topicLag
	Lag     int64
	TPS     float64
	Partly  []string
	Change  groupForm
	Dead    string // its dead letter topic, where it has one
	Now     string // for the form that resets
}

func showGroup(r *request) (any, error) {
	name, err := r.need("name")
	if err != nil {
		return nil, err
	}
	seen, err := rememberFor(r.Context(), r.b, "group "+name, briefly, func(ctx context.Context) (*groupView, error) {
		return r.b.group(ctx, name)
	})
	if err != nil {
		return nil, err
	}
	v := *seen // others look at it, too
	v.Now = time.Now().Format(formTime)
	return &v, v.form(r.Context(), r.b)
}

// group asks for the members of a group and its progress.
func (b *backend) group(ctx context.Context, name string) (*groupView, error) {
	v := &groupView{Name: name}
	cc, err := b.Consumers(ctx, name)
	if err == nil {
		v.Members = cc
		for _, topic := range slices.Sorted(maps.Keys(cc.SubscriptionTable)) {
			v.Subs = append(v.Subs, cc.SubscriptionTable[topic])
		}
	} else if !errors.Is(err, admin.ErrNotOnline) && admin.CodeOf(err) < 0 {
		v.Partly = append(v.Partly, err.Error())
	}
	stats, err := b.consumeStats(ctx, name)
	if err == nil {
		v.progress(stats)
		v.clients(ctx, b)
	}
	return v, nil
}

// consumeStats is the progress of a group. One that nobody has joined yet has no retry topic by which its brokers could
// be found: then all masters are asked.
func (b *backend) consumeStats(ctx context.Context, group string) (*admin.ConsumeStats, error) {
	if stats, err := b.ConsumeStats(ctx, "", group, ""); err == nil {
		return stats, nil
	}
	_, all, _, err := each(ctx, b, func(ctx context.Context, n admin.Node) (*admin.ConsumeStats, error) {
		return b.ConsumeStatsAt(ctx, n.Addr, group, "")
	})
	if err != nil {
		return nil, err
	}
	sum := &admin.ConsumeStats{OffsetTable: map[protocol.MessageQueue]admin.OffsetWrapper{}}
	for _, s := range all {
		maps.Copy(sum.OffsetTable, s.OffsetTable)
		sum.ConsumeTPS += s.ConsumeTPS
	}
	return sum, nil
}

// progress sorts the queues of a group by topic.
func (v *groupView) progress(stats *admin.ConsumeStats) {
	v.TPS = stats.ConsumeTPS
	for _, q := range admin.SortedQueues(stats.OffsetTable) {
		w := stats.OffsetTable[q]
		row := progressRow{MessageQueue: q, Broker: w.BrokerOffset, Consumer: w.ConsumerOffset, Lag: max(0, w.Diff()),
			Last: w.LastTimestamp}
		if n := len(v.Topics); n == 0 || v.Topics[n-1].Topic != q.Topic {
			v.Topics = append(v.Topics, topicLag{Topic: q.Topic})
		}
		t := &v.Topics[len(v.Topics)-1]
		t.Rows, t.Lag, v.Lag = append(t.Rows, row), t.Lag+row.Lag, v.Lag+row.Lag
		if row.Lag > 0 && row.Last > 0 && (t.Behind == 0 || row.Last < t.Behind) {
			t.Behind = row.Last
		}
	}
}

// maxAskedMembers bounds how many members are asked which queues they hold.
const maxAskedMembers = 64

// clients asks the members which queues they hold; one that does not answer holds none that is known.
func (v *groupView) clients(ctx context.Context, b *backend) {
	if v.Members == nil {
		return
	}
	members := v.Members.ConnectionSet[:min(len(v.Members.ConnectionSet), maxAskedMembers)]
	held := make([][]protocol.MessageQueue, len(members))
	admin.Each(b.Parallel(), members, func(i int, c admin.Connection) error {
		info, err := b.RunningInfo(ctx, v.Name, c.ClientID, false)
		if err == nil {
			held[i] = slices.AppendSeq(slices.Collect(maps.Keys(info.MQTable)), maps.Keys(info.MQPopTable))
		}
		return err
	})
	owner := map[protocol.MessageQueue]string{}
	for i, queues := range held {
		for _, q := range queues {
			owner[q] = members[i].ClientID
		}
	}
	for i := range v.Topics {
		for j := range v.Topics[i].Rows {
			v.Topics[i].Rows[j].Client = owner[v.Topics[i].Rows[j].MessageQueue]
		}
	}
}

// form fills in what the form that changes the group begins with. A group that no broker has is a mistake.
func (v *groupView) form(ctx context.Context, b *backend) error {
	list, err := b.groups(ctx)
	if err != nil {
		return err
	}
	at, found := slices.BinarySearchFunc(list.rows, v.Name, func(g groupRow, name string) int {
		return strings.Compare(g.Name, name)
	})
	if !found && v.Members == nil && len(v.Topics) == 0 {
		return fail("error.group", v.Name)
	}
	v.Change = groupForm{Name: v.Name, Enabled: true, Broadcast: true, Retries: 16}
	if found {
		g := list.rows[at]
		v.Change.Enabled, v.Change.Broadcast = g.Enabled, g.Broadcast
		v.Change.Ordered, v.Change.Retries = g.Ordered, g.Retries
	}
	if _, err := b.Route(ctx, compat.DLQTopicPrefix+v.Name); err == nil {
		v.Dead = with("/dead", "group", v.Name)
	}
	v.Change.Clusters, err = b.clusters(ctx)
	return err
}
