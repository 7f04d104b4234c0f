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
	counted := func() (n, failed int64) { return r.Send.Stats.Times.InMinute(), r.Send.Stats.Times.Failed.Load() }
	puts, failures := counted()
	if done, err := r.Send.Kept(&p, limit-1); done || err != nil {
		t.Errorf("no wait for slaves: %v", err)
	}
	if n, failed := counted(); n != puts || failed != failures {
		t.Errorf("who still waits counts: %d more, %d failed", n-puts, failed-failures)
	}
	if done, err := r.Send.Kept(&p, limit); !done || err != ErrReplicaTimeout {
		t.Errorf("slow slaves: %v, %v", done, err)
	}
	if n, failed := counted(); n != puts+1 || failed != failures+1 {
		t.Errorf("one that came late: %d more, %d failed", n-puts, failed-failures)
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
	if n, failed := counted(); n != puts+2 || failed != failures+1 {
		t.Errorf("one that was kept: %d more, %d failed", n-puts, failed-failures)
	}
	for what, m := range map[string]*Send{"WAIT=false": r.send("T", "WAIT\x01false\x02", "x"),
		"one way": r.send("T", "", "x", func(m *Send) { m.NoPromise = true })} {
		if m.Sync || m.Replicas {
			t.Errorf("%s waits", what)
		}
	}
}

// TestTooFewInSync: in a group with acting masters a SYNC_MASTER stores nothing that waits while fewer brokers are in
// sync than have to have it: messages, batches, half messages, ends of transactions, replies, recall marks. What does not
// wait is stored, and with enableAutoInSyncReplicas fewer will do, down to minInSyncReplicas.
func TestTooFewInSync(t *testing.T) {
	r := newRig(t, func(c *config.Config) {
		c.BrokerRole, c.InSyncReplicas, c.EnableSlaveActingMaster = "SYNC_MASTER", 2, true
	})
	r.inSync.Store(2)
	h := r.half("T", "", to(0))
	if m := r.send("T", "", "x", to(0)); !m.Replicas {
		t.Error("enough are in sync, and nobody waits for them")
	}
	end := r.store.MaxPhyOffset()
	r.inSync.Store(1)
	send := func(props string, change ...func(*Send)) func() error {
		return func() error {
			m := r.message("T", props, "x")
			for _, f := range change {
				f(m)
			}
			return r.Send.Send(m)
		}
	}
	for what, do := range map[string]func() error{
		"message": send(""), "one way": send("", func(m *Send) { m.NoPromise = true }),
		"batch":  send("", func(m *Send) { m.Batch, m.Record.Body = true, batchOf(3, "item") }),
		"half":   send("TRAN_MSG\x01true\x02PGROUP\x01p\x02"),
		"level":  send("DELAY\x011\x02"),
		"commit": func() error { return r.End.End(ending(h, true)) },
		"recall mark": func() error {
			return r.Send.Recall(&Mark{Topic: "T", UniqKey: "U", At: birth + 60_000, Group: "p", BornHost: producer})
		},
	} {
		refused(t, do(), Failed, "in-sync replicas not enough")
		if got := r.store.MaxPhyOffset(); got != end {
			t.Errorf("%s: %d bytes stored", what, got-end)
		}
	}
	if m := r.message("T", "", "x"); r.Send.Reply(m) != nil || m.IsStored() {
		t.Error("a reply is stored, or refused")
	}
	r.send("T", "WAIT\x01false\x02", "x")
	r.change(func(c *config.Config) { c.EnableAutoInSyncReplicas = true })
	if m := r.send("T", "", "x"); m.Replicas {
		t.Error("waits for slaves that are not in sync")
	}
	if err := r.End.End(ending(h, true)); err != nil {
		t.Error(err) // the refused commit left the half message as it was
	}
	r.change(func(c *config.Config) { c.MinInSyncReplicas = 2 })
	refused(t, send("")(), Failed, "in-sync replicas not enough")
}

// TestCommitKeepsThePromise: who waits for the answer to a commit gets it when disk and slaves have the message, or are
// late, which is success too; WAIT=false of the half message waits for nothing.
func TestCommitKeepsThePromise(t *testing.T) {
	r := newRig(t, func(c *config.Config) {
		c.FlushDiskType, c.BrokerRole, c.InSyncReplicas, c.SlaveTimeout = store.SyncFlush, "SYNC_MASTER", 2, 60_000
	})
	end := func(props string) (*End, chan bool) {
		r.change(func(c *config.Config) { c.FlushDiskType = store.AsyncFlush })
		e := ending(r.half("T", props, to(0)), true)
		r.change(func(c *config.Config) { c.FlushDiskType = store.SyncFlush })
		if err := r.End.End(e); err != nil {
			t.Fatal(err)
		}
		done := make(chan bool, 1)
		if e.Waits {
			r.End.Promised(e, func() { done <- true })
		}
		return e, done
	}
	e, done := end("")
	testutil.WaitFor(t, "the disk", func() bool { return r.store.FlushedOffset() >= r.store.MaxPhyOffset() })
	if !e.Waits || len(done) > 0 {
		t.Error("answered before a slave has it")
	}
	r.store.Confirm(r.store.MaxPhyOffset())
	<-done
	if e, _ := end("WAIT\x01false\x02"); e.Waits {
		t.Error("WAIT=false waits")
	}
	r.change(func(c *config.Config) { c.BrokerRole = "ASYNC_MASTER" })
	e, done = end("")
	if <-done; r.store.FlushedOffset() < e.stored {
		t.Error("answered before the disk has it")
	}
}

// TestJoinsDuringSend: a broker that begins to count between the question who has to have a message, and its place in
// the log, has to have it: the controllers may make it master.
func TestJoinsDuringSend(t *testing.T) {
	r := newRig(t)
	r.change(func(c *config.Config) {
		c.EnableControllerMode, c.BrokerRole, c.AllAckInSyncStateSet = true, "SYNC_MASTER", true
	})
	asked := 0
	r.Send.InSync = func() int { asked++; return asked }
	if m := r.send("T", "", "x"); !m.Replicas {
		t.Errorf("asked %d times, and it does not wait for the other one", asked)
	}
	r.Send.InSync = func() int { return 1 }
	if m := r.send("T", "", "x"); m.Replicas || r.store.MaxPhyOffset() != m.End {
		t.Error("it is written, and nobody else has to have it: it waits")
	}
	r.Send.InSync = func() int { asked++; return asked }
	asked = 0
	if m := r.send("T", "WAIT\x01false\x02", "x"); m.Replicas {
		t.Error("it waits, though it does not want to")
	}
	asked = 0
	if m := r.send("T", "", "x", func(m *Send) { m.NoPromise = true }); m.Replicas {
		t.Error("nobody is answered, and it waits")
	}
}

// TestJoinsBeforeTheWrite: who has to have a message that stays in the write buffer is decided when it is written, and
// not when it comes: a broker that joins in between has to have it.
func TestJoinsBeforeTheWrite(t *testing.T) {
	for name, flush := range map[string]string{"the end of the loop's turn": store.AsyncFlush, "the flush": store.SyncFlush} {
		r := newRig(t, func(c *config.Config) { c.FlushDiskType = flush })
		r.change(func(c *config.Config) {
			c.EnableControllerMode, c.BrokerRole, c.AllAckInSyncStateSet = true, "SYNC_MASTER", true
		})
		r.inSync.Store(1)
		noWait := func(m *Send) { m.NoWait = true }
		r.send("T", "", "x") // the file of the log is there
		m := r.send("T", "", "x", noWait)
		if r.store.MaxPhyOffset() >= m.End {
			t.Fatalf("it does not stay in the write buffer until %s", name)
		}
		if !m.Replicas {
			t.Errorf("it is written at %s, and who has to have it then is decided before", name)
		}
		r.change(func(c *config.Config) { c.BrokerRole = "ASYNC_MASTER" })
		if m = r.send("T", "", "x", noWait); m.Replicas {
			t.Error("an ASYNC_MASTER waits for replicas")
		}
		r.change(func(c *config.Config) {
			c.BrokerRole, c.AllAckInSyncStateSet, c.InSyncReplicas = "SYNC_MASTER", false, 1
		})
		if m = r.send("T", "", "x", noWait); m.Replicas {
			t.Error("inSyncReplicas is 1, and it waits for replicas")
		}
	}
}
