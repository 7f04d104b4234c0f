package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/protocol"
)

// GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST (313). Java: DefaultRequestProcessor.getHasUnitSubUnUnitTopicList. All versions.
func (s *Server) getHasUnitSubUnunitTopics(ctx *remoting.Context) {
	s.listByFlags(ctx, func(flags int) bool {
		return flags&(protocol.TopicFlagUnit|protocol.TopicFlagUnitSub) == protocol.TopicFlagUnitSub
	})
}
