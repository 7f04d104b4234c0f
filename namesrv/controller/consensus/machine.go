package consensus

import (
	"fmt"
	"io"

	"github.com/hashicorp/raft"
)

// machine is a Machine as raft wants it.
type machine struct{ m Machine }

func (a machine) Apply(l *raft.Log) any { return a.m.Apply(l.Data) }

func (a machine) Snapshot() (raft.FSMSnapshot, error) {
	b, err := a.m.Snapshot()
	return state(b), err
}

func (a machine) Restore(r io.ReadCloser) error {
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, MaxSnapshot+1))
	if err != nil {
		return err
	}
	if len(b) > MaxSnapshot {
		return fmt.Errorf("consensus: a snapshot of more than %d bytes", MaxSnapshot)
	}
	return a.m.Restore(b)
}

// MaxSnapshot bounds a snapshot, in bytes: it travels in one frame.
const MaxSnapshot = 15 << 20

// state is an encoded snapshot.
type state []byte

func (s state) Persist(sink raft.SnapshotSink) error {
	if _, err := sink.Write(s); err != nil {
		_ = sink.Cancel()
		return err
	}
	return sink.Close()
}

func (state) Release() {}
