package store

import (
	"gorocket/store/commitlog"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// Record is a message to append. The store keeps no reference to its slices after the call. It corresponds to Java's
// MessageExtBrokerInner.
type Record struct {
	record.Message
	Index      dispatch.Keys // KeysOf the properties, if the caller has read them
	TagsCode   int64         // TagsCode(TAGS value); for SCHEDULE_TOPIC_XXXX the property DELAY decides
	NoWait     bool          // Append returns ErrWouldWait where it would have to wait for the next commit log file
	FilterBits []byte        // bit map of the filters that want it, for enableConsumeQueueExt; nil when nobody knows
	// SYNC_FLUSH: the caller calls WaitDurable before it tells anybody; until then the record may be in memory only
	Group bool
	// the caller calls Publish before it tells anybody; until then the record may be in memory only, and cannot be read
	Later bool
	Now   int64 // when it came in, ms since 1970, for its store timestamp; 0: the store looks at the clock
}

// Appended says where a record (or a batch) went.
type Appended struct {
	Offset         int64 // commit log offset of the (first) record
	Size           int32 // bytes of the record, or of all records of the batch
	QueueOffset    int64 // of the (first) record; 0 for prepared and rollback records, as Java answers
	StoreTimestamp int64 // ms
	Count          int   // records
}

// End is the commit log offset behind the record or batch: what to hand to NotifyDurable.
func (a Appended) End() int64 { return a.Offset + int64(a.Size) }

// Waiter is told once about the durability of an append.
type Waiter = commitlog.Waiter

// GetStatus is Java's GetMessageStatus.
type GetStatus int

// The statuses of Get, in Java's order.
const (
	Found GetStatus = iota
	NoMatchedMessage
	MessageWasRemoving
	OffsetFoundNull
	OffsetOverflowBadly
	OffsetOverflowOne
	OffsetTooSmall
	NoMatchedLogicQueue
	NoMessageInQueue
	OffsetReset
	NotReadable // ours: a page of the log cannot be read, see GetResult.Err
)

var getStatusNames = [...]string{"FOUND", "NO_MATCHED_MESSAGE", "MESSAGE_WAS_REMOVING", "OFFSET_FOUND_NULL",
	"OFFSET_OVERFLOW_BADLY", "OFFSET_OVERFLOW_ONE", "OFFSET_TOO_SMALL", "NO_MATCHED_LOGIC_QUEUE",
	"NO_MESSAGE_IN_QUEUE", "OFFSET_RESET", "NOT_READABLE"}

// String returns Java's name, the remark of a pull response.
func (g GetStatus) String() string {
	if g < 0 || int(g) >= len(getStatusNames) {
		return "UNKNOWN"
	}
	return getStatusNames[g]
}

// MessageFilter decides which messages a Get returns. Both methods are called without locks of the store held.
type MessageFilter interface {
	// MatchTagsCode decides by the tags code of the consume queue entry.
	MatchTagsCode(tagsCode int64) bool
	// MatchRecord decides by the whole record; it is called only when MatchTagsCode said true. rec is valid during the
	// call.
	MatchRecord(rec []byte) bool
}

// BitMapFilter is a MessageFilter that also looks at what the extended consume queue knows.
type BitMapFilter interface {
	// MatchBitMap decides by the bit map made when the message was stored (ms), nil when there is none. It is asked
	// after MatchTagsCode and, as that, without locks held; bitMap is valid during the call.
	MatchBitMap(storeTimestamp int64, bitMap []byte) bool
}

// GetQuery is one read of a queue.
type GetQuery struct {
	Topic    string
	QueueID  int32
	Offset   int64 // first queue offset wanted
	MaxCount int
	MaxBytes int           // 0: 128 MiB (Java MAX_PULL_MSG_SIZE)
	Filter   MessageFilter // nil: everything
	HotOnly  bool          // do not touch data that is probably not in the page cache: set res.Cold and stop instead
}

// Range is a run of commit log bytes inside one file, for sendfile. File stays open until GetResult.Release.
type Range struct {
	File   vfs.File
	Offset int64 // inside File
	Len    int64
}

// Lower and Upper are Java's BoundaryType.
const (
	Lower Boundary = iota // first offset whose store time is >= the asked one
	Upper                 // last offset whose store time is <= the asked one
)

// Boundary selects an end in OffsetByTime.
type Boundary int

// KeyQueryResult is the answer of QueryByKey.
type KeyQueryResult struct {
	Records               [][]byte // copies, ascending by commit log offset
	IndexLastUpdateTime   int64    // endTimestamp of the newest index file, ms
	IndexLastUpdateOffset int64    // endPhyOffset of the newest index file
}

// DiskRatios are used shares of the disks, 0..1.
type DiskRatios struct {
	CommitLog    float64 // the least full commit log directory
	ConsumeQueue float64
	// bytes free in the commit log directory that has most, or for the consume queues if that is less
	Free int64
}
