package controller

import (
	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// CONTROLLER_GET_NEXT_BROKER_ID (1012): the id that a new broker may apply for; it is not reserved. Java:
// ReplicasInfoManager.getNextBrokerId.
func (s *Server) nextBrokerID(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.NextBrokerIDRequest)
	if !ok || !s.leads(ctx) {
		return
	}
	out := wire.NextBrokerIDResponseHeader{ClusterName: h.ClusterName, BrokerName: h.BrokerName, NextBrokerID: 1}
	if set, known := s.sets.Get(h.BrokerName); known {
		out.NextBrokerID = set.NextID
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.NextBrokerIDResponse, &out, remoting.Body{})
}

// CONTROLLER_APPLY_BROKER_ID (1013): a new broker takes an id, which is its own as long as nobody else has it. Java:
// ReplicasInfoManager.applyBrokerId.
func (s *Server) applyBrokerID(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.ApplyBrokerIDRequest)
	if !ok || !s.leads(ctx) {
		return
	}
	r, ok := s.decide(ctx, &replicas.Command{Apply: &replicas.Apply{Cluster: h.ClusterName, Broker: h.BrokerName,
		ID: h.BrokerID, CheckCode: h.CheckCode}})
	switch {
	case !ok:
	case r.Code != wire.Success:
		ctx.Status(r.Code, r.Remark)
	default:
		remoting.Respond(&ctx.Replier, wire.Success, "", wire.ApplyBrokerIDResponse,
			&wire.ApplyBrokerIDResponseHeader{ClusterName: h.ClusterName, BrokerName: h.BrokerName}, remoting.Body{})
	}
}
