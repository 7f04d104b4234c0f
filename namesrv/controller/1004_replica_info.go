package controller

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// CONTROLLER_GET_REPLICA_INFO (1004): who is master, living or not. Java: ReplicasInfoManager.getReplicaInfo.
func (s *Server) replicaInfo(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.ReplicaInfoRequest)
	if !ok || !s.leads(ctx) {
		return
	}
	set, known := s.sets.Get(h.BrokerName)
	if !known {
		ctx.Status(wire.ControllerBrokerMetadataNotExist, "Broker metadata is not existed")
		return
	}
	out := wire.ReplicaInfoResponseHeader{MasterBrokerID: -1, MasterEpoch: set.MasterEpoch}
	if set.Master != 0 {
		out.MasterBrokerID, out.MasterAddress = set.Master, set.MasterAddress()
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.ReplicaInfoResponse, &out,
		syncStateBody(set.InSync, set.SyncEpoch))
}
