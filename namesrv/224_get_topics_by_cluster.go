package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// GET_TOPICS_BY_CLUSTER (224). Java: DefaultRequestProcessor.getTopicsByCluster. All versions. An unknown cluster has
// an empty list.
func (s *Server) getTopicsByCluster(ctx *remoting.Context) {
	if !s.config().EnableTopicList {
		disabled(ctx)
		return
	}
	h, ok := remoting.Header(ctx, wire.ClusterRequest)
	if !ok {
		return
	}
	reply(ctx, s.routes.topicsOfCluster(h.Cluster))
}
