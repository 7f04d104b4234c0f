package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// ADD_WRITE_PERM_OF_BROKER (327), since 4.9. Java: DefaultRequestProcessor.addWritePermOfBroker.
//
// Every topic of the broker becomes readable and writable, also one that was neither; lasts until its next changed
// registration.
func (s *Server) addWritePerm(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.BrokerNameRequest)
	if !ok {
		return
	}
	out := wire.AddCountResponseHeader{Count: s.routes.setWritePerm(h.BrokerName, true)}
	s.log.Info().Str("broker", h.BrokerName).Str("peer", ctx.Conn().RemoteAddr()).Int32("topics",
		out.Count).Msg("write permission added")
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.AddCountResponse, &out, remoting.Body{})
}
