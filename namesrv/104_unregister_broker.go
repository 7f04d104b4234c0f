package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// UNREGISTER_BROKER (104). Java: DefaultRequestProcessor.unregisterBroker, BatchUnregistrationService. All versions.
//
// Queued: the answer comes before the routes change. A full queue is SYSTEM_ERROR without a remark. A broker that does
// not say who it is gets SUCCESS, and nothing happens.
func (s *Server) unregisterBroker(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.UnregisterBrokerRequest)
	if !ok || s.incomplete(ctx, &h) {
		return
	}
	d := departure{brokerKey: brokerKey{h.ClusterName, h.BrokerAddr}, name: h.BrokerName, id: h.BrokerID,
		peer: ctx.Conn().RemoteAddr()}
	if !s.departures.submit(d) {
		s.peerWarn().Str("broker", h.BrokerName).Str("peer", d.peer).Msg("unregister queue is full")
		ctx.Status(wire.SystemError, "")
		return
	}
	ctx.OK(nil)
}
