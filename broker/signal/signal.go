// Package signal tells a goroutine that there is something to do.
package signal

// Raise puts a signal into a channel of capacity 1, unless one waits there already. It never blocks; any goroutine.
func Raise(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
