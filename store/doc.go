// Package store is the message store: commit log, consume queues, index, checkpoint, recovery and cleaning, byte for byte
// in the files of Apache RocketMQ's DefaultMessageStore.
//
// The commit log is the only truth; everything else can be rebuilt from it. The package knows nothing of remoting or
// broker: what it has to tell leaves through an EventListener. It sees files only through store/vfs.
//
// Life: Open (lock, load, recover, no goroutines) -> Start (goroutines) -> Stop (drain, checkpoint), Stop is idempotent.
package store
