// Package commitlog is the log itself (Java CommitLog, MappedFileQueue, AllocateMappedFileService, GroupCommitService):
// files of one size that follow each other without a gap, and records one behind the other in them. It knows a record's
// bytes and nothing of what they mean for queues and index: what an append wrote is handed on through Committer.
//
// # The way of an append
//
// Begin takes the append lock with room at the tail; Put gives out that room in the write buffer; Finish writes the
// buffer to the file, or leaves the record in it, and gives the lock back. The order in which the lock is taken is the
// order of the log, of the store times, and, since queues are asked for their ends under it, of every queue.
//
// # Positions
//
// The log has two positions, and a place for more, all of one type: Readable, below which everything is in the files
// and in the queues' memory, and Durable, below which everything survives a power cut. Between Readable and the tail
// lies the write buffer. Whoever waits, waits on a position.
//
// # Locks
//
// flushMu (one flush at a time), then the append lock, then those of Committer. The append lock is held over no I/O but
// the pwrite of the buffer; see law 3 of docs/architecture.md.
//
// # When a write or flush of the log fails
//
// The log closes for writes until it is opened again, in closeFailed and nowhere else: after a failed write nobody
// knows what is in the file, after a failed fdatasync the kernel may have dropped the pages, so trying again would lie.
package commitlog
