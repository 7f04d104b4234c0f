package controller

import (
	"fmt"
	"time"

	"gorocket/namesrv/controller/liveness"
	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// CONTROLLER_REGISTER_BROKER (1003): a broker that has an id tells where it is. Java: ReplicasInfoManager
// .registerBroker; there an id that this group of controllers has not given is refused with 2010, and one that another
// broker has, which is alive, is taken away from it: then both are master.
func (s *Server) registerBroker(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.RegisterToControllerRequest)
	if !ok || !s.leads(ctx) {
		return
	}
	if at := s.twin(h); at != "" {
		ctx.Status(wire.ControllerBrokerIDInvalid, fmt.Sprintf("broker %d of broker-set %s is alive at %s: another broker "+
			"may have its identity", h.BrokerID, h.BrokerName, at))
		return
	}
	_, known := s.sets.Get(h.BrokerName)
	r, ok := s.decide(ctx, &replicas.Command{Register: &replicas.Register{Cluster: h.ClusterName, Broker: h.BrokerName,
		ID: h.BrokerID, Address: h.BrokerAddress, Alive: s.members(h.BrokerName)}})
	if !ok {
		return
	}
	if r.Code != wire.Success {
		ctx.Status(r.Code, r.Remark)
		return
	}
	if r.Set.Adopted && !known {
		s.settled(h.BrokerName) // the time that its brokers have to report begins
		s.log.Warn().Str("broker", h.BrokerName).Int64("id", h.BrokerID).
			Msg("a broker set of other controllers: taken as it is; its first election waits until all had time to report")
	}
	out := wire.RegisterToControllerResponseHeader{ClusterName: h.ClusterName, BrokerName: h.BrokerName,
		ElectMasterResponseHeader: noMaster}
	if r.Living {
		out.ElectMasterResponseHeader = masterOf(&r.Set)
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.RegisterToControllerResponse, &out,
		syncStateBody(r.Set.InSync, r.Set.SyncEpoch))
}

// twin is where another broker is, which is alive, that is registered with the same id; "" when there is none.
func (s *Server) twin(h wire.RegisterToControllerHeader) string {
	set, _ := s.sets.Get(h.BrokerName)
	at := s.alive.Address(liveness.Key{Cluster: h.ClusterName, Broker: h.BrokerName, ID: h.BrokerID}, time.Now())
	if at == h.BrokerAddress || at != set.Replicas[h.BrokerID].Address {
		return ""
	}
	return at
}

// noMaster leaves all four fields out.
var noMaster = wire.ElectMasterResponseHeader{MasterBrokerID: -1, MasterEpoch: -1, SyncStateSetEpoch: -1}
