package stats

import "sync/atomic"

// Roles counts what happened to a broker whose master controllers decide, since its process started: it outlives the
// starts anew of broker.Host. Any goroutine.
type Roles struct {
	Changes     atomic.Int64 // it became master, or the slave of another master
	Truncations atomic.Int64 // of the end of its log, which was that of a master that was cut off
	Truncated   atomic.Int64 // bytes that went
	Confirmed   atomic.Int64 // of these, bytes that had been confirmed: acknowledged messages
}
