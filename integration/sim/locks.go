//go:build simlocks

package sim

import _ "unsafe" // for go:linkname

// A goroutine that waits for a mutex keeps synctest's clock from going on, since who holds it may be outside of the
// bubble. Here nobody is outside, and who holds it may sleep: a disk that is slow while a lock is held over its call.
// So a wait for a lock has to count as a wait. The runtime does not offer that: -ldflags=-checklinkname=0 is needed.

//go:linkname idle runtime.isIdleInSynctest
var idle [48]bool

//go:linkname reasons runtime.waitReasonStrings
var reasons [48]string

func init() {
	found := 0
	for i, r := range reasons[:] {
		switch r {
		case "sync.Mutex.Lock", "sync.RWMutex.RLock", "sync.RWMutex.Lock":
			idle[i] = true
			found++
		}
	}
	locksWait = found == 3
}
