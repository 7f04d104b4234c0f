package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// PUT_KV_CONFIG (100). Java: DefaultRequestProcessor.putKVConfig. All versions.
//
// Persisted before the answer. Without a value the key reads as not found afterwards (Java stores a null), and the
// namespace exists.
func (s *Server) putKVConfig(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.KVRequest)
	if !ok {
		return
	}
	if h.Namespace == "" || h.Key == "" {
		ctx.Status(wire.SystemError, "namespace or key is null")
		return
	}
	_, given := ctx.Req.Get("value")
	if err := s.kv.put(h.Namespace, h.Key, h.Value, given); err != nil {
		fail(ctx, err)
		return
	}
	s.kvChanged(ctx, &h, "KV configuration changed")
	ctx.OK(nil)
}
