package transport

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"gorocket/remoting/wire"
)

// The guard is one goroutine of an engine: it looks for idle connections, has each loop look at what waits on it, and
// notices loops that do not turn.
const (
	guardEvery = 100 * time.Millisecond // for loops with anything that waits
	calmEvery  = 10                     // times guardEvery, for the others
	slowAfter  = time.Second            // without reading anything: closed when others need the memory
	stallAfter = 250 * time.Millisecond // without sending more of an unfinished frame: the same
	deadAfter  = 5 * time.Second        // a loop without connections that does not turn has ended
	stuckAfter = 10 * time.Second       // any loop that does not turn is unhealthy
	leastRead  = 64 << 10               // bytes that a loop reads at once when Options.ReadBuffer is 0
	// bytes a second that a frame has to come in at least, behind Options.FrameTimeout
	frameRate = 64 << 10
)

// loopWatch is what the guard knows of a loop.
type loopWatch struct {
	conns   atomic.Int64 // open connections
	busy    atomic.Bool  // something waits on a connection
	pending atomic.Bool  // the loop has been asked to look and has not done so
	asked   time.Time    // guard only
	late    atomic.Int64 // ns: how long the loop has not turned, 0 when it has
}

func (e *Engine) guard() {
	defer close(e.guardDone)
	idleEvery := max(e.opts.IdleTimeout/8, 10*time.Millisecond)
	t := time.NewTicker(min(guardEvery, idleEvery))
	defer t.Stop()
	nextIdle := time.Now().Add(idleEvery)
	for n := 0; ; n++ {
		select {
		case <-e.guardStop:
			return
		case now := <-t.C:
			e.loops.Range(func(_, v any) bool {
				e.checkLoop(v.(*Loop), now, n%calmEvery == 0)
				return true
			})
			if !now.Before(nextIdle) {
				nextIdle = now.Add(idleEvery)
				e.closeIdle(now)
			}
		}
	}
}

// checkLoop asks a loop to look at its connections, or notes that it does not.
func (e *Engine) checkLoop(l *Loop, now time.Time, calm bool) {
	if !l.pending.Load() {
		if calm || l.busy.Load() {
			l.asked = now
			l.pending.Store(true)
			if l.execute(&loopCheck{e, l}) != nil {
				l.pending.Store(false) // the engine stops
			}
		}
		l.late.Store(0)
		return
	}
	late := now.Sub(l.asked)
	l.late.Store(int64(late))
	if late > deadAfter && l.conns.Load() == 0 {
		e.fail(fmt.Errorf("remoting: an event loop has ended: it has not turned for %v", late.Round(time.Millisecond)))
	}
}

// loopCheck has gnet call it on a loop.
type loopCheck struct {
	e *Engine
	l *Loop
}

// Run looks at the connections on which something waits.
func (k *loopCheck) Run(context.Context) error {
	k.l.pending.Store(false)
	now := time.Now()
	for i := len(k.l.watched) - 1; i >= 0; i-- {
		k.e.look(k.l.watched[i], now)
	}
	if k.e.budget.pressed() {
		k.e.shed(k.l, now.UnixMilli())
	}
	return nil
}

// look refreshes what is known of a connection, lets it go on, and closes it when its frame takes too long.
func (e *Engine) look(c *Conn, now time.Time) {
	f := &c.flow
	c.updateUnsent()
	if f.starved || f.paused && !f.more {
		c.updateFlow(now)
	}
	came := f.left + len(f.part) + c.cutRecord()
	if f.since > 0 && came > 0 && !f.paused && now.UnixMilli() > f.since+e.frameTime(f) {
		e.counts.unfinished.Add(1)
		came := fmt.Sprintf("not finished in time: %d bytes came in", came)
		c.recv.BadFrame(&wire.FrameError{Reason: came, Length: int64(max(f.cut-wire.LengthSize, 0))})
		e.drop(c)
	}
	c.loop.watch(c)
}

// frameTime is how long the frame may take, in ms.
func (e *Engine) frameTime(f *flow) int64 {
	return e.opts.FrameTimeout.Milliseconds() + int64(f.cut)*1000/frameRate
}

// drop closes a connection and gives back its memory at once.
func (e *Engine) drop(c *Conn) {
	c.abort()
	e.release(c)
}

// shed closes connections of a loop whose peers neither read nor send, those that have not read for the longest time
// first, until there is room.
func (e *Engine) shed(l *Loop, now int64) {
	var slow []*Conn
	for _, c := range l.watched {
		if c.slow(now) {
			slow = append(slow, c)
		}
	}
	slices.SortFunc(slow, func(a, b *Conn) int {
		if au, bu := a.unsent.Load() > 0, b.unsent.Load() > 0; au != bu {
			if au {
				return -1
			}
			return 1
		}
		return int(a.lastStep() - b.lastStep())
	})
	for _, c := range slow {
		if e.budget.used() <= e.budget.limit/2 {
			return
		}
		e.dropSlow(c)
	}
	e.shedStarved(l)
}

// shedStarved closes those that have waited for room the longest when all that wait, with what one read brought of
// each, take half of the budget: nobody would ever have room.
func (e *Engine) shedStarved(l *Loop) {
	tooMany := func() bool {
		return e.budget.starved.Load()*int64(max(e.opts.ReadBuffer, leastRead)) > e.budget.limit/2
	}
	if !tooMany() {
		return
	}
	var starved []*Conn
	for _, c := range l.watched {
		if c.flow.starved {
			starved = append(starved, c)
		}
	}
	slices.SortFunc(starved, func(a, b *Conn) int { return int(a.flow.since - b.flow.since) })
	for i := 0; i < len(starved) && tooMany(); i++ {
		e.dropSlow(starved[i])
	}
}

func (e *Engine) dropSlow(c *Conn) {
	e.counts.slow.Add(1)
	c.recv.Overflow(int(c.unsent.Load() + c.flow.held))
	e.drop(c)
}

// slow tells that others wait for memory because of this peer. Event loop only.
func (c *Conn) slow(now int64) bool {
	if c.unsent.Load() > 0 {
		return now-c.lastStep() >= slowAfter.Milliseconds()
	}
	return !c.flow.paused && now-c.lastStep() >= stallAfter.Milliseconds()
}

// lastStep is when the peer last did its part, ms since 1970. Event loop only.
func (c *Conn) lastStep() int64 {
	if c.unsent.Load() > 0 {
		return c.flow.progress
	}
	return max(c.lastActive.Load(), c.flow.since) // since: it may have waited for us until then
}
