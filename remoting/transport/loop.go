package transport

import (
	"context"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// Loop is one event loop. Event loop only, but for loopWatch.
type Loop struct {
	Local any // what the owner of the engine keeps for each loop; the first Receiver.Opened on it sets it

	barrier  int64 // the highest of this turn, 0: none
	coalesce coalescer
	acks     loopAcks
	watched  []*Conn // on which something waits
	spare    []byte  // for the next large frame, nil when there is none

	loopWatch
	el    executor // immutable
	epoll int      // immutable; descriptor, -1: unknown
}

// executor is an event loop as its connections need it: gnet's, or a netLoop.
type executor interface {
	// Execute calls r on the loop, soon. Any goroutine.
	Execute(ctx context.Context, r gnet.Runnable) error
}

// Limits of how long the frames of one connection are handled at a stretch; then come the others. One frame may take
// longer: what grows with its size belongs on a worker.
const (
	turnBudget = 2 * time.Millisecond   // when few connections have more to do
	turnRound  = 8 * time.Millisecond   // what all that have more to do take together, once around the loop
	turnLeast  = 100 * time.Microsecond // what each has in any case
)

// turnBudget is the share of one connection.
func (l *Loop) turnBudget() time.Duration {
	if n := len(l.watched); n > int(turnRound/turnBudget) {
		return max(turnLeast, turnRound/time.Duration(n))
	}
	return turnBudget
}

// largeSpare is the largest buffer that a loop keeps for its next large frame, in bytes.
const largeSpare = 1 << 20

// buffer returns an empty buffer for a frame of n bytes.
func (l *Loop) buffer(n int) []byte {
	if b := l.spare; cap(b) >= n {
		l.spare = nil
		return b[:0]
	}
	return make([]byte, 0, n)
}

// giveBack takes the buffer of a frame that has been handled.
func (l *Loop) giveBack(b []byte) {
	if cap(b) <= largeSpare && cap(b) > cap(l.spare) {
		l.spare = b
	}
}

// watch puts a connection among those that are looked at, or takes it out.
func (l *Loop) watch(c *Conn) {
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

func (l *Loop) unwatch(c *Conn) {
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
