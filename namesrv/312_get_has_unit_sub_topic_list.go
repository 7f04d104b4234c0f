package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/protocol"
)

// GET_HAS_UNIT_SUB_TOPIC_LIST (312). Java: DefaultRequestProcessor.getHasUnitSubTopicList. All versions.
func (s *Server) getHasUnitSubTopics(ctx *remoting.Context) {
	s.listByFlags(ctx, func(flags int) bool { return flags&protocol.TopicFlagUnitSub != 0 })
}
