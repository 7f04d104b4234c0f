package store

import (
	"context"
	"errors"
	"time"
)

// Writable returns nil when Append works, else an error of class ErrNotWritable.
func (s *Store) Writable() error {
	if p := s.broken.Load(); p != nil {
		return *p
	}
	if p := s.paused.Load(); p != nil {
		return *p
	}
	return nil
}

// Health returns nil when the store works, else why it does not (a failed flush, a full disk, a page that cannot be read, stopped).
func (s *Store) Health() error {
	if err := s.Writable(); err != nil {
		return err
	}
	if e := s.unreadable.Load(); e != nil {
		return e
	}
	return nil
}

// fail closes the store for writes for good; the first reason stays.
func (s *Store) fail(err error) { s.broken.CompareAndSwap(nil, &err) }

// failed returns why the log can no longer be trusted, nil when it can.
func (s *Store) failed() error {
	if p := s.lost.Load(); p != nil {
		return p
	}
	return nil
}

// logFailed closes the store for writes after a failed write or fsync of the log: after the first nobody knows what is
// in the file, after the second the kernel may have dropped the pages, so trying again would lie. It returns the error
// for who asked; the first stays the store's. Any goroutine, with any lock held.
func (s *Store) logFailed(what, file string, err error) error {
	wrapped := &syncError{what, file, err}
	s.lost.CompareAndSwap(nil, wrapped)
	s.fail(wrapped)
	return wrapped
}

// tellFailure tells who waits, the listener and the next start that the log has failed, once. No lock but flushMu is
// held.
func (s *Store) tellFailure() {
	e := s.lost.Load()
	if e == nil || s.toldFailure.Swap(true) {
		return
	}
	cfg := s.cfg.Load()
	_ = s.fs.Remove(cfg.sub(summaryFile)) // what was written may be gone: the next start reads everything
	_ = s.writeSmall(cfg.sub("abort"), abortText(""))
	s.flush.close(e)
	s.answered()
	if s.ev.FlushFailed != nil {
		s.ev.FlushFailed(e.file, e.err)
	}
}

// What failed, in a syncError.
const (
	writeFailed = "a write failed; writes stay closed until restart"
	flushFailed = "a flush failed; writes stay closed until restart"
)

// syncError is ErrSyncFailed with its cause.
type syncError struct {
	what string
	file string
	err  error
}

func (e *syncError) Error() string {
	return "store: not writable: " + e.what + ": " + e.file + ": " + e.err.Error()
}
func (e *syncError) Unwrap() error        { return e.err }
func (e *syncError) Is(target error) bool { return target == ErrSyncFailed || target == ErrNotWritable }

// PageCacheLockTime is for how many ms the present holder has had the append lock; 0 when it is free.
func (s *Store) PageCacheLockTime() int64 {
	since := s.app.busySince.Load()
	if since == 0 {
		return 0
	}
	return max(0, time.Now().UnixMilli()-since)
}

// OSPageCacheBusy tells that one append has held the lock longer than osPageCacheBusyTimeOutMills.
func (s *Store) OSPageCacheBusy() bool {
	return s.PageCacheLockTime() > s.cfg.Load().OsPageCacheBusyTimeOutMills
}

func (s *Store) reportErr(what, file string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) && s.ev.BackgroundError != nil {
		s.ev.BackgroundError(what, file, err)
	}
}
