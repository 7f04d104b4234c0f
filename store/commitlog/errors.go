package commitlog

import (
	"errors"
	"fmt"

	"gorocket/store/record"
)

// ErrNotWritable is the class of errors that say that the log takes no records now. Test with errors.Is; the concrete
// reasons below are all of this class.
var ErrNotWritable = errors.New("store: not writable")

// Reasons of ErrNotWritable.
var (
	ErrDiskFull   error = &notWritable{"the disk is above diskSpaceWarningLevelRatio or has no space"}
	ErrSyncFailed error = &notWritable{
		"a flush or a write of the commit log failed; writes stay closed until restart"}
	ErrClosed     error = &notWritable{"the store is shutting down"}
	ErrNotStarted error = &notWritable{"the store is not started"}
	ErrNoNextFile error = &notWritable{"the next commit log file is not ready"}
	ErrWouldWait  error = &notWritable{"the next commit log file is not ready yet and the caller does not wait"}
)

// ErrExceedsFile says that a record, or a batch, is larger than a file of the log (MESSAGE_ILLEGAL).
var ErrExceedsFile = fmt.Errorf("%w: larger than a commit log file", record.ErrIllegal)

// ErrFlushTimeout tells a waiter that SyncTimeout passed (FLUSH_DISK_TIMEOUT). The record is in the log and may still
// become durable.
var ErrFlushTimeout = errors.New("store: flush timed out")

// ErrReplicaTimeout tells a waiter that ReplicaTimeout passed (FLUSH_SLAVE_TIMEOUT). The record is in the log, and the
// replicas may still get it.
var ErrReplicaTimeout = errors.New("store: replication timed out")

type notWritable struct{ why string }

func (e *notWritable) Error() string        { return "store: not writable: " + e.why }
func (e *notWritable) Is(target error) bool { return target == ErrNotWritable }

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

// allocError is a failed allocation: of class ErrDiskFull, with its cause.
type allocError struct{ err error }

func (e *allocError) Error() string {
	return "store: not writable: cannot make the next commit log file: " + e.err.Error()
}
func (e *allocError) Unwrap() error        { return e.err }
func (e *allocError) Is(target error) bool { return target == ErrDiskFull || target == ErrNotWritable }

// allocationError turns a failed file allocation into an error of class ErrNotWritable that keeps its cause.
func allocationError(err error) error {
	if err == nil || err == ErrNoNextFile || err == ErrClosed {
		return err
	}
	return &allocError{err}
}
