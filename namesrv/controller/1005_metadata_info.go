package controller

import (
	"strings"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// CONTROLLER_GET_METADATA_INFO (1005): who leads the controllers. Every controller answers. Java: DLedgerController
// .getControllerMetadata.
func (s *Server) metadataInfo(ctx *remoting.Context) {
	out := wire.ControllerMetadataHeader{Group: s.config().Group}
	if node := s.node.Load(); node != nil {
		leader := node.Leader()
		out.LeaderID, out.LeaderAddress, out.IsLeader = leader.ID, leader.Addr, node.Leading()
		var peers strings.Builder
		for _, p := range node.Members() {
			peers.WriteString(p.ID + ":" + p.Addr + ";")
		}
		out.Peers = peers.String()
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.ControllerMetadataResponse, &out, remoting.Body{})
}
