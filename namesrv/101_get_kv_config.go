package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// GET_KV_CONFIG (101). Java: DefaultRequestProcessor.getKVConfig. All versions. Not there: QUERY_NOT_FOUND.
func (s *Server) getKVConfig(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.KVRequest)
	if !ok {
		return
	}
	value, found := s.kv.get(h.Namespace, h.Key)
	if !found {
		ctx.Status(wire.QueryNotFound, "No config item, Namespace: "+orNull(ctx, "namespace",
			h.Namespace)+" Key: "+orNull(ctx, "key", h.Key))
		return
	}
	// Not by the header type: it leaves an empty value out, which a client would read as null.
	ctx.RespondFields(wire.Success, "", []wire.StringField{{Key: "value", Value: value}}, nil)
}
