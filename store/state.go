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

// Health returns nil when the store works, else why it does not (a failed flush, a full disk, stopped).
func (s *Store) Health() error { return s.Writable() }

// fail closes the store for writes for good; the first reason stays.
func (s *Store) fail(err error) { s.broken.CompareAndSwap(nil, &err) }

// failed returns the error of a failed flush, nil otherwise.
func (s *Store) failed() error {
	if p := s.broken.Load(); p != nil {
		if _, ok := (*p).(*syncError); ok {
			return *p
		}
	}
	return nil
}

// pause stops (err != nil) or allows (nil) writes because of the disk level.
func (s *Store) pause(err error) {
	was := s.paused.Load()
	if err == nil {
		s.paused.Store(nil)
	} else {
		s.paused.Store(&err)
	}
	if (was == nil) != (err == nil) && s.ev.Writable != nil {
		s.ev.Writable(err)
	}
}

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

// allocationError turns a failed file allocation into an error of class ErrNotWritable that keeps its cause.
func (s *Store) allocationError(err error) error {
	if err == ErrNoNextFile || err == ErrClosed {
		return err
	}
	return &allocError{err}
}

// writeError says that the log file could not be written: of class ErrNotWritable, with its cause.
type writeError struct {
	file string
	err  error
}

func (e *writeError) Error() string        { return "store: not writable: " + e.file + ": " + e.err.Error() }
func (e *writeError) Unwrap() error        { return e.err }
func (e *writeError) Is(target error) bool { return target == ErrNotWritable }

type allocError struct{ err error }

func (e *allocError) Error() string {
	return "store: not writable: cannot make the next commit log file: " + e.err.Error()
}
func (e *allocError) Unwrap() error        { return e.err }
func (e *allocError) Is(target error) bool { return target == ErrDiskFull || target == ErrNotWritable }
