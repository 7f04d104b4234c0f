package service

import (
	"errors"
	"time"

	"gorocket/store"
)

// What an acknowledgement promises beyond that the message is in the log, by the broker's mode: SYNC_FLUSH that it is
// on disk, SYNC_MASTER with inSyncReplicas above 1 that so many brokers have it, this one counted. Java:
// CommitLog.handleDiskFlushAndHA.

// syncFlush tells whether acknowledgements wait for the disk.
func (b *base) syncFlush() bool { return b.cfg().FlushDiskType == store.SyncFlush }

// syncReplicas tells whether acknowledgements wait for slaves.
func (b *base) syncReplicas() bool {
	c := b.cfg()
	return c.BrokerRole == "SYNC_MASTER" && c.InSyncReplicas > 1
}

// Errors of sends that are stored but for which not all of the promise came true in time.
var (
	// ErrFlushTimeout: it was not on disk within syncFlushTimeout. Java: FLUSH_DISK_TIMEOUT.
	ErrFlushTimeout = errors.New("FLUSH_DISK_TIMEOUT")
	// ErrReplicaTimeout: not enough slaves had it within slaveTimeout. Java: FLUSH_SLAVE_TIMEOUT.
	ErrReplicaTimeout = errors.New("FLUSH_SLAVE_TIMEOUT")
)

// Waits has w told once about the next part of the promise that m has to wait for, the disk before the slaves; false
// when no part is left. With an error none of them is waited for any more. w gives the answer and calls Settled.
func (s *Sender) Waits(m *Send, w store.Waiter) bool {
	switch {
	case m.Sync:
		m.Sync = false
		s.store.WaitDurable(m.End, w)
	case m.Replicas:
		m.Replicas = false
		s.store.WaitReplicated(m.End, w)
	default:
		return false
	}
	return true
}

// Settled counts a send that waited, err being what the waiter was told: nil, ErrFlushTimeout, ErrReplicaTimeout or a
// *Refusal is the outcome.
func (s *Sender) Settled(m *Send, err error) error {
	s.Stats.Times.Add(max(0, time.Now().UnixMilli()-m.Received), m.count)
	if err == nil {
		return nil
	}
	s.Stats.Times.Failed.Add(1)
	switch {
	case errors.Is(err, store.ErrFlushTimeout):
		return ErrFlushTimeout
	case errors.Is(err, store.ErrReplicaTimeout):
		return ErrReplicaTimeout
	}
	return s.unavailable(err)
}

// promised blocks until what is in the log below end is as safe as the mode promises; the errors are the store's.
func (b *base) promised(end int64) (err error) {
	done := make(chan error, 1)
	if b.syncFlush() {
		b.store.NotifyDurable(end, func(err error) { done <- err })
		err = <-done
	}
	if err == nil && b.syncReplicas() {
		b.store.NotifyReplicated(end, func(err error) { done <- err })
		err = <-done
	}
	return err
}

// isLate tells that a message is stored, but that its promise did not come true in time.
func isLate(err error) bool {
	return errors.Is(err, store.ErrFlushTimeout) || errors.Is(err, store.ErrReplicaTimeout)
}
