package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// joinTimeout bounds the question to a controller that is to become a member.
const joinTimeout = 3 * time.Second

// answers tells that a controller of this group runs at an address. A new member counts for majorities at once: one
// that is not there, as its address has a typing error, can cost the group its majority.
func (s *Server) answers(addr string) error {
	ctx, cancel := context.WithTimeout(context.Background(), joinTimeout)
	defer cancel()
	h, err := remoting.AskHeader(ctx, s.client, addr, wire.ReqControllerGetMetadataInfo, wire.ControllerMetadataResponse)
	if err != nil {
		return fmt.Errorf("no controller answers at %s: start it first, with controllerJoin=true: %w", addr, err)
	}
	if want := s.config().Group; h.Group != want {
		return fmt.Errorf("the controller at %s is of group %q, not of %q (controllerDLegerGroup)", addr, h.Group, want)
	}
	return nil
}

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
			err = s.answers(h.Addr)
		}
		if err == nil {
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
