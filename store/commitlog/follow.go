package commitlog

import "sync/atomic"

// follow tells who follows the log that it has grown. As long as nobody waits, that costs an append one load.
type follow struct{ moved atomic.Pointer[chan struct{}] }

// Moved returns a channel that is closed as soon as End moves on. Who waits looks at End once more after it has the
// channel. Any goroutine.
func (l *Log) Moved() <-chan struct{} {
	for {
		if p := l.followed.moved.Load(); p != nil {
			return *p
		}
		fresh := make(chan struct{})
		if l.followed.moved.CompareAndSwap(nil, &fresh) {
			return fresh
		}
	}
}

// advance moves the end of what may be read, and wakes who follows, all of them at once. Caller holds the append lock.
func (l *Log) advance(end int64) {
	l.Readable.Store(end)
	if p := l.followed.moved.Load(); p != nil && l.followed.moved.CompareAndSwap(p, nil) {
		close(*p)
	}
}
