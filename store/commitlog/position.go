package commitlog

import (
	"sync"
	"sync/atomic"
	"time"
)

// Position is an offset of the log that grows while the log is in use, and on which may be waited. Load may be called
// by any goroutine, Store by the one that owns the position, which then takes and tells those who are reached.
type Position struct {
	at atomic.Int64

	mu      sync.Mutex
	waiters []waiting   // guarded by mu
	awaits  []awaited   // answers that others keep; guarded by mu
	awaited int         // how many these are; guarded by mu
	want    int         // guarded by mu; so many waiters are worth to move the position for
	closed  error       // set once nobody can wait any more; guarded by mu
	spares  [][]waiting // memory for the next lists; guarded by mu
}

// Waiter is told once about the durability of an append. It is called from a goroutine of the log (or inline) and must
// not block.
type Waiter interface{ Durable(err error) }

// waiting is somebody who waits.
type waiting struct {
	offset   int64 // reached when everything below is
	w        Waiter
	deadline time.Time
}

// Load returns the offset.
func (p *Position) Load() int64 { return p.at.Load() }

// Store sets the offset.
func (p *Position) Store(offset int64) { p.at.Store(offset) }

// add puts w on the list; enough says that it is worth to move the position now.
func (p *Position) add(w waiting) (enough bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed != nil {
		return false, p.closed
	}
	p.waiters = append(p.waiters, w)
	return p.waiting() >= p.want, nil
}

// addUnless puts w on the list unless the position has passed it; passed tells that it has.
func (p *Position) addUnless(w waiting) (passed bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.Load() >= w.offset {
		return true, nil
	}
	if p.closed == nil {
		p.waiters = append(p.waiters, w)
	}
	return false, p.closed
}

// raise moves the position forward, never back; it tells whether it moved.
func (p *Position) raise(offset int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if offset <= p.at.Load() {
		return false
	}
	p.at.Store(offset)
	return true
}

// expect says how many waiters are worth to move the position for; enough tells that they are there.
func (p *Position) expect(n int) (enough bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want = n
	return p.waiting() >= max(n, 1)
}

// pending is how many wait.
func (p *Position) pending() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting()
}

// take removes the waiters for which done is true and returns them; the caller hands them to tell.
func (p *Position) take(done func(w *waiting) bool) []waiting {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []waiting
	if n := len(p.spares); n > 0 {
		out, p.spares = p.spares[n-1], p.spares[:n-1]
	}
	keep := p.waiters[:0]
	for i := range p.waiters {
		if w := &p.waiters[i]; done(w) {
			out = append(out, *w)
		} else {
			keep = append(keep, *w)
		}
	}
	clear(p.waiters[len(keep):])
	p.waiters = keep
	return out
}

// reached takes those who wait for nothing above offset.
func (p *Position) reached(offset int64) []waiting {
	return p.take(func(w *waiting) bool { return w.offset <= offset })
}

// tell tells waiters taken from the list.
func (p *Position) tell(ws []waiting, err error) {
	for i := range ws {
		ws[i].w.Durable(err)
	}
	clear(ws)
	p.mu.Lock()
	if len(p.spares) < 2 { // one list is being told while the next is being taken
		p.spares = append(p.spares, ws[:0])
	}
	p.mu.Unlock()
}

// close refuses new waiters with err and fails the present ones.
func (p *Position) close(err error) {
	p.mu.Lock()
	if p.closed == nil {
		p.closed = err
	}
	p.awaits, p.awaited = nil, 0 // who keeps them is told by EndWaits; counted, they would keep the flusher awake
	p.mu.Unlock()
	p.tell(p.take(func(*waiting) bool { return true }), err)
}
