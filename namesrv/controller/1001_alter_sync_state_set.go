package controller

import (
	"gorocket/compat"
	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// CONTROLLER_ALTER_SYNC_STATE_SET (1001): a master adds or removes replicas that are in sync. The body has the set that
// it wants, with the epoch of the one it has. Java: ReplicasInfoManager.alterSyncStateSet.
func (s *Server) alterSyncStateSet(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.AlterSyncStateSetRequest)
	if !ok || !small(ctx, maxSetBody) || !s.leads(ctx) {
		return
	}
	var want protocol.SyncStateSet
	if err := compat.Unmarshal(ctx.Req.Body, &want); err != nil {
		fail(ctx, err)
		return
	}
	if len(want.SyncStateSet) > replicas.MaxReplicas {
		ctx.Status(wire.ControllerInvalidReplicas, "Rejecting alter syncStateSet request because it has too many replicas")
		return
	}
	r, ok := s.decide(ctx, &replicas.Command{Alter: &replicas.Alter{Broker: h.BrokerName, Master: h.MasterBrokerID,
		MasterEpoch: h.MasterEpoch, SyncEpoch: want.SyncStateSetEpoch, InSync: want.SyncStateSet,
		Alive: s.members(h.BrokerName)}})
	switch {
	case !ok:
	case r.Code != wire.Success:
		ctx.Status(r.Code, r.Remark)
	default:
		remoting.Respond(&ctx.Replier, wire.Success, "", wire.AlterSyncStateSetResponse,
			&wire.AlterSyncStateSetResponseHeader{NewSyncStateSetEpoch: r.Set.SyncEpoch},
			syncStateBody(r.Set.InSync, r.Set.SyncEpoch))
	}
}
