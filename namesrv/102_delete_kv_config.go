package namesrv

import (
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// DELETE_KV_CONFIG (102). Java: DefaultRequestProcessor.deleteKVConfig. All versions. SUCCESS also when nothing was
// there.
func (s *Server) deleteKVConfig(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.KVRequest)
	if !ok {
		return
	}
	if err := s.kv.remove(h.Namespace, h.Key); err != nil {
		fail(ctx, err)
		return
	}
	s.kvChanged(ctx, &h, "KV configuration deleted")
	ctx.OK(nil)
}

// kvChanged logs who did it, and forgets route answers, which may hold order configuration.
func (s *Server) kvChanged(ctx *remoting.Context, h *wire.KVHeader, what string) {
	s.log.Info().Str("namespace", h.Namespace).Str("key", h.Key).Str("peer", ctx.Conn().RemoteAddr()).Msg(what)
	if h.Namespace == compat.OrderTopicNamespace {
		s.routes.cache.clear()
	}
}
