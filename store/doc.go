// Package store is the message store: commit log, consume queues, index, checkpoint, recovery and cleaning, byte for
// byte in the files of Apache RocketMQ's DefaultMessageStore.
//
// The commit log is the only truth; everything else can be rebuilt from it. The package knows nothing of remoting or
// broker: what it has to tell leaves through an EventListener. It sees files only through store/vfs.
//
// Life: Open (lock, load, recover, no goroutines) -> Start (goroutines) -> Stop (drain, checkpoint), Stop is
// idempotent.
//
// Where things are:
//
//	append.go, append_batch.go, append_late.go  records into the log; late: records that carry queue offsets in their properties
//	record.go, view.go, props.go, propcrc.go    the bytes of a record
//	commitlog.go, segment.go, allocator.go      the files of the log, made (and under SYNC_FLUSH zeroed) ahead of the appends
//	stage.go, flush.go, gather.go               group commit: one write and one fdatasync for all who wait
//	checkpoint.go                               what is durable
//	queue*.go, cqfiles.go, cqflush.go           consume queues: newest entries in memory, the rest in files, few of them open;
//	                                            queue_batch.go: queue.type=BatchCQ; queue_ext.go: consumequeue_ext; light.go: %LMQ%
//	queuesummary.go                             where the queues end, so that a start need not look
//	index.go, indexfile.go                      messages by key
//	get.go, offsets.go, read.go                 reading
//	load.go, recovery.go, scan.go               opening after a clean stop, a kill, a power cut
//	clean.go                                    retention, limits of the disk
//	verify*.go, repair*.go                      checking and repairing a store that nobody runs on
package store
