package namesrv

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// DELETE_TOPIC_IN_NAMESRV (216). Java: DefaultRequestProcessor.deleteTopicInNamesrv. clusterName since 5.0: only
// brokers of that cluster lose the topic; without it all do. SUCCESS also when nothing was there.
func (s *Server) deleteTopic(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.DeleteTopicFromNamesrvRequest)
	if !ok {
		return
	}
	s.routes.deleteTopic(h.Topic, h.ClusterName)
	s.log.Info().Str("topic", h.Topic).Str("cluster", h.ClusterName).Str("peer",
		ctx.Conn().RemoteAddr()).Msg("topic deleted")
	ctx.OK(nil)
}
