package transport

import "time"

// flow is what waits on a connection, as its loop knows it. Event loop only.
type flow struct {
	place    int    // 1 + its place in Loop.watched, 0 for none
	held     int64  // bytes of the budget for what came in
	left     int    // bytes that the last turn left in the inbound buffer
	cut      int    // bytes of the frame at their head, 0: none, or more bytes are needed to tell
	part     []byte // what has come of that frame when it is a large one; its capacity is the whole frame
	since    int64  // ms since 1970: when reading of that frame began, 0 for none
	more     bool   // whole frames were left for a later turn
	starved  bool   // no room for the frame
	paused   bool   // nothing is read
	timer    bool   // the loop will be woken for this connection
	progress int64  // ms since 1970: when the peer last read something of what it has to
	gone     bool   // closed, nothing is held
}

// begin notes that a frame is not whole.
func (f *flow) begin(now time.Time) {
	if f.since == 0 {
		f.since = now.UnixMilli()
	}
}

// outstanding tells whether anything waits on the connection.
func (c *Conn) outstanding() bool {
	return c.flow.held > 0 || c.flow.paused || c.unsent.Load() > 0 || c.cutRecord() > 0
}

// cutRecord is how many bytes there are of an encrypted record that is not whole: nobody can tell yet of which frame.
func (c *Conn) cutRecord() int {
	if c.tls == nil {
		return 0
	}
	return c.tls.rec.size
}

// updateFlow charges what the turn left unfinished, and stops or resumes reading. Event loop only.
func (c *Conn) updateFlow(now time.Time) {
	f := &c.flow
	if f.left = c.sock.Unread(); f.left == 0 && f.part == nil {
		f.cut = 0
		if c.cutRecord() > 0 {
			f.begin(now)
		} else if f.since = 0; f.held == 0 && !f.paused && f.place == 0 {
			return
		}
	}
	c.engine.hold(f, int64(max(f.left, f.cut)))
	if f.cut > smallFrame && !f.starved && !f.more {
		c.reassemble()
	}
	if pause := f.starved || f.more; pause != f.paused || pause {
		c.setReading(!pause, now)
	}
	if f.more && !f.timer {
		f.timer = true
		time.AfterFunc(f.delay(c), func() { _ = c.waker.Wake() })
	}
	c.loop.watch(c)
}

// delay is how long what was left waits: for the other connections only, or for the peer to read.
func (f *flow) delay(c *Conn) time.Duration {
	if c.unsent.Load() > 0 {
		return 5 * time.Millisecond
	}
	return 0
}

// hold makes want the bytes of the budget that f has; without room it has only what is there already.
func (e *Engine) hold(f *flow, want int64) {
	starved := false
	switch more := want - f.held; {
	case more <= 0 || want <= smallFrame:
		e.budget.inbound.Add(more)
		f.held = want
	case e.budget.reserve(more):
		f.held = want
	default:
		starved = true
		there := max(f.held, int64(f.left))
		e.budget.inbound.Add(there - f.held)
		f.held = there
	}
	if starved != f.starved {
		f.starved = starved
		if starved {
			e.budget.starved.Add(1)
		} else {
			e.budget.starved.Add(-1)
		}
	}
}

// setReading stops or resumes reading. Event loop only.
func (c *Conn) setReading(on bool, now time.Time) {
	f := &c.flow
	if !c.sock.SetReading(on) {
		return
	}
	if !on && !f.paused {
		c.engine.counts.paused.Add(1)
	}
	if on && f.since > 0 {
		f.since = now.UnixMilli() // the peer could not finish the frame
	}
	f.paused = !on
}

// updateUnsent notes how many bytes the socket has kept and returns them. Event loop only, on an open connection.
func (c *Conn) updateUnsent() int {
	n := c.sock.Buffered()
	if old := c.unsent.Load(); int64(n) != old {
		c.noteUnsent(int64(n), old)
	}
	return n
}

func (c *Conn) noteUnsent(n, old int64) {
	c.unsent.Store(n)
	c.engine.budget.outbound.Add(n - old)
	now := time.Now()
	if n < old || old == 0 {
		c.flow.progress = now.UnixMilli()
	}
	if c.flow.paused {
		c.setReading(false, now)
	}
	c.loop.watch(c)
}

// blocked tells that the peer has to read first. Event loop only.
func (c *Conn) blocked(limit int64) bool {
	return c.unsent.Load() > limit && int64(c.updateUnsent()) > limit
}

// release gives back all that the connection holds of the budget. Event loop only; more than once does nothing.
func (e *Engine) release(c *Conn) {
	f := &c.flow
	if f.gone {
		return
	}
	f.gone, f.part = true, nil
	e.budget.inbound.Add(-f.held)
	e.budget.outbound.Add(-c.unsent.Swap(0))
	if f.starved {
		e.budget.starved.Add(-1)
	}
	c.loop.unwatch(c)
}
