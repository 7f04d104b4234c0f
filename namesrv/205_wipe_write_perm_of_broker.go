package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// WIPE_WRITE_PERM_OF_BROKER (205). Java: DefaultRequestProcessor.wipeWritePermOfBroker. All versions.
//
// Lasts until the broker registers with a new data version. An unknown broker has 0 topics.
func (s *Server) wipeWritePerm(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.BrokerNameRequest)
	if !ok {
		return
	}
	out := wire.WipeCountResponseHeader{Count: s.routes.setWritePerm(h.BrokerName, false)}
	s.log.Info().Str("broker", h.BrokerName).Str("peer", ctx.Conn().RemoteAddr()).Int32("topics",
		out.Count).Msg("write permission wiped")
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.WipeCountResponse, &out, remoting.Body{})
}
