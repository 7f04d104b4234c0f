package timer

import "time"

// keepTime is how often the check point moves while slots pass by that nothing was delivered from; cleanEvery how often
// timer log files are looked at.
const (
	keepTime   = 30 * time.Second
	cleanEvery = 30 * time.Second
)

// restAfter is the least time between two flushes.
const restAfter = 50 * time.Millisecond

// runFlusher makes progress durable every timerFlushIntervalMs, and soon after each slot that was delivered: what a
// check point does not know comes again after a crash. It also deletes timer log files that are of no use. Java:
// TimerFlushService and the scheduler.
func (t *Timers) runFlusher() {
	last, cleaned := time.Now(), time.Now()
	for {
		pause := time.NewTimer(max(time.Duration(t.live().TimerFlushIntervalMs), 1) * time.Millisecond)
		select {
		case <-t.stop:
			pause.Stop()
			return
		case <-pause.C:
		case <-t.kick:
			pause.Stop()
		}
		t.rate.sample(time.Now(), t.enqueued.Load(), t.delivered.Load())
		force := time.Since(last) > keepTime
		if force {
			last = time.Now()
		}
		if err := t.flush(force); err != nil {
			t.failed("flush the timer files", err)
		}
		if !t.rest() {
			return
		}
		if time.Since(cleaned) > cleanEvery {
			cleaned = time.Now()
			t.clean()
		}
	}
}

// rest waits a little; false when Stop was called.
func (t *Timers) rest() bool {
	pause := time.NewTimer(restAfter)
	defer pause.Stop()
	select {
	case <-t.stop:
		return false
	case <-pause.C:
		return true
	}
}

// snapshot is a state of the timers between two batches.
type snapshot struct {
	check checkpoint
	pages wheelImage
	write bool
	begun bool // check says what ahead does
}

// flush makes one state durable: first what was delivered, then the timer log, the wheel that points into it, and the
// check point at last. A power cut in between leaves the old check point with newer files, which recovery takes back.
// force: also when only time went by.
func (t *Timers) flush(force bool) error {
	t.flushMu.Lock()
	defer t.flushMu.Unlock()
	snap := t.snapshot(force)
	if !snap.write {
		return nil
	}
	for _, step := range []func() error{
		t.ms.Flush,
		t.log.sync,
		func() error { return snap.pages.write(t.wheelFile) },
		func() error { return t.checkFile.write(snap.check) },
	} {
		if err := step(); err != nil {
			t.mu.Lock()
			t.changed = true
			t.wheel.giveBack(snap.pages)
			t.mu.Unlock()
			return err
		}
	}
	t.mu.Lock()
	t.saved = snap.check
	if snap.begun {
		t.ahead, t.begun = checkpoint{}, false
	}
	t.mu.Unlock()
	return t.metrics.save()
}

func (t *Timers) snapshot(force bool) (snap snapshot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unplaced || !t.changed && !force {
		return snap
	}
	c := checkpoint{readTime: t.readTime, logPos: t.log.end, queueOffset: t.queueOffset, masterOffset: t.queueOffset,
		version: t.saved.version}
	if t.follows.Load() {
		c.masterOffset, c.version = t.master.masterOffset, t.master.version
	}
	if c == t.saved && len(t.wheel.dirty) == 0 {
		return snap
	}
	if !t.follows.Load() {
		c.version.Next(0)
	}
	t.changed = false
	return snapshot{check: c, pages: t.wheel.take(), write: true, begun: t.begun}
}

// clean deletes timer log files whose messages are no longer in the commit log.
func (t *Timers) clean() {
	if _, err := t.log.dropBelow(t.ms.MinPhyOffset()); err != nil {
		t.failed("delete a timer log file", err)
	}
}
