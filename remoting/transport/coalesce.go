package transport

import (
	"context"
	"time"
)

// gnet hands a loop one connection after the other. When many are ready at once, each write of answers would wake the
// peer, who goes to sleep again before the next one comes: an interrupt of another processor each, which costs more
// than the write. So when connections come closely one after the other, their answers wait for each other, for a
// moment, and the barrier (the write of the commit log) is passed once for all of them. A connection that is alone is
// answered at once.
const (
	// readyGap is how soon after one connection the next one comes when both were ready: reading a full buffer takes
	// as long.
	readyGap = 50 * time.Microsecond
	// coalesceAt is how many more connections than not have to come so; coalesceMax is where counting ends.
	coalesceAt, coalesceMax = 4, 8
	// coalesceTime is how long answers wait at most, but for the handling of one connection.
	coalesceTime = 250 * time.Microsecond
)

// coalescer puts off the writes of a loop, so that many leave one after the other. Event loop only.
type coalescer struct {
	held      []*Conn // whose answers wait
	since     time.Time
	scheduled bool // gnet will call Run

	last  *Conn
	ended time.Time // when last had been handled
	close int       // how many more have come within readyGap than not, up to coalesceMax
}

// begin notes that c is being handled.
func (w *coalescer) begin(c *Conn, now time.Time) {
	if c != w.last && now.Sub(w.ended) < readyGap {
		w.close = min(w.close+1, coalesceMax)
	} else {
		w.close = max(w.close-1, 0)
	}
	w.last = c
}

// end puts off the flush of c, or tells that it must not be.
func (w *coalescer) end(c *Conn) (later bool) {
	w.ended = time.Now()
	if w.close < coalesceAt || !c.hasOutput() {
		return false
	}
	if !w.scheduled {
		if c.loop.execute(w) != nil {
			return false
		}
		w.scheduled = true
	}
	if len(w.held) == 0 {
		w.since = w.ended
	}
	if !c.held {
		c.held = true
		w.held = append(w.held, c)
	}
	if w.ended.Sub(w.since) >= coalesceTime {
		w.flush()
	}
	return true
}

// Run is called by gnet once the connections that were ready have been handled.
func (w *coalescer) Run(context.Context) error {
	w.scheduled = false
	w.flush()
	return nil
}

func (w *coalescer) flush() {
	for _, c := range w.held {
		c.held = false
		c.flush(true)
	}
	clear(w.held)
	w.held = w.held[:0]
}

// abort closes the connections whose answers wait, without these.
func (w *coalescer) abort() {
	for _, c := range w.held {
		c.abort()
	}
}
