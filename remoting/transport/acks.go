package transport

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Answers that wait. An answer may be true only later than it is known: when the disk or other brokers have what it
// acknowledges. It is encoded when its request is handled and waits in its connection; who learns that more has come
// true calls Engine.Settle, which wakes each loop once, for all connections on it.

// Ack is what one such answer waits for.
type Ack struct {
	End            int64 // bytes of the log before it have to be safe
	Received       int64 // ms since 1970; when the request came in
	Count          int32 // messages that are acknowledged
	Disk, Replicas bool  // where they have to be
}

// Waits sums up answers that have begun to wait: how many for the disk, and the highest End of those that wait for the
// disk and of those that wait for replicas; 0 where there are none.
type Waits struct {
	OnDisk         int
	Disk, Replicas int64
}

func (w *Waits) add(a *Ack) {
	if a.Disk {
		w.OnDisk++
		w.Disk = max(w.Disk, a.End)
	}
	if a.Replicas {
		w.Replicas = max(w.Replicas, a.End)
	}
}

// Acks knows what has come true.
type Acks interface {
	// Waits is told about answers that have begun to wait, at the end of a turn of a loop or on a worker. true: they
	// need not wait any more, Settle is asked at once.
	Waits(w Waits) (over bool)
	// Settle decides about an answer; it is asked again while done is false, and once more after that never. replaced
	// is what leaves instead of frame, nil: nothing. now is in ms since 1970. It runs on the event loop under the
	// connection's lock, and uses no connection.
	Settle(a *Ack, frame []byte, now int64) (replaced []byte, done bool)
}

// acks are the answers of a connection that wait, in the order in which they began to; one does not leave before those
// in front of it. Guarded by Conn.mu.
type acks struct {
	out    *Buffer // nil when there are none
	list   []waitingAck
	done   int  // so many of list have left
	left   int  // bytes of out that have left
	listed bool // the loop knows of them
	charge int  // bytes of out that the budget counts
}

type waitingAck struct {
	Ack
	end int // of its frame in out
}

// keptAcks is the longest list that a connection keeps when none waits any more.
const keptAcks = 1 << 10

// BeginAck is Begin for an answer that waits; EndAck has to follow.
func (c *Conn) BeginAck() *Buffer {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	if c.acks.out == nil {
		c.acks.out = buffers.Get().(*Buffer)
	}
	return c.acks.out
}

// EndAck ends the answer that was appended since BeginAck. onLoop: the caller runs on the connection's loop.
func (c *Conn) EndAck(a Ack, onLoop bool) {
	w := &c.acks
	size, first, over := len(w.out.B), !w.listed, false
	waiting := size - w.left
	w.list, w.listed = append(w.list, waitingAck{a, size}), true
	if size >= w.charge+chargeStep {
		c.engine.budget.outbound.Add(int64(size - w.charge))
		over = int64(w.charge) > backlogLimit && c.engine.budget.over()
		w.charge = size
	}
	c.mu.Unlock()
	if first {
		c.loop.acks.add(c)
	}
	switch {
	case waiting > c.engine.opts.MaxOutbound || over:
		c.overflow(waiting)
	case onLoop:
		c.loop.acks.turn.add(&a)
	default:
		var one Waits
		one.add(&a)
		if c.engine.opts.Acks.Waits(one) {
			c.loop.settle()
		}
	}
}

// settleAcks moves the answers that need not wait any more behind those that wait to be written. It tells whether
// others still wait. Event loop only.
func (c *Conn) settleAcks(now int64) (waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &c.acks
	if c.closed || w.out == nil {
		return false
	}
	n, from, to := w.done, w.left, w.left // so many are done; the bytes [from, to) of them were not moved yet
	for ; n < len(w.list); n++ {
		a := &w.list[n]
		replaced, done := c.engine.opts.Acks.Settle(&a.Ack, w.out.B[to:a.end], now)
		if !done {
			break
		}
		if replaced != nil {
			c.append(w.out.B[from:to])
			c.append(replaced)
			from = a.end
		}
		to = a.end
	}
	if n == len(w.list) && from == 0 && c.out == nil {
		c.out, w.out = w.out, nil // as a rule all are done, and nothing is copied
		w.leave(c)
		return false
	}
	c.append(w.out.B[from:to])
	if n == len(w.list) {
		w.leave(c)
		return false
	}
	w.done, w.left = n, to
	w.compact(c)
	return true
}

// compact forgets what has left, once that is half of all: who moves the rest each time moves it as often as there are
// answers. The caller holds the connection's mu.
func (w *acks) compact(c *Conn) {
	if 2*w.left < len(w.out.B) && 2*w.done < len(w.list) {
		return
	}
	w.out.B = slices.Delete(w.out.B, 0, w.left)
	w.list = slices.Delete(w.list, 0, w.done)
	for i := range w.list {
		w.list[i].end -= w.left
	}
	w.done, w.left = 0, 0
	if less := w.charge - len(w.out.B); less >= chargeStep {
		c.engine.budget.outbound.Add(-int64(less))
		w.charge -= less
	}
}

// append puts bytes behind those that wait to be written. The caller holds mu.
func (c *Conn) append(b []byte) {
	if len(b) == 0 {
		return
	}
	if c.out == nil {
		c.out = buffers.Get().(*Buffer)
	}
	c.out.B = append(c.out.B, b...)
}

// leave ends the waiting of all. The caller holds the connection's mu.
func (w *acks) leave(c *Conn) {
	if w.out != nil {
		releaseBuffer(w.out)
	}
	c.engine.budget.outbound.Add(-int64(w.charge))
	if cap(w.list) > keptAcks {
		w.list = nil
	}
	w.out, w.list, w.done, w.left, w.listed, w.charge = nil, w.list[:0], 0, 0, false, 0
}

// loopAcks are the connections of a loop with answers that wait.
type loopAcks struct {
	loop      *Loop
	engine    *Engine
	turn      Waits       // of this turn; event loop only
	scheduled atomic.Bool // gnet will call Run

	mu    sync.Mutex
	conns []*Conn // guarded by mu
	spare []*Conn // event loop only
}

func (q *loopAcks) add(c *Conn) {
	q.mu.Lock()
	q.conns = append(q.conns, c)
	q.mu.Unlock()
}

// tell tells about those that began to wait in this turn. Event loop only.
func (q *loopAcks) tell() {
	if w := q.turn; w != (Waits{}) {
		q.turn = Waits{}
		if q.engine.opts.Acks.Waits(w) {
			q.loop.settle()
		}
	}
}

// Settle looks, on each loop, which answers need not wait any more. Any goroutine; it does not block.
func (e *Engine) Settle() {
	e.loops.Range(func(_, v any) bool {
		v.(*Loop).settle()
		return true
	})
}

func (l *Loop) settle() {
	q := &l.acks
	q.mu.Lock()
	waiting := len(q.conns) > 0
	q.mu.Unlock()
	if waiting && q.scheduled.CompareAndSwap(false, true) {
		_ = l.execute(q) // it fails when the loop has ended, and its connections with it
	}
}

// Run is called by gnet on the loop.
func (q *loopAcks) Run(context.Context) error {
	q.scheduled.Store(false) // what comes true from now on is looked at once more
	q.mu.Lock()
	conns := q.conns
	q.conns = q.spare[:0]
	q.mu.Unlock()
	now, waiting := time.Now().UnixMilli(), conns[:0]
	for _, c := range conns {
		if c.settleAcks(now) {
			waiting = append(waiting, c)
		}
		c.flush(true)
	}
	q.mu.Lock()
	waiting = append(waiting, q.conns...)
	clear(q.conns)
	q.conns, q.spare = waiting, q.conns[:0]
	clear(conns[min(len(waiting), len(conns)):]) // under mu: add appends to what may be the same array
	q.mu.Unlock()
	return nil
}
