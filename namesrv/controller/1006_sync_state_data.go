package controller

import (
	"slices"

	"gorocket/compat"
	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
)

// CONTROLLER_GET_SYNC_STATE_DATA (1006): the replicas of some broker sets; unknown names are left out. The body is a
// JSON array of names. Java: ReplicasInfoManager.getSyncStateData.
func (s *Server) syncStateData(ctx *remoting.Context) {
	if !small(ctx, maxNamesBody) {
		return
	}
	var names []string
	if len(ctx.Req.Body) > 0 {
		if err := compat.Unmarshal(ctx.Req.Body, &names); err != nil {
			fail(ctx, err)
			return
		}
	}
	if len(names) == 0 {
		ctx.OK(nil)
		return
	}
	if !s.leads(ctx) {
		return
	}
	out := protocol.BrokerReplicasInfo{ReplicasInfoTable: map[string]protocol.ReplicasInfo{}}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if set, known := s.sets.Get(name); known {
			out.ReplicasInfoTable[name] = s.replicasInfo(&set)
		}
	}
	text, err := compat.Marshal(out)
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(text)
}

func (s *Server) replicasInfo(set *replicas.Set) protocol.ReplicasInfo {
	info := protocol.ReplicasInfo{MasterAddress: set.MasterAddress(), MasterEpoch: set.MasterEpoch,
		SyncStateSetEpoch: set.SyncEpoch, InSyncReplicas: []protocol.ReplicaIdentity{},
		NotInSyncReplicas: []protocol.ReplicaIdentity{}}
	if set.Master != 0 {
		info.MasterBrokerID = &set.Master
	}
	living := s.members(set.Broker)
	for _, id := range set.IDs() {
		r := protocol.ReplicaIdentity{Alive: replicas.Alive(living, id), BrokerAddress: set.Replicas[id].Address,
			BrokerID: id, BrokerName: set.Broker}
		if slices.Contains(set.InSync, id) {
			info.InSyncReplicas = append(info.InSyncReplicas, r)
		} else {
			info.NotInSyncReplicas = append(info.NotInSyncReplicas, r)
		}
	}
	return info
}
