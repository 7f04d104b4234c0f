package controller

import (
	"context"
	"errors"
	"slices"

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
	if h.DesignateElect {
		if err := s.handOver(wait, h.BrokerName, h.BrokerID); err != nil {
			ctx.Status(wire.ControllerElectMasterFailed, "Failed to elect a new master: the present one does not hand over: "+
				err.Error())
			return
		}
	}
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
		g := memberGroup(&r.Set)
		body.BrokerMemberGroup, body.BrokerAddrs, body.BrokerName, body.Cluster = g, g.BrokerAddrs, g.BrokerName, g.Cluster
	}
	text, err := compat.MarshalStandard(body)
	if err != nil {
		fail(ctx, err)
		return
	}
	master := masterOf(&r.Set)
	remoting.Respond(&ctx.Replier, r.Code, r.Remark, wire.ElectMasterResponse, &master, remoting.Body{Bytes: text})
}

// handOver has the present master of a set, if it lives and can be another's slave, wait until the broker that is to be
// master has everything. Java's masters do not know the request, and lose what was not replicated.
func (s *Server) handOver(ctx context.Context, broker string, to int64) error {
	set, known := s.sets.Get(broker)
	living := s.members(broker)
	if !known || set.Master == 0 || set.Master == to || !slices.Contains(set.InSync, to) || !replicas.Alive(living, to) ||
		!replicas.Alive(living, set.Master) {
		return nil // the election says what is to be said
	}
	select {
	case s.handOvers <- struct{}{}:
		defer func() { <-s.handOvers }()
	default:
		return errHandOvers
	}
	h := wire.HandOverHeader{BrokerName: broker, BrokerID: to, MasterEpoch: set.MasterEpoch}
	_, err := remoting.Call(ctx, s.client, set.MasterAddress(), wire.ReqHandOver, wire.HandOverRequest, &h, nil)
	var answer *remoting.ResponseError
	if errors.As(err, &answer) && answer.Code == wire.RequestCodeNotSupported {
		s.log.Warn().Str("broker", broker).Int64("master", set.Master).
			Msg("the master cannot hand over, as it is one of Java's: what it has not replicated is lost")
		return nil
	}
	return err
}

// maxHandOvers is how many masters are asked to hand over at a time: one that does not answer keeps a worker.
const maxHandOvers = 4

var errHandOvers = errors.New("other masters are asked just now, and some do not answer")

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
