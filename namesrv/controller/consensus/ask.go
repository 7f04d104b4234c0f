package consensus

import (
	"time"

	"github.com/hashicorp/raft"
)

// barrier waits until all that was committed before is applied. raft answers nobody who had put a barrier into its
// queue just before it ended.
func (n *Node) barrier() error {
	_, done := ask(n, func() raft.Future { return n.raft.Barrier(barrierTimeout) })
	select {
	case err := <-done:
		return err
	case <-n.ended:
		return raft.ErrRaftShutdown
	}
}

// ask asks raft for something; what it says comes through done, for who does not wait for it for ever.
func ask[F raft.Future](n *Node, what func() F) (f F, done <-chan error) {
	out := make(chan error, 1)
	n.asked.Add(1)
	if n.ending.Load() {
		n.asked.Add(-1)
		out <- raft.ErrNotLeader
		return f, out
	}
	f = what()
	go func() {
		out <- f.Error()
		n.asked.Add(-1)
	}()
	return f, out
}

// settle waits until raft has answered what it was asked for, or settleTime is over: once it ends it may not.
func (n *Node) settle() {
	for end := time.Now().Add(settleTime); n.asked.Load() > 0 && time.Now().Before(end); {
		time.Sleep(settleTime / 100)
	}
}

// barrierTimeout bounds one try of a new leader to commit, and barrierPause is between two: raft may refuse at once, as
// while the leadership is being handed over. proposeTimeout bounds the wait for a place in the leader's queue.
const (
	barrierTimeout = 3 * time.Second
	barrierPause   = 50 * time.Millisecond
	proposeTimeout = time.Second
	settleTime     = 500 * time.Millisecond
)
