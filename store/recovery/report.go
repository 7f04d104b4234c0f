package recovery

import "time"

// Progress is one progress line of Run.
type Progress struct {
	Phase  string // "verify": records are checked; "queues": what the consume queues lack is added
	File   string
	Offset int64 // commit log offset reached
	End    int64 // where this phase ends at the latest
}

// Jump is a record whose queue offset does not follow the one before it in its queue. No program that works leaves
// one.
type Jump struct {
	Topic     string
	QueueID   int32
	Want, Got int64  // queue offsets
	LogOffset int64  // commit log offset of the record
	What      string // what Open made of it
}

// Report sums a start up.
type Report struct {
	Clean       bool  // no abort file was found
	Intact      bool  // the machine has not been down since the store was opened before: whatever was written is there
	From, To    int64 // commit log range that was verified
	Records     int64 // records verified
	Rebuilt     int64 // consume queue entries rebuilt
	Jumps       int64 // queue offsets that did not follow, see Jump
	Trimmed     int64 // bytes of torn tail removed
	FullRebuild bool  // consume queues were missing or behind and rebuilt from the whole log
	// the ends of the consume queues came from a manifest: after a clean stop, or after a kill while the machine kept
	// running
	QueuesKnown  bool
	IndexDropped int // index files deleted because newer than the checkpoint
	Took         time.Duration
}
