package service

import (
	"testing"

	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/store"
)

// TestBackIsAsSafeAsASend: the copy of a message that its consumer gives back is on disk, and with the slaves, before the
// consumer is told.
func TestBackIsAsSafeAsASend(t *testing.T) {
	r := newRig(t, func(c *config.Config) {
		c.FlushDiskType, c.BrokerRole, c.InSyncReplicas, c.SlaveTimeout = store.SyncFlush, "SYNC_MASTER", 2, 60_000
	})
	r.group("g")
	r.store.Confirm(r.store.MaxPhyOffset())
	m := r.send("T", "WAIT\x01false\x02", "x")
	at := r.at("T", m.QueueID, m.QueueOffset).PhysicalOffset
	done := make(chan error, 1)
	go func() { done <- r.back(at, -1, -1) }()
	testutil.WaitFor(t, "the copy on disk", func() bool {
		return r.store.MaxPhyOffset() > m.End && r.store.FlushedOffset() == r.store.MaxPhyOffset()
	})
	select {
	case err := <-done:
		t.Fatalf("answered before a slave has it: %v", err)
	default:
	}
	r.store.Confirm(r.store.MaxPhyOffset())
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestWaitsInOrder: under SYNC_FLUSH with replicas a send waits for the disk, then for the slaves, then for nothing.
func TestWaitsInOrder(t *testing.T) {
	r := newRig(t, func(c *config.Config) {
		c.FlushDiskType, c.BrokerRole, c.InSyncReplicas, c.SlaveTimeout = store.SyncFlush, "SYNC_MASTER", 2, 60_000
	})
	m := r.send("T", "", "x")
	p, limit := m.Promise(), m.Received+60_000
	if !m.Sync || !m.Replicas {
		t.Fatalf("%+v", m.Stored)
	}
	r.Send.Awaits(1, p.End, p.End)
	testutil.WaitFor(t, "the disk", func() bool { return r.store.FlushedOffset() >= p.End })
	if done, err := r.Send.Kept(&p, limit-1); done || err != nil {
		t.Errorf("no wait for slaves: %v", err)
	}
	if done, err := r.Send.Kept(&p, limit); !done || err != ErrReplicaTimeout {
		t.Errorf("slow slaves: %v, %v", done, err)
	}
	if r.store.Confirm(p.End - 1); r.Send.Awaits(0, 0, p.End) {
		t.Error("a byte is missing")
	}
	if done, _ := r.Send.Kept(&p, limit-1); done {
		t.Error("kept without its last byte")
	}
	if r.store.Confirm(p.End); !r.Send.Awaits(0, 0, p.End) {
		t.Error("it is there, but nobody looks")
	}
	if done, err := r.Send.Kept(&p, limit); !done || err != nil {
		t.Errorf("%v, %v", done, err)
	}
	for what, m := range map[string]*Send{"WAIT=false": r.send("T", "WAIT\x01false\x02", "x"),
		"one way": r.send("T", "", "x", func(m *Send) { m.NoPromise = true })} {
		if m.Sync || m.Replicas {
			t.Errorf("%s waits", what)
		}
	}
}
