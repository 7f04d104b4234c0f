package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/protocol"
)

// GET_UNIT_TOPIC_LIST (311). Java: DefaultRequestProcessor.getUnitTopicList. All versions. Java looks at one broker's
// flags; so do we.
func (s *Server) getUnitTopics(ctx *remoting.Context) {
	s.listByFlags(ctx, func(flags int) bool { return flags&protocol.TopicFlagUnit != 0 })
}

// listByFlags answers the three unit lists.
func (s *Server) listByFlags(ctx *remoting.Context, accept func(flags int) bool) {
	if !s.config().EnableTopicList {
		disabled(ctx)
		return
	}
	reply(ctx, s.routes.topicsWhere(func(queues []protocol.QueueData) bool { return accept(queues[0].TopicSysFlag) }))
}
