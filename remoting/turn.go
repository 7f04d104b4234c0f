package remoting

import (
	"context"
	"time"
)

// gnet hands a loop one connection after the other. When many are ready at once, each write of answers would wake the peer, who goes to sleep again before the next
// one comes: an interrupt of another processor each, which costs more than the write. So with a crowd of connections their answers wait for each other, for a
// moment, and the log is written for all of them together. A connection that is alone is answered at once.
const (
	// crowdGap is how soon after one connection the next one comes when both were ready: reading a full buffer takes as long.
	crowdGap = 50 * time.Microsecond
	// crowdAt is how many more connections than not have to come so for a crowd; crowdMax is where counting ends.
	crowdAt, crowdMax = 4, 8
	// turnTime is how long answers wait at most, but for the handling of one connection.
	turnTime = 250 * time.Microsecond
)

// turn is what a loop has put off. Event loop only.
type turn struct {
	kept  []*Conn // whose answers wait
	since time.Time
	asked bool // gnet will call Run

	last  *Conn
	ended time.Time // when last had been handled
	crowd int
}

// begin notes that c is being handled.
func (t *turn) begin(c *Conn, now time.Time) {
	if c != t.last && now.Sub(t.ended) < crowdGap {
		t.crowd = min(t.crowd+1, crowdMax)
	} else {
		t.crowd = max(t.crowd-1, 0)
	}
	t.last = c
}

// end puts off the flush of c, or tells that it must not be.
func (t *turn) end(c *Conn) (later bool) {
	t.ended = time.Now()
	if t.crowd < crowdAt || !c.hasAnswers() {
		return false
	}
	if !t.asked {
		if c.gc.EventLoop().Execute(context.Background(), t) != nil {
			return false
		}
		t.asked = true
	}
	if len(t.kept) == 0 {
		t.since = t.ended
	}
	if !c.kept {
		c.kept = true
		t.kept = append(t.kept, c)
	}
	if t.ended.Sub(t.since) >= turnTime {
		t.flush()
	}
	return true
}

// Run is called by gnet once the connections that were ready have been handled.
func (t *turn) Run(context.Context) error {
	t.asked = false
	t.flush()
	return nil
}

func (t *turn) flush() {
	for _, c := range t.kept {
		c.kept = false
		c.flush(true)
	}
	clear(t.kept)
	t.kept = t.kept[:0]
}

// abandon closes the connections whose answers wait, without these.
func (t *turn) abandon() {
	for _, c := range t.kept {
		c.abandon()
	}
}
