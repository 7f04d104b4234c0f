package controller

import (
	"context"
	"errors"

	"gorocket/compat"
	"gorocket/namesrv/controller/consensus"
	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// CONTROLLER_ELECT_MASTER (1002): a broker that knows no master asks for one, or an operator names one. Java:
// ReplicasInfoManager.electMaster.
func (s *Server) electMaster(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.ElectMasterRequest)
	if !ok || !s.leads(ctx) {
		return
	}
	wait, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	r, err := s.elect(wait, &replicas.Elect{Broker: h.BrokerName, ID: h.BrokerID, Designate: h.DesignateElect})
	switch {
	case errors.Is(err, consensus.ErrNotLeader):
		notLeader(ctx)
		return
	case err != nil:
		fail(ctx, err)
		return
	case r.Code != wire.Success && r.Code != wire.ControllerMasterStillExist:
		ctx.Status(r.Code, r.Remark)
		return
	}
	body := protocol.ElectMasterResponseBody{SyncStateSet: r.Set.InSync}
	if r.Code == wire.Success {
		body.BrokerMemberGroup = memberGroup(&r.Set)
	}
	text, err := compat.Marshal(body)
	if err != nil {
		fail(ctx, err)
		return
	}
	master := masterOf(&r.Set)
	remoting.Respond(&ctx.Replier, r.Code, r.Remark, wire.ElectMasterResponse, &master, remoting.Body{Bytes: text})
}

// masterOf is a set's master as headers have it.
func masterOf(set *replicas.Set) wire.ElectMasterResponseHeader {
	return wire.ElectMasterResponseHeader{MasterBrokerID: set.Master, MasterAddress: set.MasterAddress(),
		MasterEpoch: set.MasterEpoch, SyncStateSetEpoch: set.SyncEpoch}
}

// memberGroup lists all replicas, living or not.
func memberGroup(set *replicas.Set) *protocol.BrokerMemberGroup {
	addrs := make(map[int64]string, len(set.Replicas))
	for id, r := range set.Replicas {
		addrs[id] = r.Address
	}
	return &protocol.BrokerMemberGroup{BrokerAddrs: addrs, BrokerName: set.Broker, Cluster: set.Cluster}
}
