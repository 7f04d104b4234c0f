package sim

// locksWait tells that a wait for a lock lets fake time go on, see locks.go.
var locksWait bool
