package store

import (
	"errors"
	"fmt"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/record"
)

// What an append may be refused with, see package commitlog.
var (
	ErrNotWritable  = commitlog.ErrNotWritable // the class of those that follow, but for the timeouts
	ErrDiskFull     = commitlog.ErrDiskFull
	ErrSyncFailed   = commitlog.ErrSyncFailed
	ErrClosed       = commitlog.ErrClosed
	ErrNotStarted   = commitlog.ErrNotStarted
	ErrNoNextFile   = commitlog.ErrNoNextFile
	ErrWouldWait    = commitlog.ErrWouldWait
	ErrSlave        = commitlog.ErrRaw
	ErrFlushTimeout = commitlog.ErrFlushTimeout

	ErrReplicaTimeout = commitlog.ErrReplicaTimeout
)

// ErrNotReadable says that the store is closed.
var ErrNotReadable = consumequeue.ErrClosed

// Reasons of record.ErrIllegal that the store adds (MESSAGE_ILLEGAL).
var (
	ErrTopicName          = consumequeue.ErrTopicName
	ErrBatchTooLong       = fmt.Errorf("%w: a batch of more than maxBatchMessages messages", record.ErrIllegal)
	ErrMessageExceedsFile = commitlog.ErrExceedsFile
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
var ErrNotBatchTopic = fmt.Errorf("%w: the message is an inner batch but the topic's queue.type is not BatchCQ",
	record.ErrIllegal)

// ErrTooManyLightQueues says that a message would need more light queues than maxLmqConsumeQueueNum
// (LMQ_CONSUME_QUEUE_NUM_EXCEEDED).
var ErrTooManyLightQueues = errors.New("store: more light queues than maxLmqConsumeQueueNum")

// ErrNoRecord is returned for an offset at which the log holds no record.
var ErrNoRecord = errors.New("store: no record at this offset")

// LockedError is returned by Open when another process owns the store directory.
type LockedError struct{ Path string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("store: %s is locked: another broker (Java or gorocket) runs on this store", e.Path)
}
