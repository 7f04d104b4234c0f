package store

import (
	"time"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/recovery"
)

// EventListener is told what happens inside the store. Every field may be nil. Calls come from the goroutine in which
// the event happens, never under a lock of the store; they must return quickly.
type EventListener struct {
	// MessageStored runs after each append, in the appender's goroutine, once the message can be read. record is the
	// record in the commit log: valid only during the call, not to be changed. Two appenders may call at the same time,
	// and calls for one queue may come out of order.
	MessageStored func(topic string, queueID int32, queueOffset, tagsCode, storeTimestamp int64, record []byte)
	// IsBatchTopic is asked, not told: has this topic the attribute queue.type=BatchCQ? It is called in Open for the
	// topics found in the log, so the topics must be known before, and under the append lock when a queue is made: it
	// may not block or call the store. nil: only queues that exist, and inner batches, make batch queues.
	IsBatchTopic func(topic string) bool
	// RecoveryProgress runs about once a second and for each GiB of the log during Open.
	RecoveryProgress func(p recovery.Progress)
	// QueueJump runs in Open, and in AppendRaw, for a record whose queue offset does not follow the one before it, for
	// the first 100 at most.
	QueueJump func(j recovery.Jump)
	// RecoveryDone runs at the end of Open.
	RecoveryDone func(r recovery.Report)
	// Corruption runs when damaged data is met outside Open (a reader, the index worker).
	Corruption func(e *datafile.CorruptionError)
	// SegmentRolled runs when the commit log goes on to a new file.
	SegmentRolled func(file string, base int64)
	// SegmentDeleted runs after a commit log file was deleted; forced: before its time, for want of room.
	SegmentDeleted func(file string, base int64, forced bool)
	// Consumed is asked, not told: it yields queues with the lowest offset that one of their groups has not consumed
	// yet, until yield returns false. It runs in the cleaner before a file is deleted by force, which is rare. nil:
	// unconsumed messages are not counted.
	Consumed func(yield func(topic string, queueID int32, offset int64) bool)
	// UnconsumedDeleted runs after a file was deleted by force, for each queue of Consumed that lost messages: its
	// offsets from (not consumed yet) up to to (first one kept) are gone.
	UnconsumedDeleted func(file, topic string, queueID int32, from, to int64)
	// FlushFailed runs when a flush failed: the store takes no more writes.
	FlushFailed func(file string, err error)
	// Settle tells who keeps answers that wait, see Store.Await, to look which of them wait no longer, or too long. Any
	// goroutine; it must not block.
	Settle func()
	// FlushDone runs after each flush of the commit log.
	FlushDone func(upTo int64, took time.Duration)
	// BackgroundError runs on errors of background work that is tried again (consume queue flush, allocation,
	// cleaning).
	BackgroundError func(what, file string, err error)
	// StoppedUnclean runs in Stop when the abort file stays: the time was up or a flush failed. The next start recovers
	// as after a kill.
	StoppedUnclean func(why error)
	// Writable runs when the store stops (why != nil) or starts again (nil) taking writes for want of room: the disk
	// level, or a commit log file that cannot be made. The calls come one after the other; Writable says the same.
	Writable func(why error)
	// LittleRoom runs in Start of a new store that has room for a few commit log files only.
	LittleRoom func(e *commitlog.RoomError)
}
