package store

import (
	"context"
	"errors"
	"fmt"

	"gorocket/store/consumequeue"
)

// Stop refuses new messages, ends the goroutines, flushes everything, writes the checkpoint and removes the abort file.
// Calling it again returns the first result.
//
// It returns when ctx ends at the latest, even while the disk hangs in a call. Then the abort file stays, so that the
// next start recovers as after a kill, EventListener.StoppedUnclean tells why, and the result is nil: nothing
// acknowledged is lost, and the caller has nothing left to do. The goroutine that is stuck ends with its call and gives
// the files back. Any other failure is returned, and told through StoppedUnclean as well.
func (s *Store) Stop(ctx context.Context) error {
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	if s.state == stateStopped {
		return s.stopErr
	}
	started := s.state == stateStarted
	s.state = stateStopped
	s.log.Fail(ErrClosed)
	if !started {
		s.log.EndWaits(ErrClosed)
		s.close()
		return nil
	}
	s.cancel()
	s.stopErr = s.stopped(s.finish(ctx))
	return s.stopErr
}

// finish drains in a goroutine of its own, which may outlive the call when the disk hangs.
func (s *Store) finish(ctx context.Context) error {
	done := make(chan error, 1)
	go func() {
		s.log.Quiesce() // the last append is over
		s.workers.Wait()
		err := s.drain(ctx)
		s.log.EndWaits(ErrClosed)
		s.close()
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		s.log.EndWaits(ErrClosed)
		return ctx.Err()
	}
}

// stopped reports an unclean end and decides what Stop returns.
func (s *Store) stopped(err error) error {
	if err == nil {
		return nil
	}
	late := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	if late {
		err = fmt.Errorf("store: stop: no time left, the next start recovers: %w", err)
	}
	if s.ev.StoppedUnclean != nil {
		s.ev.StoppedUnclean(err)
	}
	if late {
		return nil
	}
	return err
}

// drain writes everything out, the log first; only when all of it worked before ctx ended is the stop a clean one.
func (s *Store) drain(ctx context.Context) error {
	root := s.cfg.Load().StorePathRootDir
	for _, step := range []func() error{
		s.Flush,
		s.placeHeld,
		func() error { return s.queues.FlushAll(ctx) },
		func() error { return s.index.Finish(ctx) },
		s.check.Save,
		func() error {
			s.reportErr("save queue ends", consumequeue.ManifestFile, s.queues.SaveManifest(s.log.End(), ""))
			return ctx.Err()
		},
		func() error { return s.fs.Remove(root + "/abort") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return s.fs.SyncDir(root)
}

// close gives files and memory back. Nothing may use the store afterwards but running readers, whose leases keep their
// memory.
func (s *Store) close() {
	if s.index != nil {
		s.index.Close()
	}
	if s.queues != nil {
		s.queues.Close()
	}
	if s.log != nil {
		s.dropHeld(func(*consumequeue.Queue) bool { return true })
		s.log.Close()
	}
	if s.check != nil {
		s.check.Close()
	}
	if s.lockFile != nil {
		_ = s.lockFile.Close()
	}
}
