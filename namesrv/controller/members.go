package controller

import (
	"context"
	"errors"
	"fmt"

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
	if !s.changing.TryLock() { // others of the group need the workers
		ctx.Status(wire.SystemBusy, "another change of the members is under way")
		return
	}
	node := s.node.Load()
	err := s.changeMember(node, h)
	s.changing.Unlock() // before the answer: who has it may ask for the next change
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

// changeMember makes one change; changing is held.
func (s *Server) changeMember(node *consensus.Node, h ChangeMembersHeader) error {
	if h.Addr == "" {
		return node.Remove(h.ID)
	}
	p := consensus.Peer{ID: h.ID, Addr: h.Addr}
	if err := s.runs(p); err != nil {
		return err
	}
	return node.Add(p)
}

// runs looks whether a controller that is to be a member runs: it counts for majorities at once, and one that does not
// run may leave the group without any.
func (s *Server) runs(p consensus.Peer) error {
	list, err := consensus.ParsePeers(p.ID + "-" + p.Addr)
	if err != nil {
		return err
	}
	if len(list) != 1 || list[0] != p {
		return fmt.Errorf("%q at %q is no member: want an id without - and ;, and host:port", p.ID, p.Addr)
	}
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	id, err := s.transport.Who(ctx, p.Addr)
	if err == nil && id != p.ID {
		err = &consensus.ForeignError{ID: p.ID, Addr: p.Addr, Answers: id}
	}
	if err != nil {
		return fmt.Errorf("a member that is to be added has to run, with controllerJoin=true: %w", err)
	}
	return nil
}
