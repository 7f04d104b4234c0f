package consensus

import (
	"errors"
	"fmt"

	"github.com/hashicorp/raft"
)

// maxAhead is how far ahead of this member another one's term, or its snapshot, may be: a term that nobody can follow
// any more would end the group, and it is durable.
const maxAhead = 1 << 32

var errNotYet = errors.New("consensus: this member is starting")

// known is what a member knows of itself, to judge what others send.
type known struct {
	term  func() uint64
	last  func() uint64               // index of its log
	state func(snapshot []byte) error // tells whether the machine can take a snapshot
	waits func() error                // why it can answer nothing now
}

// check refuses what no member sends: raft would panic of it, now or at the next start, or never get on again. What is
// of the past raft refuses itself, without a look at it.
func (k *known) check(rpc *raft.RPC, snapshot []byte) error {
	now, term := k.term(), termOf(rpc)
	switch {
	case term > now && term-now > maxAhead:
		return fmt.Errorf("consensus: term %d, while it is %d here", term, now)
	case term < now:
		return nil
	}
	switch c := rpc.Command.(type) {
	case *raft.AppendEntriesRequest:
		return checkEntries(c)
	case *raft.InstallSnapshotRequest:
		return k.checkSnapshot(c, snapshot)
	}
	return nil
}

// termOf is the term of a request; one that has none is of the past.
func termOf(rpc *raft.RPC) uint64 {
	switch c := rpc.Command.(type) {
	case *raft.AppendEntriesRequest:
		return c.Term
	case *raft.RequestVoteRequest:
		return c.Term
	case *raft.RequestPreVoteRequest:
		return c.Term
	case *raft.InstallSnapshotRequest:
		return c.Term
	}
	return 0
}

// checkEntries looks whether entries follow each other, and whether raft can read them.
func checkEntries(a *raft.AppendEntriesRequest) error {
	for i, e := range a.Entries {
		if e == nil || e.Index != a.PrevLogEntry+1+uint64(i) || e.Term > a.Term {
			return fmt.Errorf("%w: entry %d does not follow index %d of term %d", errMalformed, i, a.PrevLogEntry, a.Term)
		}
		switch e.Type {
		case raft.LogCommand, raft.LogNoop, raft.LogBarrier:
		case raft.LogConfiguration:
			if err := checkMembers(e.Data); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: an entry of type %d", errMalformed, e.Type)
		}
	}
	return nil
}

// checkMembers reads a group's members.
func checkMembers(b []byte) error {
	var c raft.Configuration
	if err := decode(b, &c); err != nil {
		return err
	}
	if len(c.Servers) == 0 || len(c.Servers) > MaxPeers {
		return fmt.Errorf("%w: a group of %d", errMalformed, len(c.Servers))
	}
	return nil
}

func (k *known) checkSnapshot(r *raft.InstallSnapshotRequest, snapshot []byte) error {
	last := k.last()
	switch {
	case r.SnapshotVersion != raft.SnapshotVersionMax:
		return fmt.Errorf("%w: a snapshot of version %d", errMalformed, r.SnapshotVersion)
	case r.Size != int64(len(snapshot)) || r.LastLogTerm > r.Term:
		return fmt.Errorf("%w: a snapshot of %d bytes, %d are said", errMalformed, len(snapshot), r.Size)
	case r.LastLogIndex > last && r.LastLogIndex-last > maxAhead:
		return fmt.Errorf("consensus: a snapshot at index %d, while the log ends at %d here", r.LastLogIndex, last)
	}
	if err := checkMembers(r.Configuration); err != nil {
		return err
	}
	return k.state(snapshot)
}
