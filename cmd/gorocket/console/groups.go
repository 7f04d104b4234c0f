package console

import (
	"cmp"
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

// groupRow is a consumer group of the list: as its first broker has it.
type groupRow struct {
	Name      string
	Brokers   int
	Enabled   bool
	Broadcast bool
	Ordered   bool
	Retries   int
	Lag       int64 // messages that wait; -1: not known
}

// groups asks the masters for their tables of groups, and not for one group.
func (b *backend) groups(ctx context.Context) (list[groupRow], error) {
	return remember(ctx, b, "groups", func(ctx context.Context) (list[groupRow], error) {
		nodes, all, partly, err := each(ctx, b, func(ctx context.Context, n admin.Node) (
			*protocol.SubscriptionGroupWrapper, error) {
			return b.AllGroups(ctx, n.Addr)
		})
		if err != nil {
			return list[groupRow]{}, err
		}
		sums := map[string]*groupRow{}
		for i := range nodes {
			for name, g := range all[i].SubscriptionGroupTable {
				if sums[name] == nil {
					sums[name] = &groupRow{Name: name, Enabled: g.ConsumeEnable, Broadcast: g.ConsumeBroadcastEnable,
						Ordered: g.ConsumeMessageOrderly, Retries: g.RetryMaxTimes, Lag: -1}
				}
				sums[name].Brokers++
			}
		}
		return byName(sums, partly), nil
	})
}

// lags is what waits for each group, by one question to each master. A broker that cannot be asked is left out: the
// list has told of it.
func (b *backend) lags(ctx context.Context) (map[string]int64, error) {
	return remember(ctx, b, "lags", func(ctx context.Context) (map[string]int64, error) {
		nodes, all, _, err := each(ctx, b, func(ctx context.Context, n admin.Node) (*admin.ConsumeStatsList, error) {
			return b.ConsumeStatsOfBroker(ctx, n.Addr, false, 2*askTimeout)
		})
		if err != nil {
			return nil, err
		}
		sums := map[string]int64{}
		for i := range nodes {
			for _, l := range admin.LagsOf(nodes[i].Broker, all[i]) {
				sums[l.Group] += l.Diff
			}
		}
		return sums, nil
	})
}

// groupsView is the list of groups.
type groupsView struct {
	paging
	Groups []groupRow
	Partly []string
	All    bool // with those that brokers make
	ByLag  bool
	Refuse string // why nobody knows what waits
	New    groupForm
}

// groupForm is what a form that creates or changes a group begins with.
type groupForm struct {
	Clusters  []string
	Name      string // of a group that is changed
	Cluster   string
	Enabled   bool
	Broadcast bool
	Ordered   bool
	Retries   int
}

func showGroups(r *request) (any, error) {
	list, err := r.b.groups(r.Context())
	if err != nil {
		return nil, err
	}
	v := groupsView{Partly: list.partly, All: r.field("all") == "yes", ByLag: r.field("sort") == "lag"}
	lags, err := r.b.lags(r.Context())
	if err != nil {
		v.Refuse = err.Error()
	}
	search := strings.ToLower(r.field("q"))
	var rows []groupRow
	for _, g := range list.rows {
		if n, known := lags[g.Name]; known {
			g.Lag = n
		}
		if (v.All || !admin.IsInternalGroup(g.Name)) && strings.Contains(strings.ToLower(g.Name), search) {
			rows = append(rows, g)
		}
	}
	if v.ByLag {
		slices.SortStableFunc(rows, func(a, b groupRow) int { return cmp.Compare(b.Lag, a.Lag) })
	}
	v.Groups, v.paging = paged(r, rows)
	clusters, err := r.b.clusters(r.Context())
	v.New = groupForm{Clusters: clusters, Enabled: true, Broadcast: true, Retries: 16}
	return v, err
}

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

// putGroup creates a group at the masters of a cluster, or changes it there; what the form does not have stays.
func putGroup(r *request) (string, error) {
	name, err := r.need("name")
	if err != nil {
		return "", err
	}
	if err := compat.ValidateGroup(name); err != nil {
		return "", fail("error.text", err.Error())
	}
	retries, err := r.number("retries", 16, -1, 10000)
	if err != nil {
		return "", err
	}
	nodes, err := r.b.mastersOf(r.Context(), r.field("cluster"))
	if err != nil {
		return "", err
	}
	for _, n := range nodes {
		g, askErr := r.b.Group(r.Context(), n.Addr, name)
		if askErr != nil {
			err = errors.Join(err, askErr)
			continue
		}
		if g == nil {
			fresh := protocol.NewSubscriptionGroupConfig(name)
			g = &fresh
		}
		g.ConsumeEnable, g.ConsumeBroadcastEnable = r.field("enabled") == "yes", r.field("broadcast") == "yes"
		g.ConsumeMessageOrderly, g.RetryMaxTimes = r.field("ordered") == "yes", int(retries)
		err = errors.Join(err, r.b.PutGroup(r.Context(), n.Addr, g))
	}
	return with("/group", "name", name), err
}

// deleteGroup deletes a group with its offsets, its retries and its dead letters at all brokers.
func deleteGroup(r *request) (string, error) {
	name, err := r.need("name")
	if err == nil {
		err = r.sure()
	}
	if err != nil {
		return "", err
	}
	if admin.IsInternalGroup(name) {
		return "", fail("error.system", name)
	}
	nodes, err := r.b.masters(r.Context())
	for _, n := range nodes {
		err = errors.Join(err, r.b.DeleteGroup(r.Context(), n.Addr, name, true))
	}
	clusters, askErr := r.b.clusters(r.Context())
	err = errors.Join(err, askErr)
	for _, c := range clusters {
		for _, prefix := range []string{compat.RetryTopicPrefix, compat.DLQTopicPrefix} {
			err = errors.Join(err, r.b.DeleteEverywhere(r.Context(), c, prefix+name))
		}
	}
	return "/groups", err
}

// formTime is how browsers write times in forms, in the time zone of the server.
const formTime = "2006-01-02T15:04:05"

// when reads a time of a form in ms.
func (r *request) when(name string) (int64, error) {
	text, err := r.need(name)
	if err != nil {
		return 0, err
	}
	return parseTime(text)
}

func parseTime(text string) (int64, error) {
	for _, layout := range []string{formTime, "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t.UnixMilli(), nil
		}
	}
	return 0, fail("error.time", text)
}

// groupAndTopic are those of a form.
func (r *request) groupAndTopic() (group, topic string, err error) {
	if group, err = r.need("name"); err == nil {
		topic, err = r.need("topic")
	}
	return group, topic, err
}

// resetGroup sets a group back or forth to a time.
func resetGroup(r *request) (string, error) {
	group, topic, err := r.groupAndTopic()
	if err != nil {
		return "", err
	}
	at, err := r.when("time")
	if err == nil {
		_, _, err = r.b.ResetAny(r.Context(), "", topic, group, at, true)
	}
	return with("/group", "name", group), err
}

// skipGroup makes a group pass over everything that waits for it.
func skipGroup(r *request) (string, error) {
	group, topic, err := r.groupAndTopic()
	if err == nil {
		err = r.sure()
	}
	if err == nil {
		_, _, err = r.b.ResetAny(r.Context(), "", topic, group, -1, true)
	}
	return with("/group", "name", group), err
}

// cloneGroup sets another group where this one is.
func cloneGroup(r *request) (string, error) {
	group, topic, err := r.groupAndTopic()
	if err != nil {
		return "", err
	}
	to, err := r.need("to")
	if err != nil {
		return "", err
	}
	if err := compat.ValidateGroup(to); err != nil {
		return "", fail("error.text", err.Error())
	}
	_, err = r.b.CloneOffsets(r.Context(), group, to, topic)
	return with("/group", "name", to), err
}
