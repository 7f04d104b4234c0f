// Package store is the message store: what Apache RocketMQ's DefaultMessageStore does, byte for byte in its files.
//
// The commit log is the only truth; everything else can be rebuilt from it. The package knows nothing of remoting or
// broker: what it has to tell leaves through an EventListener. It sees files only through store/vfs.
//
// Life: Open (lock, load, recover, no goroutines) -> Start (goroutines) -> Stop (drain, checkpoint), Stop is
// idempotent.
//
// The rooms below do the work; here they are wired:
//
//	append*.go, committer.go     a message into the log, and from there into queues and index; append_late.go: records
//	                             that carry queue offsets in their properties
//	get.go, read.go, offsets.go  reading by queue offset, by place, by time; query.go: by key
//	store.go, stop.go            the life, the options of the rooms, what they tell
//	clean.go                     retention, limits of the disk
//	check.go                     verify, repair and their kin for a configuration
//
// Below: record (bytes), commitlog (files, append, positions, group commit), consumequeue, index, dispatch (what a
// record means for these two), recovery, checkpoint, check, datafile (names and sizes of files), timer, vfs.
package store
