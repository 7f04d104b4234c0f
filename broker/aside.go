package broker

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// maxForwards is how many requests wait for another broker, or for a NameServer, at a time.
const maxForwards = 256

// aside runs fn on a goroutine of its own, because it waits for another broker; when too many wait already the answer
// is 2. fn answers through its argument. Stop waits for it, forwardTimeout at most.
func (b *Broker) aside(r *remoting.Replier, fn func(r *remoting.Replier)) {
	if !b.tryAside(r, fn) {
		r.Status(wire.SystemBusy, "[OVERLOAD]system busy, too many requests wait for other brokers")
	}
}

// tryAside is aside that only tells when too many wait.
func (b *Broker) tryAside(r *remoting.Replier, fn func(r *remoting.Replier)) bool {
	select {
	case b.forwards <- struct{}{}:
	default:
		return false
	}
	later := r.Later()
	b.wg.Add(1)
	go func() {
		defer b.wg.Done()
		defer func() { <-b.forwards }()
		fn(&later)
	}()
	return true
}
