// Package ha copies the bytes of a commit log from a master to its slaves, in Java's classic protocol (Java
// DefaultHAService, DefaultHAConnection, DefaultHAClient): ours and Java's are on either side. It knows log and store,
// and nothing of remoting or broker.
//
// A slave connects to the master's haListenPort; there is no handshake. All numbers are big-endian:
//
//	slave to master, 8 bytes: int64 end of the slave's log. The first one asks for what follows, each one acknowledges.
//	    Java's master reads the newest whole group of 8 bytes, counted from the first byte of the connection.
//	master to slave, 12 bytes and a block: int64 offset of the block in the log | int32 bytes in it | the block: bytes
//	    of the log, at most haTransferBatchSize, of one file; it begins and ends anywhere. Without a block it is a
//	    heartbeat, and the offset is that of the next block.
//
// A slave that reports 0 has nothing yet: it gets the log from the start of a file of the master's on.
//
// What a master that nobody waits for has for a slave leaves once in a while (MasterSettings.Pace), in larger blocks.
//
// Nobody waits for a single message: a master's goroutine sends what there is, and sleeps until the log moves when
// there is nothing (commitlog.Log.Moved); a slave's stores what one read brought and reports once.
//
// Nothing is believed that is not from the log: a report beyond what was sent ends its connection and counts as
// nothing, and so does a block that does not follow the slave's end.
package ha
