package namesrv

import (
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// GET_BROKER_MEMBER_GROUP (901), since 5.0. Java: DefaultRequestProcessor.getBrokerMemberGroup. An unknown broker has
// no members. The odd remark is Java's, which forgets to clear it.
func (s *Server) getBrokerMemberGroup(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, wire.BrokerMemberGroupRequest)
	if !ok {
		return
	}
	group := &protocol.BrokerMemberGroup{BrokerAddrs: s.routes.members(h.BrokerName), BrokerName: h.BrokerName,
		Cluster: h.ClusterName}
	text, err := compat.Marshal(protocol.GetBrokerMemberGroupResponseBody{BrokerMemberGroup: group})
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.RespondFields(wire.Success, "not set any response code", nil, text)
}
