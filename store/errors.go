package store

import (
	"errors"
	"fmt"

	"gorocket/store/record"
)

// ErrNotWritable is the class of errors of Append that say the store takes no messages now (SERVICE_NOT_AVAILABLE). Test with
// errors.Is; the concrete reasons below are all of this class.
var ErrNotWritable = errors.New("store: not writable")

// Reasons of ErrNotWritable.
var (
	ErrDiskFull    error = &notWritable{"the disk is above diskSpaceWarningLevelRatio or has no space"}
	ErrSyncFailed  error = &notWritable{"a flush or a write of the commit log failed; writes stay closed until restart"}
	ErrClosed      error = &notWritable{"the store is shutting down"}
	ErrNotStarted  error = &notWritable{"the store is not started"}
	ErrNoNextFile  error = &notWritable{"the next commit log file is not ready"}
	ErrWouldWait   error = &notWritable{"the next commit log file is not ready yet and the caller does not wait"}
	ErrNotReadable       = errors.New("store: not readable")
)

// ErrMessageIllegal is the class of errors of Append that blame the message (MESSAGE_ILLEGAL). Test with errors.Is.
var ErrMessageIllegal = errors.New("store: illegal message")

// Reasons of ErrMessageIllegal.
var (
	ErrBodyTooLarge       = fmt.Errorf("%w: body larger than maxMessageSize", record.ErrIllegal)
	ErrPropertiesTooLong  = fmt.Errorf("%w: properties longer than 32767 bytes", record.ErrIllegal)
	ErrTopicName          = fmt.Errorf("%w: the topic's name, or the queue's number, cannot be a folder", record.ErrIllegal)
	ErrTopicTooLong       = fmt.Errorf("%w: topic too long", record.ErrIllegal)
	ErrTopicZero          = fmt.Errorf("%w: a zero byte in the topic", record.ErrIllegal)
	ErrBatchTooLong       = fmt.Errorf("%w: a batch of more than maxBatchMessages messages", record.ErrIllegal)
	ErrBadBatch           = fmt.Errorf("%w: malformed batch body", record.ErrIllegal)
	ErrMessageExceedsFile = fmt.Errorf("%w: larger than a commit log file", record.ErrIllegal)
)

// ErrPlainBatch says that a batch claims to be more than messages: its sysFlag has a transaction or inner batch bit, or
// it goes to the topic of the delay levels (MESSAGE_ILLEGAL; Java CommitLog.asyncPutMessages,
// HookUtils.checkInnerBatch).
var ErrPlainBatch = fmt.Errorf("%w: a batch is neither part of a transaction nor an inner batch nor delayed",
	record.ErrIllegal)

// ErrReservedProperty says that an item of a batch has INNER_NUM, INNER_BASE or INNER_MULTI_QUEUE_OFFSET, which only
// the broker sets (MESSAGE_ILLEGAL; Java stores them, and believes them when it builds the queues).
var ErrReservedProperty = fmt.Errorf("%w: a property of a batch item is the broker's to set", record.ErrIllegal)

// ErrNotBatchTopic says that an inner batch was sent to a topic whose queue.type is not BatchCQ (MESSAGE_ILLEGAL).
var ErrNotBatchTopic = fmt.Errorf("%w: the message is an inner batch but the topic's queue.type is not BatchCQ", record.ErrIllegal)

// ErrTooManyLightQueues says that a message would need more light queues than maxLmqConsumeQueueNum (LMQ_CONSUME_QUEUE_NUM_EXCEEDED).
var ErrTooManyLightQueues = errors.New("store: more light queues than maxLmqConsumeQueueNum")

// ErrFlushTimeout tells a waiter of NotifyDurable that syncFlushTimeout passed (FLUSH_DISK_TIMEOUT). The message is in the log
// and may still become durable.
var ErrFlushTimeout = errors.New("store: flush timed out")

// ErrNoRecord is returned for an offset at which the log holds no record.
var ErrNoRecord = errors.New("store: no record at this offset")

// ErrBadRecord is the class of decoding errors.
var ErrBadRecord = errors.New("store: malformed record")

type notWritable struct{ why string }

func (e *notWritable) Error() string        { return "store: not writable: " + e.why }
func (e *notWritable) Is(target error) bool { return target == ErrNotWritable }

// LockedError is returned by Open when another process owns the store directory.
type LockedError struct{ Path string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("store: %s is locked: another broker (Java or gorocket) runs on this store", e.Path)
}
