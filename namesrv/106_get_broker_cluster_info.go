package namesrv

import "gorocket/remoting"

// GET_BROKER_CLUSTER_INFO (106). Java: DefaultRequestProcessor.getBrokerClusterInfo. All versions. Always in fastjson's
// dialect.
func (s *Server) getClusterInfo(ctx *remoting.Context) { reply(ctx, s.routes.clusterInfo()) }
