package namesrv

import "gorocket/remoting"

// GET_SYSTEM_TOPIC_LIST_FROM_NS (304). Java: DefaultRequestProcessor.getSystemTopicListFromNs. All versions.
//
// Names of clusters and brokers (each is a topic on its broker) and the address of one broker, which clients ask next
// (305).
func (s *Server) getSystemTopics(ctx *remoting.Context) { reply(ctx, s.routes.systemTopics()) }
