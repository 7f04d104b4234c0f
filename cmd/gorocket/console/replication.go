package console

import (
	"context"
	"slices"
	"strings"

	"gorocket/remoting/admin"
	"gorocket/remoting/protocol"
)

// replica is a broker of a set.
type replica struct {
	admin.Node
	Offset  int64 // where its log ends
	Behind  int64 // bytes that it does not have; -1: not known
	Speed   int64 // bytes per second
	Synced  string
	Problem string
}

// brokerSet are the brokers of one name.
type brokerSet struct {
	Cluster, Name string
	Replicas      []replica // the master first
	Connections   []protocol.HAConnectionRuntimeInfo
	InSync        int
	Epoch         int32 // of the master, by the controllers; 0: they do not know it
	Picture       setPicture
}

// controllerRow is a controller.
type controllerRow struct {
	Addr, Group string
	Leader      bool
	Problem     string
}

// replicationView is the page of replication and controllers.
type replicationView struct {
	Sets        []*brokerSet
	Controllers []controllerRow
	Picture     groupPicture
	Partly      []string
}

func showReplication(r *request) (any, error) {
	nodes, err := r.b.nodes(r.Context())
	if err != nil {
		return nil, err
	}
	v := &replicationView{}
	status := make([]*protocol.HARuntimeInfo, len(nodes))
	errs := admin.Each(r.b.Parallel(), nodes, func(i int, n admin.Node) (err error) {
		status[i], err = r.b.HAStatus(r.Context(), n.Addr)
		return err
	})
	for i, n := range nodes {
		v.add(n, status[i], errs[i])
	}
	for _, s := range v.Sets {
		s.finish()
	}
	v.controllers(r.Context(), r.b, nodes)
	for _, s := range v.Sets {
		s.Picture = drawSet(s)
	}
	v.Picture = drawControllers(v.Controllers)
	return v, nil
}

// add puts a broker into its set.
func (v *replicationView) add(n admin.Node, info *protocol.HARuntimeInfo, err error) {
	at := slices.IndexFunc(v.Sets, func(s *brokerSet) bool { return s.Cluster == n.Cluster && s.Name == n.Broker })
	if at < 0 {
		at, v.Sets = len(v.Sets), append(v.Sets, &brokerSet{Cluster: n.Cluster, Name: n.Broker})
	}
	s, x := v.Sets[at], replica{Node: n, Behind: -1}
	switch {
	case err != nil:
		x.Problem = err.Error()
	case info.Master:
		x.Offset, x.Behind = info.MasterCommitLogMaxOffset, 0
		s.Connections, s.InSync = append(s.Connections, info.HAConnectionInfo...), info.InSyncSlaveNums
	default:
		x.Offset, x.Speed = info.HAClientRuntimeInfo.MaxOffset, info.HAClientRuntimeInfo.TransferredByteInSecond
	}
	s.Replicas = append(s.Replicas, x)
}

// finish compares the slaves with their master.
func (s *brokerSet) finish() {
	slices.SortStableFunc(s.Replicas, func(a, b replica) int { return int(a.ID - b.ID) })
	if m := &s.Replicas[0]; !m.Master() || m.Problem != "" {
		return
	}
	for i := range s.Replicas[1:] {
		if x := &s.Replicas[i+1]; x.Problem == "" {
			x.Behind = max(0, s.Replicas[0].Offset-x.Offset)
		}
	}
}

// controllers asks those that the brokers name. Without controllers, or where only SUPER users may ask for a broker's
// configuration, there are none.
func (v *replicationView) controllers(ctx context.Context, b *backend, nodes []admin.Node) {
	var addrs []string
	for _, n := range nodes {
		settings, err := b.settings(ctx, n.Addr)
		if err != nil {
			continue // the page of configurations tells
		}
		mode := slices.ContainsFunc(settings, func(s admin.Setting) bool {
			return s.Key == "enableControllerMode" && s.Value == "true"
		})
		for _, s := range settings {
			if mode && s.Key == "controllerAddr" {
				addrs = append(addrs, admin.SplitAddrs(s.Value)...)
			}
		}
	}
	slices.Sort(addrs)
	addrs = slices.Compact(addrs)
	v.Controllers = make([]controllerRow, len(addrs))
	admin.Each(b.Parallel(), addrs, func(i int, addr string) error {
		c := controllerRow{Addr: addr}
		if h, err := b.ControllerMetadata(ctx, addr); err == nil {
			c.Group, c.Leader = h.Group, h.IsLeader
		} else {
			c.Problem = err.Error()
		}
		v.Controllers[i] = c
		return nil
	})
	for _, c := range v.Controllers {
		if c.Problem != "" {
			continue
		}
		sets, err := b.SyncStateSets(ctx, c.Addr, v.names())
		if err == nil {
			v.syncState(sets)
			v.Partly = nil
			return
		}
		v.Partly = []string{err.Error()} // of the last one: they say the same
	}
}

func (v *replicationView) names() (names []string) {
	for _, s := range v.Sets {
		names = append(names, s.Name)
	}
	return names
}

// syncState notes which replicas the controllers take for equal.
func (v *replicationView) syncState(sets map[string]protocol.ReplicasInfo) {
	for _, s := range v.Sets {
		info, known := sets[s.Name]
		if !known {
			continue
		}
		s.Epoch = info.MasterEpoch
		for i := range s.Replicas {
			x := &s.Replicas[i]
			in := func(all []protocol.ReplicaIdentity) bool {
				return slices.ContainsFunc(all, func(r protocol.ReplicaIdentity) bool {
					return strings.EqualFold(r.BrokerAddress, x.Addr)
				})
			}
			if in(info.InSyncReplicas) {
				x.Synced = "replica.in"
			} else if in(info.NotInSyncReplicas) {
				x.Synced = "replica.out"
			}
		}
	}
}
