package namesrv

import "gorocket/remoting"

// PUT_KV_CONFIG (100). Java: DefaultRequestProcessor.putKVConfig. All versions.
//
// Persisted before the answer. A value that is absent is stored as "" (Java keeps a null, which reads as not found).
func (s *Server) putKVConfig(ctx *remoting.Context) {
	h, ok := header(ctx, remoting.KVRequest)
	if !ok {
		return
	}
	if h.Namespace == "" || h.Key == "" {
		ctx.Status(remoting.SystemError, "namespace or key is null")
		return
	}
	if err := s.kv.put(h.Namespace, h.Key, h.Value); err != nil {
		fail(ctx, err)
		return
	}
	s.kvChanged(h.Namespace)
	ctx.OK(nil)
}
