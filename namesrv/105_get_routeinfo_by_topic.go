package namesrv

import (
	"strings"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// GET_ROUTEINFO_BY_TOPIC (105). Java: ClientRequestProcessor.getRouteInfoByTopic, ZoneRouteRPCHook. All versions.
//
// Clients from V4_9_4 on, and those that set acceptStandardJsonOnly, get standard JSON in ASCII; older ones fastjson's
// dialect with unquoted broker ids. Order configuration only with orderMessageEnable. With __ZONE_MODE=true and
// __ZONE_NAME brokers of other zones are left out (Java then always writes the dialect; we keep to the client's form).
//
// An answer that was given before is sent from the event loop; everything else is built by a worker.
func (s *Server) getRouteInfo(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.GetRouteInfoRequest)
	if !ok {
		return
	}
	if cfg := s.config(); cfg.NeedWaitForService &&
		time.Since(s.born) < time.Duration(cfg.WaitSecondsForService)*time.Second {
		ctx.Status(wire.SystemError, "name server not ready")
		return
	}
	f := formDialect
	if ctx.Req.Version >= compat.VersionV4_9_4 || h.AcceptStandardJSONOnly {
		f = formStandard
	}
	zoned := strings.EqualFold(h.ZoneMode, "true") && strings.TrimSpace(h.ZoneName) != ""
	if !zoned {
		if text := s.routes.cache.get(h.Topic, f); text != nil {
			s.counts.routes.Add(1)
			ctx.OK(text)
			return
		}
	}
	if ctx.OnLoop() {
		ctx.Offload()
		return
	}
	s.buildRoute(ctx, &h, f, zoned)
}

// buildRoute answers from the tables. It runs on a worker.
func (s *Server) buildRoute(ctx *remoting.Context, h *wire.GetRouteInfoRequestHeader, f form, zoned bool) {
	gen := s.routes.cache.generation()
	route := s.routes.pickup(h.Topic, s.config().SupportActingMaster)
	if route == nil {
		s.counts.noRoutes.Add(1)
		ctx.Status(wire.TopicNotExist, "No topic route info in name server for the topic: "+orNull(ctx, "topic", h.Topic)+
			"\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.")
		return
	}
	s.addOrderConf(h.Topic, route)
	if zoned {
		keepZone(route, h.ZoneName)
	}
	text, err := encodeRoute(route, f)
	if err != nil {
		fail(ctx, err)
		return
	}
	if !zoned {
		s.routes.cache.put(h.Topic, f, gen, text)
	}
	s.counts.routes.Add(1)
	ctx.OK(text)
}

func (s *Server) addOrderConf(topic string, route *protocol.TopicRouteData) {
	if !s.config().OrderMessageEnable {
		return
	}
	if conf, ok := s.kv.get(compat.OrderTopicNamespace, topic); ok {
		route.OrderTopicConf = &conf
	}
}

func encodeRoute(route *protocol.TopicRouteData, f form) ([]byte, error) {
	if f == formStandard {
		return compat.MarshalBrowser(route)
	}
	return compat.Marshal(route)
}
