package controller

import (
	"strconv"
	"strings"

	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// CLEAN_BROKER_DATA (1011): an operator has brokers forgotten. Java: ReplicasInfoManager.cleanBrokerData.
func (s *Server) cleanBrokerData(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.CleanBrokerDataRequest)
	if !ok || !s.leads(ctx) {
		return
	}
	var ids []int64
	for text := range strings.SplitSeq(h.IDsToClean, ";") {
		if strings.TrimSpace(h.IDsToClean) == "" {
			break
		}
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || len(ids) > replicas.MaxReplicas {
			ctx.Status(wire.ControllerInvalidCleanMetadata, "Please set the option <brokerControllerIdsToClean> according "+
				"to the format, exception: java.lang.NumberFormatException: For input string: "+strconv.Quote(text))
			return
		}
		ids = append(ids, id)
	}
	r, ok := s.decide(ctx, &replicas.Command{Clean: &replicas.Clean{Broker: h.BrokerName, IDs: ids, Living: h.CleanLiving,
		Alive: s.members(h.BrokerName)}})
	if ok {
		if r.Code == wire.Success {
			s.log.Warn().Str("peer", ctx.Conn().RemoteAddr()).Str("broker", h.BrokerName).Str("ids", h.IDsToClean).
				Msg("brokers are forgotten, as an operator asked")
		}
		ctx.Status(r.Code, r.Remark)
	}
}
