package commitlog

import "time"

// Whoever waits for replicas waits on the position Replicated (Java GroupTransferService). Who knows what replicas have
// moves it, once for all that a replica reported together.

// WaitReplicated calls w.Durable once: with nil when Confirm has passed offset (inline if it has already), with
// ErrReplicaTimeout after ReplicaTimeout, with ErrRaw when the log is a copy, or with an error of class ErrNotWritable
// when a flush or write failed or the log closes.
func (l *Log) WaitReplicated(offset int64, w Waiter) {
	wait := waiting{offset, w, time.Now().Add(l.settings.Load().ReplicaTimeout)}
	passed, err := l.Replicated.addUnless(wait)
	if passed || err != nil {
		w.Durable(err)
		return
	}
	if l.raw.Load() { // it has just become a copy, and those who waited were told before this one came
		l.Replicated.tell(l.Replicated.take(func(*waiting) bool { return true }), ErrRaw)
	}
}

// Confirm says that enough replicas have everything below offset, and answers who waits for that. It never goes back:
// what they had once was stored twice. An offset behind the end of the log is none of this log and counts as nothing.
func (l *Log) Confirm(offset int64) {
	if offset > l.End() || !l.Replicated.raise(offset) {
		return
	}
	l.settle()
	l.Replicated.tell(l.Replicated.reached(offset), nil)
}
