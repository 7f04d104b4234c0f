// Package worker runs the goroutines of a service that may be started and stopped more than once, as a broker's role
// changes.
package worker

import (
	"context"
	"sync"
	"time"
)

// Group is the goroutines of one service. The zero value is ready, and stopped.
type Group struct {
	mu   sync.Mutex
	stop chan struct{} // guarded by mu; nil while stopped
	wg   sync.WaitGroup
}

// Start runs each loop on a goroutine of its own until Stop closes the channel it gets. False, and nothing happens,
// when the group runs already.
func (g *Group) Start(loops ...func(stop <-chan struct{})) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stop != nil {
		return false
	}
	stop := make(chan struct{})
	g.stop = stop
	for _, loop := range loops {
		g.wg.Go(func() { loop(stop) })
	}
	return true
}

// Stop ends the loops and waits for them. False when the group does not run. Any goroutine but those of the group.
func (g *Group) Stop() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stop == nil {
		return false
	}
	close(g.stop)
	g.wg.Wait()
	g.stop = nil
	return true
}

// Until is a context for a loop of a Group: it ends when stop is closed, or cancel is called, which has to be.
func Until(stop <-chan struct{}) (ctx context.Context, cancel context.CancelFunc) {
	ctx, cancel = context.WithCancel(context.Background())
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Rest waits for d; false when stop is closed before.
func Rest(d time.Duration, stop <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-stop:
		return false
	case <-t.C:
		return true
	}
}

// Stopped tells whether stop is closed: between the steps of a long loop.
func Stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}
