package commitlog

import "time"

// A log may change sides while it is open (Java AutoSwitchHAService): a copy of another log becomes one that takes
// records, and the other way round.

// BecomeRaw makes a copy of another log out of one that takes records. What is in the write buffer is written; appends
// get ErrRaw from here on, and so do those who wait for replicas with a Waiter. It may wait for a write of zeros. The
// log is raw after an error too, which is that of the write.
func (l *Log) BecomeRaw() error {
	for {
		l.lock(time.Now().UnixMilli())
		if l.app.claimed == 0 {
			break
		}
		changed := l.alloc.changes()
		l.unlock()
		_ = l.alloc.await(changed, claimWait)
	}
	err := l.writeOut()
	l.raw.Store(true)
	l.unlock()
	l.committer.Notify()
	l.Replicated.tell(l.Replicated.take(func(*waiting) bool { return true }), ErrRaw)
	l.settle()
	return err
}

// GiveUp tells those who keep answers of a log that has become a copy that they do not come true any more: nobody
// follows it. Without it they may, as long as replicas get what is in it.
func (l *Log) GiveUp() {
	l.givenUp.Store(true)
	l.settle()
}

// claimWait is between looks whether the allocator has written its zeros.
const claimWait = 10 * time.Millisecond

// BecomeWritable makes a log that takes records out of a copy: what had come in of a record that is not whole is
// forgotten. Nobody may call AppendRaw any more. An error: the log has no file to write to and none can be made; it is
// a copy as before.
func (l *Log) BecomeWritable() error {
	l.lock(time.Now().UnixMilli())
	defer l.unlock()
	if l.app.raw = nil; l.app.tail == nil {
		if err := l.openTail(); err != nil {
			return allocationError(err)
		}
		l.alloc.rebase(l.LastEnd())
	}
	l.raw.Store(false)
	l.givenUp.Store(false)
	return nil
}

// IsRaw tells that the log is a copy of another one.
func (l *Log) IsRaw() bool { return l.raw.Load() }
