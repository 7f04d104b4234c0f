// Package broker is the message broker: topics, groups, offsets and clients around a store. The handlers are in files
// named by the number of a request code and a name, such as 011_pull_message.go; codes that belong together share a
// file, under the smallest number. It answers on two ports (listenPort, and the fast port listenPort-2) and registers
// at every NameServer.
//
// Concurrency: tables are safe for concurrent use; entries taken from them are immutable and replaced whole. Inline
// handlers run on event loops and do not block: the store's appends and hot reads are memory, configuration files are
// written by the persister.
package broker
