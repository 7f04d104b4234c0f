package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// GET_KVLIST_BY_NAMESPACE (219). Java: DefaultRequestProcessor.getKVListByNamespace. All versions. No such namespace:
// QUERY_NOT_FOUND.
func (s *Server) getKVList(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.KVRequest)
	if !ok {
		return
	}
	text, err := s.kv.list(h.Namespace)
	switch {
	case err != nil:
		fail(ctx, err)
	case text == nil:
		ctx.Status(wire.QueryNotFound, "No config item, Namespace: "+orNull(ctx, "namespace", h.Namespace))
	default:
		ctx.OK(text)
	}
}
