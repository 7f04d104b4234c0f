package namesrv

import "gorocket/remoting"

// GET_KV_CONFIG (101). Java: DefaultRequestProcessor.getKVConfig. All versions. Not there: QUERY_NOT_FOUND.
func (s *Server) getKVConfig(ctx *remoting.Context) {
	h, ok := header(ctx, remoting.KVRequest)
	if !ok {
		return
	}
	value, found := s.kv.get(h.Namespace, h.Key)
	if !found {
		ctx.Status(remoting.QueryNotFound, "No config item, Namespace: "+orNull(ctx, "namespace", h.Namespace)+" Key: "+orNull(ctx, "key", h.Key))
		return
	}
	// Not by the header type: it leaves an empty value out, which a client would read as null.
	ctx.RespondFields(remoting.Success, "", []remoting.StringField{{Key: "value", Value: value}}, nil)
}
