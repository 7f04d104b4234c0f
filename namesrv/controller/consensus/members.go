package consensus

import (
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

// memberTimeout bounds the wait for the others to agree on who belongs to the group.
const memberTimeout = 5 * time.Second

// Add takes a member into the group, or changes the address of one. It counts at once for majorities, so it should run.
// Errors: ErrNotLeader, or that the group is full or does not agree in time.
func (n *Node) Add(p Peer) error {
	for _, m := range n.Members() {
		if m.Addr == p.Addr && m.ID != p.ID {
			return fmt.Errorf("consensus: member %s has the address %s already", m.ID, m.Addr)
		}
	}
	if len(n.Members()) >= MaxPeers {
		return fmt.Errorf("consensus: the group has %d members, more are not taken", MaxPeers)
	}
	return n.agreed(n.raft.AddVoter(raft.ServerID(p.ID), raft.ServerAddress(p.Addr), 0, memberTimeout))
}

// Remove takes a member out of the group; the last one stays. A leader that is told to remove itself hands over and
// returns ErrNotLeader: the next one is to be asked.
func (n *Node) Remove(id string) error {
	list := n.Members()
	if len(list) == 1 {
		return fmt.Errorf("consensus: %s is the only member", list[0].ID)
	}
	for _, m := range list {
		if m.ID == id && id == n.self {
			if err := n.raft.LeadershipTransfer().Error(); err != nil {
				return notLeading(err)
			}
			return ErrNotLeader
		}
		if m.ID == id {
			return n.agreed(n.raft.RemoveServer(raft.ServerID(id), 0, memberTimeout))
		}
	}
	return fmt.Errorf("consensus: there is no member %q", id)
}

// agreed waits for a change of the members.
func (n *Node) agreed(f raft.Future) error {
	if !n.Leading() {
		return ErrNotLeader
	}
	return notLeading(f.Error())
}
