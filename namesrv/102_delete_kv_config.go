package namesrv

import (
	"gorocket/compat"
	"gorocket/remoting"
)

// DELETE_KV_CONFIG (102). Java: DefaultRequestProcessor.deleteKVConfig. All versions. SUCCESS also when nothing was there.
func (s *Server) deleteKVConfig(ctx *remoting.Context) {
	h, ok := header(ctx, remoting.KVRequest)
	if !ok {
		return
	}
	if err := s.kv.remove(h.Namespace, h.Key); err != nil {
		fail(ctx, err)
		return
	}
	s.kvChanged(h.Namespace)
	ctx.OK(nil)
}

// kvChanged forgets route answers, which may hold order configuration.
func (s *Server) kvChanged(namespace string) {
	if namespace == compat.OrderTopicNamespace {
		s.routes.cache.clear()
	}
}
