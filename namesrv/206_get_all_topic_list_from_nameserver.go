package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/protocol"
)

// GET_ALL_TOPIC_LIST_FROM_NAMESERVER (206). Java: DefaultRequestProcessor.getAllTopicListFromNameserver. All versions.
func (s *Server) getAllTopics(ctx *remoting.Context) {
	if !s.config().EnableAllTopicList {
		disabled(ctx)
		return
	}
	reply(ctx, s.routes.topicsWhere(func([]protocol.QueueData) bool { return true }))
}
