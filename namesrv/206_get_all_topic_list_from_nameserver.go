package namesrv

import (
	"gorocket/compat/body"
	"gorocket/remoting"
)

// GET_ALL_TOPIC_LIST_FROM_NAMESERVER (206). Java: DefaultRequestProcessor.getAllTopicListFromNameserver. All versions.
func (s *Server) getAllTopics(ctx *remoting.Context) {
	if !s.config().EnableAllTopicList {
		disabled(ctx)
		return
	}
	reply(ctx, s.routes.topicsWhere(func([]body.QueueData) bool { return true }))
}
