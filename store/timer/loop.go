package timer

import "time"

// retryAfter is the pause before something that failed is tried again.
const retryAfter = 100 * time.Millisecond

// run is the loop: what is due first, then what is new, then sleep until a message comes or a slot ends. With nothing
// pending it sleeps for good.
func (t *Timers) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-t.stop:
			return
		case <-t.wake:
		case <-timer.C:
		}
		for t.step() && !t.stopped() {
		}
		if pause := t.pause(); pause > 0 {
			timer.Reset(pause)
		}
	}
}

// step delivers the slots that are over and enqueues some messages; it tells whether there may be more to do at once.
//
// What was in the timer queue at Open, and what an overdue slot rolls into it, goes into its slots first, overdue or
// not: so a recall that had been acknowledged before a crash still finds its message. Java delivers what became due
// meanwhile and forgets the recall.
//
// A slave only enqueues, see followMaster.
func (t *Timers) step() bool {
	if t.unplaced && !t.place() {
		return false
	}
	if t.follows.Load() {
		return t.followMaster()
	}
	t.followClock()
	if !t.leads {
		t.takeOver()
	}
	if t.queueOffset < t.catchUp && !t.live().TimerStopEnqueue {
		if more := t.enqueue(); more || t.unplaced || t.stopped() {
			return more
		}
		t.catchUp = 0 // the queue holds no more
	}
	if !t.dequeue() {
		return false
	}
	if t.copies != nil && t.readTime >= t.writeTime && !t.rolled {
		t.copies = nil // all that was due by then is delivered
	}
	return t.enqueue() || t.readTime < t.writeTime
}

// followClock moves the write time, back too when the clock goes back: then what is sent now must not count as late.
// Java's time stays where it was: it delivers such messages too early.
func (t *Timers) followClock() {
	t.writeTime = t.floor(t.now().UnixMilli())
	if t.writeTime < t.readTime {
		t.mu.Lock()
		t.readTime, t.changed = t.writeTime, true
		t.mu.Unlock()
	}
}

// pause is the time until the present slot ends, or a short one after a failure; 0 when no message waits.
func (t *Timers) pause() time.Duration {
	switch {
	case t.follows.Load() && !t.unplaced:
		return 0
	case t.readTime < t.writeTime || t.unplaced || t.queueOffset < t.ms.MaxOffset(Topic, 0):
		return retryAfter
	case t.idle():
		return 0
	}
	// At most one slot, so a machine that was suspended, or a clock that jumped ahead, is noticed within it.
	left := time.Duration(t.writeTime+t.precision-t.now().UnixMilli()) * time.Millisecond
	return min(max(left, time.Millisecond), time.Duration(t.precision)*time.Millisecond)
}

// idle tells that no slot is in use. The number of pending messages is a hint only: delete marks count against it.
func (t *Timers) idle() bool {
	if t.pending > 0 {
		return false
	}
	end := t.readTime + wheelSlots*t.precision
	if t.wheel.next(t.readTime, end) < end {
		return false
	}
	t.metrics.settle()
	return true
}
