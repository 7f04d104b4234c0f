package service

import (
	"errors"

	"gorocket/store"
)

// What an acknowledgement promises beyond that the message is in the log, by the broker's mode: SYNC_FLUSH that it is
// on disk, SYNC_MASTER with inSyncReplicas above 1 that so many brokers have it, this one counted. Java:
// CommitLog.handleDiskFlushAndHA.

// syncFlush tells whether acknowledgements wait for the disk.
func (b *base) syncFlush() bool { return b.cfg().FlushDiskType == store.SyncFlush }

// syncReplicas tells whether the acknowledgement of a message that waits for its promise waits for slaves. A *Refusal:
// it is not to be stored, because fewer brokers are in sync than have to have it.
func (b *base) syncReplicas() (bool, error) {
	need, enough := b.cfg().Acks(b.InSync)
	if !enough {
		return false, refuse(Failed, "in-sync replicas not enough")
	}
	return need > 1, nil
}

// wantsReplicas is syncReplicas for a send, just before it is stored.
func (s *Sender) wantsReplicas(m *Send) (err error) {
	if m.Replicas = false; !m.props.wait {
		return nil
	}
	sync, err := s.syncReplicas()
	m.Replicas = sync && !m.NoPromise
	return err
}

// alsoReplicas is wantsReplicas once m is stored: a broker that joined the sync state set just before has to have m,
// which was not known when m was on its way to the log. For what is in the write buffer the position Replicated tells,
// which goes along when it is written while nobody else is of the set.
func (s *Sender) alsoReplicas(m *Send) {
	c := s.cfg()
	if m.Replicas || !m.props.wait || m.NoPromise || !c.EnableControllerMode {
		return
	}
	if c.AllAckInSyncStateSet && c.BrokerRole == "SYNC_MASTER" && s.store.MaxPhyOffset() < m.End {
		m.Replicas = true
		return
	}
	m.Replicas, _ = s.syncReplicas()
}

// Errors of sends that are stored but for which not all of the promise came true in time.
var (
	// ErrFlushTimeout: it was not on disk within syncFlushTimeout. Java: FLUSH_DISK_TIMEOUT.
	ErrFlushTimeout = errors.New("FLUSH_DISK_TIMEOUT")
	// ErrReplicaTimeout: not enough slaves had it within slaveTimeout. Java: FLUSH_SLAVE_TIMEOUT.
	ErrReplicaTimeout = errors.New("FLUSH_SLAVE_TIMEOUT")
)

// Promise is what an acknowledgement waits for, of a send that said Sync or Replicas.
type Promise struct {
	End            int64 // the log below has to be safe
	Received       int64 // ms since 1970; when the request came in
	Count          int32 // messages
	Disk, Replicas bool  // where it has to be
}

// Promise is what the acknowledgement of m waits for.
func (m *Send) Promise() Promise {
	return Promise{m.End, m.Received, int32(m.count), m.Sync, m.Replicas}
}

// Awaits tells about n acknowledgements that wait for the disk, up to disk, and others for slaves, up to replicas;
// over: some wait no longer. It does not block.
func (s *Sender) Awaits(n int, disk, replicas int64) (over bool) {
	return s.store.Await(n, disk, replicas)
}

// Kept tells whether p has come true or cannot any more: done, with nil, ErrFlushTimeout, ErrReplicaTimeout or a
// *Refusal as the outcome, which is counted. It is asked when the store says EventListener.Settle, and not again once
// it is done. now is in ms since 1970. It does not block.
func (s *Sender) Kept(p *Promise, now int64) (done bool, err error) {
	switch {
	case p.Disk && s.store.FlushedOffset() < p.End:
		err = s.missing(now, p.Received+int64(s.cfg().SyncFlushTimeout), ErrFlushTimeout)
	case p.Replicas && s.store.ReplicatedOffset() < p.End:
		err = s.missing(now, p.Received+int64(s.cfg().SlaveTimeout), ErrReplicaTimeout)
	default:
		s.Stats.Times.Add(max(0, now-p.Received), int64(p.Count))
		return true, nil
	}
	if err == nil {
		return false, nil
	}
	s.Stats.Times.Add(max(0, now-p.Received), int64(p.Count))
	s.Stats.Times.Failed.Add(1)
	return true, err
}

// missing tells why nobody waits for what is not there yet: it cannot come any more, or it is late. nil: it may come.
func (s *Sender) missing(now, deadline int64, late error) error {
	if err := s.store.AwaitEnded(); err != nil {
		return s.unavailable(err)
	}
	if now >= deadline {
		return late
	}
	return nil
}

// promised blocks until what is in the log below end is as safe as the mode promises; the errors are the store's.
func (b *base) promised(end int64) (err error) {
	done := make(chan error, 1)
	if b.syncFlush() {
		b.store.NotifyDurable(end, func(err error) { done <- err })
		err = <-done
	}
	if sync, _ := b.syncReplicas(); err == nil && sync {
		b.store.NotifyReplicated(end, func(err error) { done <- err })
		err = <-done
	}
	return err
}

// isLate tells that a message is stored, but that its promise did not come true in time.
func isLate(err error) bool {
	return errors.Is(err, store.ErrFlushTimeout) || errors.Is(err, store.ErrReplicaTimeout)
}
