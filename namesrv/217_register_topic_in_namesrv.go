package namesrv

import (
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// REGISTER_TOPIC_IN_NAMESRV (217), since 5.0. Java: DefaultRequestProcessor.registerTopicToNamesrv.
//
// Only queueDatas of the body counts. Queues of a broker that is not registered are refused silently: SUCCESS all the
// same.
func (s *Server) registerTopic(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.TopicRequest)
	if !ok {
		return
	}
	if h.Topic == "" {
		missing(ctx, "topic")
		return
	}
	var route protocol.TopicRouteData
	if len(ctx.Req.Body) > 0 {
		if err := compat.Unmarshal(ctx.Req.Body, &route); err != nil {
			fail(ctx, err)
			return
		}
	}
	switch peer := ctx.Conn().RemoteAddr(); {
	case len(route.QueueDatas) == 0:
	case s.routes.registerTopic(h.Topic, route.QueueDatas):
		s.log.Info().Str("topic", h.Topic).Str("peer", peer).Msg("topic changed")
	default:
		s.peerWarn().Str("topic", h.Topic).Str("peer", peer).Msg("topic registration names an unknown broker")
	}
	ctx.OK(nil)
}
