package controller

import (
	"errors"

	"gorocket/namesrv/controller/consensus"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// ChangeMembersCode is the request by which an operator adds or removes a controller. It is ours; Java's groups are
// what their files say.
const ChangeMembersCode int32 = 621002

// ChangeMembersHeader heads it: Addr is that of a member to add, or empty for one to remove.
type ChangeMembersHeader struct {
	ID   string `header:"id,must"`
	Addr string `header:"addr"`
}

// ChangeMembers is its header type.
var ChangeMembers = wire.Define[ChangeMembersHeader]("gorocket members")

// changeMembers serves it, on the leader.
func (s *Server) changeMembers(ctx *remoting.Context) {
	h, ok := remoting.Header(ctx, ChangeMembers)
	if !ok || !s.leads(ctx) {
		return
	}
	node := s.node.Load()
	var err error
	if h.Addr == "" {
		err = node.Remove(h.ID)
	} else {
		if _, err = consensus.ParsePeers(h.ID + "-" + h.Addr); err == nil {
			err = node.Add(consensus.Peer{ID: h.ID, Addr: h.Addr})
		}
	}
	switch {
	case errors.Is(err, consensus.ErrNotLeader):
		notLeader(ctx)
	case err != nil:
		fail(ctx, err)
	default:
		s.log.Warn().Str("peer", ctx.Conn().RemoteAddr()).Str("id", h.ID).Str("addr", h.Addr).
			Any("members", node.Members()).Msg("the members of the group have changed")
		ctx.OK(nil)
	}
}
