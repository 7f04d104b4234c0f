package broker

import (
	"sync"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// asides runs what waits, for other machines or for a disk, on goroutines of its own, so many at a time: no worker and
// no event loop waits. The broker's stop waits for them.
type asides struct {
	slots chan struct{} // one element for each goroutine
	wg    *sync.WaitGroup
}

// Limits of asides.
const (
	maxForwards = 256 // requests that wait for another broker, or for a NameServer
	maxCold     = 256 // held pulls whose messages are not in memory
)

func newAsides(most int, wg *sync.WaitGroup) *asides { return &asides{make(chan struct{}, most), wg} }

// try runs fn; false when too many run already.
func (a *asides) try(fn func()) bool {
	select {
	case a.slots <- struct{}{}:
	default:
		return false
	}
	a.wg.Add(1)
	go func() {
		defer a.wg.Done()
		defer func() { <-a.slots }()
		fn()
	}()
	return true
}

// tryAnswer is try for what answers through its argument.
func (a *asides) tryAnswer(r *remoting.Replier, fn func(r *remoting.Replier)) bool {
	later := r.Later()
	return a.try(func() { fn(&later) })
}

// answer is tryAnswer that answers 2 when too many wait already.
func (a *asides) answer(r *remoting.Replier, fn func(r *remoting.Replier)) {
	if !a.tryAnswer(r, fn) {
		r.Status(wire.SystemBusy, "[OVERLOAD]system busy, too many requests wait for other brokers")
	}
}
