package controller

import (
	"time"

	"gorocket/namesrv/controller/liveness"
	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

// BROKER_HEARTBEAT (904), one-way, to every controller. Java: ControllerRequestProcessor.handleBrokerHeartbeat.
func (s *Server) brokerHeartbeat(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.BrokerHeartbeatRequest)
	if !ok {
		return
	}
	if h.BrokerID < 0 {
		ctx.Status(wire.ControllerInvalidRequest, "Heart beat with empty brokerId")
		return
	}
	if max(len(h.ClusterName), len(h.BrokerName)) > replicas.MaxName || len(h.BrokerAddr) > replicas.MaxAddress {
		ctx.Status(wire.ControllerInvalidRequest, "Heart beat with a name or an address that is too long")
		return
	}
	b := liveness.Beat{Key: liveness.Key{Cluster: h.ClusterName, Broker: h.BrokerName, ID: h.BrokerID},
		Address: h.BrokerAddr, Epoch: h.Epoch, MaxOffset: h.MaxOffset, Priority: h.ElectionPriority,
		Timeout: millis(h.HeartbeatTimeoutMills), Conn: ctx.Conn(),
		Known: s.sets.Has(h.BrokerName, h.BrokerID)}
	known, taken := s.alive.Note(b, time.Now())
	switch {
	case !taken:
		s.noise.Warn("full").Str("broker", h.BrokerName).Int("limit", liveness.MaxBrokers).
			Msg("too many brokers send heartbeats: this one is not watched")
	case !known:
		s.lines(b.Known).Info("alive").Str("cluster", h.ClusterName).Str("broker", h.BrokerName).Int64("id", h.BrokerID).
			Str("addr", h.BrokerAddr).Msg("broker is alive")
	}
	ctx.Status(wire.Success, "Heart beat success")
}

// lines is where a line about a broker goes: those about brokers that are not registered, of which anybody can make up
// any number, are few.
func (s *Server) lines(registered bool) *throttle.Log {
	if registered {
		return s.crowd
	}
	return s.noise
}
