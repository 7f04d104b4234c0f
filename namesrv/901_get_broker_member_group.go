package namesrv

import (
	"gorocket/compat/body"
	"gorocket/remoting"
)

// GET_BROKER_MEMBER_GROUP (901), since 5.0. Java: DefaultRequestProcessor.getBrokerMemberGroup. An unknown broker has no members.
func (s *Server) getBrokerMemberGroup(ctx *remoting.Context) {
	h, ok := header(ctx, remoting.BrokerMemberGroupRequest)
	if !ok {
		return
	}
	group := &body.BrokerMemberGroup{BrokerAddrs: s.routes.members(h.BrokerName), BrokerName: h.BrokerName, Cluster: h.ClusterName}
	reply(ctx, body.GetBrokerMemberGroupResponseBody{BrokerMemberGroup: group})
}
