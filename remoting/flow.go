package remoting

import (
	"reflect"
	"time"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// flow is what waits on a connection, as its loop knows it. Event loop only.
type flow struct {
	place    int    // 1 + its place in loopState.watched, 0 for none
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

// Limits of how long the requests of one connection are handled at a stretch; then come the others. One request may take longer: what grows with
// its size belongs on a worker.
const (
	turnBudget = 2 * time.Millisecond   // when few connections have more to do
	turnRound  = 8 * time.Millisecond   // what all that have more to do take together, once around the loop
	turnLeast  = 100 * time.Microsecond // what each has in any case
)

// budget is the share of one connection. Event loop only.
func (l *loopState) budget() time.Duration {
	if n := len(l.watched); n > int(turnRound/turnBudget) {
		return max(turnLeast, turnRound/time.Duration(n))
	}
	return turnBudget
}

// looked is after how many requests the clock is looked at; a power of two.
const looked = 16

// outstanding tells whether anything waits on the connection.
func (c *Conn) outstanding() bool {
	return c.flow.held > 0 || c.flow.paused || c.unsent.Load() > 0
}

// settle charges what the turn left unfinished, and stops or resumes reading.
func (e *engine) settle(c *Conn, now time.Time) {
	f := &c.flow
	if f.left = c.gc.InboundBuffered(); f.left == 0 && f.part == nil {
		f.since, f.cut = 0, 0
		if f.held == 0 && !f.paused {
			return
		}
	}
	e.hold(f, int64(max(f.left, f.cut)))
	if f.cut > smallFrame && !f.starved && !f.more {
		c.gather()
	}
	if pause := f.starved || f.more; pause != f.paused || pause {
		e.setReading(c, !pause, now)
	}
	if f.more && !f.timer {
		f.timer = true
		time.AfterFunc(f.delay(c), func() { _ = c.gc.Wake(nil) })
	}
	c.loop.watch(c)
}

// gather moves what has come of a large frame out of gnet's buffer, which grows in steps and goes to a pool that any
// small frame of another connection is served from: what it takes would be known to nobody. It tells whether the
// frame is whole. Event loop only.
func (c *Conn) gather() (whole bool) {
	f := &c.flow
	if f.part == nil {
		f.part = c.loop.buffer(f.cut)
	}
	if n := min(f.cut-len(f.part), c.gc.InboundBuffered()); n > 0 {
		b, err := c.gc.Peek(n)
		if err != nil {
			return false // cannot be: so many bytes are there
		}
		f.part = append(f.part, b...)
		_, _ = c.gc.Discard(n)
	}
	f.left = c.gc.InboundBuffered()
	return len(f.part) == f.cut
}

// largeSpare is the largest buffer that a loop keeps for its next large frame, in bytes.
const largeSpare = 1 << 20

// buffer returns an empty buffer for a frame of n bytes.
func (l *loopState) buffer(n int) []byte {
	if b := l.spare; cap(b) >= n {
		l.spare = nil
		return b[:0]
	}
	return make([]byte, 0, n)
}

// giveBack takes the buffer of a frame that has been handled.
func (l *loopState) giveBack(b []byte) {
	if cap(b) <= largeSpare && cap(b) > cap(l.spare) {
		l.spare = b
	}
}

// delay is how long what was left waits: for the other connections only, or for the peer to read.
func (f *flow) delay(c *Conn) time.Duration {
	if c.unsent.Load() > 0 {
		return 5 * time.Millisecond
	}
	return 0
}

// hold makes want the bytes of the budget that f has; without room it has only what is there already.
func (e *engine) hold(f *flow, want int64) {
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

// setReading tells epoll whether the connection is read. gnet asks epoll to read again when it has to wait for the
// peer, and when the peer has read all: then settle and note stop it once more.
func (e *engine) setReading(c *Conn, on bool, now time.Time) {
	f := &c.flow
	if c.loop.epoll < 0 {
		return // not gnet as we know it; a test would have seen it
	}
	if !on && !f.paused {
		e.counts.paused.Add(1)
	}
	if on && f.since > 0 {
		f.since = now.UnixMilli() // the peer could not finish the frame
	}
	f.paused = !on
	fd := c.gc.Fd()
	ev := unix.EpollEvent{Fd: int32(fd)}
	if on {
		ev.Events = unix.EPOLLIN | unix.EPOLLPRI
	}
	if c.gc.OutboundBuffered() > 0 {
		ev.Events |= unix.EPOLLOUT
	}
	_ = unix.EpollCtl(c.loop.epoll, unix.EPOLL_CTL_MOD, fd, &ev)
}

// epollOf finds the epoll descriptor of a loop of gnet, which has no way to stop reading of its own; -1 when its
// types have changed.
func epollOf(el gnet.EventLoop) int {
	v := reflect.Indirect(reflect.ValueOf(el))
	if v.Kind() != reflect.Struct {
		return -1
	}
	p := v.FieldByName("poller")
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return -1
	}
	if fd := reflect.Indirect(p).FieldByName("fd"); fd.IsValid() && fd.CanInt() {
		return int(fd.Int())
	}
	return -1
}

// wrote notes how many bytes gnet could not write and returns them. Event loop only, on an open connection.
func (c *Conn) wrote() int {
	n := c.gc.OutboundBuffered()
	if old := c.unsent.Load(); int64(n) != old {
		c.note(int64(n), old)
	}
	return n
}

func (c *Conn) note(n, old int64) {
	c.unsent.Store(n)
	c.engine.budget.outbound.Add(n - old)
	now := time.Now()
	if n < old || old == 0 {
		c.flow.progress = now.UnixMilli()
	}
	if c.flow.paused {
		c.engine.setReading(c, false, now)
	}
	c.loop.watch(c)
}

// blocked tells that the peer has to read first. Event loop only.
func (c *Conn) blocked(limit int64) bool {
	return c.unsent.Load() > limit && int64(c.wrote()) > limit
}

// release gives back all that the connection holds of the budget. Event loop only; more than once does nothing.
func (e *engine) release(c *Conn) {
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

// watch puts a connection among those that are looked at, or takes it out. Event loop only.
func (l *loopState) watch(c *Conn) {
	switch f := &c.flow; {
	case f.gone:
	case !c.outstanding():
		l.unwatch(c)
	case f.place == 0:
		l.watched = append(l.watched, c)
		f.place = len(l.watched)
		l.busy.Store(true)
	}
}

func (l *loopState) unwatch(c *Conn) {
	i := c.flow.place - 1
	if i < 0 {
		return
	}
	last := len(l.watched) - 1
	l.watched[i] = l.watched[last]
	l.watched[i].flow.place = i + 1
	l.watched[last] = nil
	l.watched = l.watched[:last]
	c.flow.place = 0
	l.busy.Store(last > 0)
}
