package commitlog

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Pause is a reason for which the log takes no records until there is room. They come and go apart from each other; the
// state that Writable and the listener tell is made of all of them.
type Pause int

// The reasons.
const (
	PauseLevel Pause = iota // the disk is too full; the owner of the log decides
	pauseFirst              // a log without a file to write to cannot make it
	pauseNext               // an append needs the next file, and it cannot be made
	pauseKinds
)

// state says whether the log takes records. Any goroutine, with any lock held.
type state struct {
	broken atomic.Pointer[error]     // why no write is possible until the log is opened again
	lost   atomic.Pointer[syncError] // a failed write or fsync; also while the log closes
	paused atomic.Pointer[error]     // why no write is possible now (no room); written by setPause only
	told   atomic.Bool               // who has to know of lost does

	pauseMu sync.Mutex
	why     [pauseKinds]error // guarded by pauseMu

	tellMu  sync.Mutex // orders the calls of Events.Writable; taken before pauseMu
	refuses bool       // the listener believes that appends are refused; guarded by tellMu
}

// Writable returns nil when appends work, else an error of class ErrNotWritable.
func (l *Log) Writable() error {
	if p := l.state.broken.Load(); p != nil {
		return *p
	}
	if p := l.state.paused.Load(); p != nil {
		return *p
	}
	return nil
}

// Fail closes the log for writes for good; the first reason stays. Any goroutine, with any lock held.
func (l *Log) Fail(err error) { l.state.broken.CompareAndSwap(nil, &err) }

// Failed returns why the log can no longer be trusted, nil when it can.
func (l *Log) Failed() error {
	if p := l.state.lost.Load(); p != nil {
		return p
	}
	return nil
}

// closeFailed closes the log for writes after a failed write or fsync. It returns the error for who asked; the first
// stays the log's. Any goroutine, with any lock held. The flusher tells.
func (l *Log) closeFailed(what, file string, err error) error {
	wrapped := &syncError{what, file, err}
	l.state.lost.CompareAndSwap(nil, wrapped)
	l.Fail(wrapped)
	return wrapped
}

// tellFailure tells who waits and the listener that the log has failed, once. No lock but flushMu is held.
func (l *Log) tellFailure() {
	e := l.state.lost.Load()
	if e == nil || l.state.told.Swap(true) {
		return
	}
	if l.ev.Failing != nil {
		l.ev.Failing()
	}
	l.EndWaits(e)
	if l.ev.Failed != nil {
		l.ev.Failed(e.file, e.err)
	}
}

// SetPause notes (err != nil) or ends (nil) a reason to take no records, and tells the listener when that changes the
// state. No lock is held.
func (l *Log) SetPause(kind Pause, err error) {
	l.notePause(kind, err)
	l.tellState()
}

// notePause is SetPause without telling: under any lock.
func (l *Log) notePause(kind Pause, err error) {
	s := &l.state
	s.pauseMu.Lock()
	defer s.pauseMu.Unlock()
	s.why[kind] = err
	for _, why := range s.why {
		if why != nil {
			s.paused.Store(&why)
			return
		}
	}
	s.paused.Store(nil)
}

// tellState tells the listener the state if it believes something else. A log that is closed for another reason does
// not accept records again because there is room.
func (l *Log) tellState() {
	s := &l.state
	s.tellMu.Lock()
	defer s.tellMu.Unlock()
	why := s.paused.Load()
	if s.refuses == (why != nil) || why == nil && s.broken.Load() != nil {
		return
	}
	s.refuses = why != nil
	if l.ev.Writable == nil {
		return
	}
	if why == nil {
		l.ev.Writable(nil)
	} else {
		l.ev.Writable(*why)
	}
}

// WantsRoom tells that a file of the log has no room, whatever share of the disk is in use.
func (l *Log) WantsRoom() bool {
	p := l.state.paused.Load()
	return p != nil && errors.Is(*p, syscall.ENOSPC)
}

// LockTime is for how many ms the present holder has had the append lock; 0 when it is free.
func (l *Log) LockTime() int64 {
	since := l.busySince.Load()
	if since == 0 {
		return 0
	}
	return max(0, time.Now().UnixMilli()-since)
}
