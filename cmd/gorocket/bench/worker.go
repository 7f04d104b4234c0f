package bench

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// clock counts ns since the start of the run; it never returns 0, which means "no time".
type clock struct{ base time.Time }

func (k clock) now() int64 { return int64(time.Since(k.base)) + 1 }

// lostError says that a connection ended. cause is nil when the server closed it.
type lostError struct {
	addr  string
	cause error
}

func (e *lostError) Error() string {
	if e.cause == nil {
		return e.addr + " closed the connection"
	}
	return e.addr + ": connection lost: " + e.cause.Error()
}

func (e *lostError) Unwrap() error { return e.cause }

// worker drives some of the connections of a run from one goroutine. The coordinator sets the fields before it starts
// run, and may use rec and the atomic ones meanwhile; outstanding, conns and pace again when run has returned.
type worker struct {
	clock    clock
	poll     *poller
	conns    []*conn
	rec      *recorder
	pace     *pacer               // nil: closed loop
	patience time.Duration        // silence of the servers that ends the run
	tolerant bool                 // a lost connection is counted and does not end the run, unless it was the last one
	settled  func(now int64) bool // nothing is on its way any more; default: no request is
	// ns; 0: go on. From then on nothing new begins, and run returns when settled, or at giveUpAt
	stopAt      atomic.Int64
	giveUpAt    atomic.Int64 // ns; set before stopAt
	beats       bool         // jobs are heartJobs: look for those that are due now and then
	beatAt      int64        // ns; next look
	outstanding int          // requests in flight
	ended       int          // lost connections
	heard       int64        // ns; last answer, or last moment without a request in flight
}

func newWorker(k clock) (*worker, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	return &worker{clock: k, poll: p, rec: newRecorder()}, nil
}

func (w *worker) add(c *conn) error {
	c.w, c.tag = w, int32(len(w.conns))
	w.conns = append(w.conns, c)
	return w.poll.add(c.fd, c.tag)
}

func (w *worker) close() {
	for _, c := range w.conns {
		c.close()
	}
	w.poll.close()
}

// tick is how long a worker sleeps at most: it looks for a stop and for silence.
const tick = 25 * time.Millisecond

// run works until it is stopped or a connection fails.
func (w *worker) run() error {
	w.heard = w.clock.now()
	for _, c := range w.conns {
		if err := w.check(c, c.job.more(c, w.clock.now())); err != nil {
			return err
		}
	}
	for {
		now := w.clock.now()
		if stop := w.stopAt.Load(); stop != 0 && now >= stop && (w.quiet(now) || now >= w.giveUpAt.Load()) {
			return nil
		}
		until, err := w.paceStep(now)
		if err == nil {
			err = w.beat(now)
		}
		if err != nil {
			return err
		}
		events, err := w.poll.wait(w.clock.now(), until)
		if err != nil {
			return err
		}
		if err := w.serve(events); err != nil {
			return err
		}
		if err := w.listen(len(events) > 0); err != nil {
			return err
		}
	}
}

// quiet tells whether nothing is to come any more.
func (w *worker) quiet(now int64) bool {
	if w.pace != nil && w.pace.pending(now) {
		return false
	}
	if w.settled != nil {
		return w.settled(now)
	}
	return w.outstanding == 0
}

// paceStep sends what an open loop has to send by now and returns until when to sleep.
func (w *worker) paceStep(now int64) (int64, error) {
	until := now + int64(tick)
	if w.pace == nil {
		return until, nil
	}
	next, err := w.pace.step(now)
	if err != nil || next == 0 {
		return until, err
	}
	return min(until, next), nil
}

// beatLook is how often idle connections are looked at.
const beatLook = 100 * time.Millisecond

// beat sends the heartbeats that are due.
func (w *worker) beat(now int64) error {
	if !w.beats || now < w.beatAt {
		return nil
	}
	w.beatAt = now + int64(beatLook)
	for _, c := range w.conns {
		if err := w.check(c, c.job.(*heartJob).beat(c, now)); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) serve(events []event) error {
	for i := range events {
		c := w.conns[events[i].Fd]
		if c.ended {
			continue
		}
		var err error
		if events[i].Events&writable != 0 && len(c.out) > 0 {
			err = c.resume(w.clock.now())
		}
		if err == nil && events[i].Events&^writable != 0 {
			err = c.receive()
		}
		if err := w.check(c, err); err != nil {
			return err
		}
	}
	return nil
}

// check lets a tolerant worker survive the loss of a connection.
func (w *worker) check(c *conn, err error) error {
	var lost *lostError
	if err == nil || !w.tolerant || !errors.As(err, &lost) || c == nil {
		return err
	}
	c.close()
	w.ended++
	for i := range c.slots {
		if c.slots[i] != 0 {
			c.slots[i] = 0
			w.outstanding--
		}
	}
	w.rec.mu.Lock()
	w.rec.now.lost++
	w.rec.mu.Unlock()
	if w.ended == len(w.conns) {
		return fmt.Errorf("all connections were lost, the last one: %w", err)
	}
	return nil
}

// listen notices servers that have gone silent.
func (w *worker) listen(heard bool) error {
	now := w.clock.now()
	if heard || w.outstanding == 0 {
		w.heard = now
	} else if w.patience > 0 && time.Duration(now-w.heard) > w.patience {
		return fmt.Errorf("%s: no answer for %v, %d requests wait", w.conns[0].addr, w.patience, w.outstanding)
	}
	return nil
}
