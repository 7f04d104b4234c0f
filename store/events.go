package store

import "time"

// EventListener is told what happens inside the store. Every field may be nil. Calls come from the goroutine in which the event
// happens, never under a lock of the store; they must return quickly.
type EventListener struct {
	// MessageStored runs after each append, in the appender's goroutine, once the message can be read. record is the
	// record in the commit log: valid only during the call, not to be changed. Two appenders may call at the same time, and
	// calls for one queue may come out of order.
	MessageStored func(topic string, queueID int32, queueOffset, tagsCode, storeTimestamp int64, record []byte)
	// RecoveryProgress runs about once a second during Open.
	RecoveryProgress func(p RecoveryProgress)
	// RecoveryDone runs at the end of Open.
	RecoveryDone func(r RecoveryReport)
	// Corruption runs when damaged data is met outside Open (a reader, the index worker).
	Corruption func(e *CorruptionError)
	// SegmentRolled runs when the commit log goes on to a new file.
	SegmentRolled func(file string, base int64)
	// SegmentDeleted runs after a commit log file was deleted.
	SegmentDeleted func(file string, base int64, forced bool)
	// FlushFailed runs when a flush failed: the store takes no more writes.
	FlushFailed func(file string, err error)
	// FlushDone runs after each flush of the commit log.
	FlushDone func(upTo int64, took time.Duration)
	// BackgroundError runs on errors of background work that is tried again (consume queue flush, allocation, cleaning).
	BackgroundError func(what, file string, err error)
	// StoppedUnclean runs in Stop when the abort file stays: the time was up or a flush failed. The next start recovers as after a kill.
	StoppedUnclean func(why error)
	// Writable runs when the store stops (why != nil) or starts again (nil) taking writes because of the disk level.
	Writable func(why error)
}

// RecoveryProgress is one progress line of Open.
type RecoveryProgress struct {
	Phase  string // "load", "commitlog", "index"
	File   string
	Offset int64 // commit log offset reached
	End    int64 // where this phase ends at the latest
}

// RecoveryReport sums Open up.
type RecoveryReport struct {
	Clean        bool  // no abort file was found
	From, To     int64 // commit log range that was verified
	Records      int64 // records verified
	Rebuilt      int64 // consume queue entries rebuilt
	Trimmed      int64 // bytes of torn tail removed
	FullRebuild  bool  // consume queues were missing or behind and rebuilt from the whole log
	QueuesKnown  bool  // the ends of the consume queues came from the summary of the last clean stop
	IndexDropped int   // index files deleted because newer than the checkpoint
	Took         time.Duration
}
