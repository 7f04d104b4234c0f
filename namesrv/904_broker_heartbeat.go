package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// BROKER_HEARTBEAT (904), since 5.0, usually one-way. Java: DefaultRequestProcessor.brokerHeartbeat. A sign of life,
// nothing else: brokers that never registered are ignored.
func (s *Server) brokerHeartbeat(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.BrokerHeartbeatRequest)
	if !ok || !addressComplete(ctx, h.ClusterName, h.BrokerAddr) {
		return
	}
	s.routes.touch(brokerKey{h.ClusterName, h.BrokerAddr})
	ctx.OK(nil)
}
