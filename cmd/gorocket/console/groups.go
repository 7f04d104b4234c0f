package console

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

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
