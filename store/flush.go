package store

import (
	"context"
	"math"
	"sync"
	"time"
)

// flusher makes the commit log durable. Everybody who waits shares the next fdatasync (Java GroupCommitService, FlushRealTimeService).
type flusher struct {
	mu      sync.Mutex
	waiters []waiting   // guarded by mu
	want    int         // guarded by mu; the flusher is woken when so many wait
	closed  error       // set once the flusher takes no waiters any more; guarded by mu
	spares  [][]waiting // memory for the next lists; guarded by mu
}

type waiting struct {
	offset   int64 // durable when everything below is
	w        Waiter
	deadline time.Time
}

// funcWaiter makes a Waiter of a function.
type funcWaiter func(error)

func (f funcWaiter) Durable(err error) { f(err) }

// NotifyDurable calls done once, when everything in the log below offset is durable (inline if it is already), or with ErrFlushTimeout after
// syncFlushTimeout, or with an error of class ErrNotWritable when the flush failed or the store stops. See WaitDurable.
func (s *Store) NotifyDurable(offset int64, done func(error)) {
	s.WaitDurable(offset, funcWaiter(done))
}

// WaitDurable is NotifyDurable without a closure.
func (s *Store) WaitDurable(offset int64, w Waiter) {
	if s.log.flushed.Load() >= offset {
		w.Durable(nil)
		s.answered()
		return
	}
	deadline := time.Now().Add(time.Duration(s.cfg.Load().SyncFlushTimeout) * time.Millisecond)
	wake, err := s.flush.add(waiting{offset, w, deadline})
	if err != nil {
		w.Durable(err)
		s.answered()
	} else if wake {
		s.flushKick.poke()
	}
}

// answered tells that a run of answers is over.
func (s *Store) answered() {
	if s.ev.Answered != nil {
		s.ev.Answered()
	}
}

// answer tells waiters taken from the list.
func (s *Store) answer(ws []waiting, err error) {
	if len(ws) > 0 {
		s.flush.finish(ws, err)
		s.answered()
	}
}

// add puts w on the list; wake says that the flusher has to know.
func (f *flusher) add(w waiting) (wake bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed != nil {
		return false, f.closed
	}
	f.waiters = append(f.waiters, w)
	return len(f.waiters) >= f.want, nil
}

// wakeAt says how many waiters wake the flusher; enough tells that they are there.
func (f *flusher) wakeAt(n int) (enough bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.want = n
	return len(f.waiters) >= max(n, 1)
}

// pending is how many wait.
func (f *flusher) pending() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiters)
}

// take removes the waiters for which done is true and returns them.
func (f *flusher) take(done func(w *waiting) bool) []waiting {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []waiting
	if n := len(f.spares); n > 0 {
		out, f.spares = f.spares[n-1], f.spares[:n-1]
	}
	keep := f.waiters[:0]
	for i := range f.waiters {
		if w := &f.waiters[i]; done(w) {
			out = append(out, *w)
		} else {
			keep = append(keep, *w)
		}
	}
	clear(f.waiters[len(keep):])
	f.waiters = keep
	return out
}

// finish tells waiters taken from the list.
func (f *flusher) finish(ws []waiting, err error) {
	for i := range ws {
		ws[i].w.Durable(err)
	}
	clear(ws)
	f.mu.Lock()
	if len(f.spares) < 2 { // one list is being answered while the next is being flushed
		f.spares = append(f.spares, ws[:0])
	}
	f.mu.Unlock()
}

// close refuses new waiters with err and fails the present ones.
func (f *flusher) close(err error) {
	f.mu.Lock()
	if f.closed == nil {
		f.closed = err
	}
	f.mu.Unlock()
	f.finish(f.take(func(*waiting) bool { return true }), err)
}

// runFlusher flushes when somebody waits, every flushIntervalCommitLog if enough pages are dirty, and thoroughly now and then.
func (s *Store) runFlusher(ctx context.Context) {
	answers := make(chan []waiting)
	answered := make(chan struct{})
	go func() { // answering takes as long as an fdatasync: the next one does not wait for it
		defer close(answered)
		for ws := range answers {
			s.tellStored()
			s.answer(ws, nil)
		}
	}()
	defer func() { close(answers); <-answered }()
	tick := time.NewTicker(time.Duration(s.cfg.Load().FlushIntervalCommitLog) * time.Millisecond)
	defer tick.Stop()
	g := newGather()
	defer g.timer.Stop()
	lastAll := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.flushKick:
			g.ended(true)
		case <-g.timer.C:
			g.ended(false)
		case <-tick.C:
		}
		s.tellRolled()
		if !s.flushDue(&lastAll) {
			s.wakeFlusherAt(0)
			continue
		}
		s.flush.wakeAt(math.MaxInt) // until we know whom to wait for
		begin := time.Now()
		ws, _ := s.sync() // who waits knows of a failure already
		took := time.Since(begin)
		want := g.flushed(len(ws), s.flush.pending())
		s.wakeFlusherAt(want)
		answers <- ws
		g.begin(want, took)
	}
}

// wakeFlusherAt says how many waiters wake the flusher from now on, 0 as 1; when they are there already, they do.
func (s *Store) wakeFlusherAt(n int) {
	if s.flush.wakeAt(n) {
		s.flushKick.poke()
	}
}

// flushDue tells whether somebody waits, enough is dirty, or it is time for all of it.
func (s *Store) flushDue(lastAll *time.Time) bool {
	cfg := s.cfg.Load()
	dirty := s.appended() - s.log.flushed.Load()
	thorough := time.Since(*lastAll) >= time.Duration(cfg.FlushCommitLogThoroughInterval)*time.Millisecond
	if thorough {
		*lastAll = time.Now()
	}
	return s.failed() != nil && !s.toldFailure.Load() || s.flush.pending() > 0 || dirty >= int64(max(1,
		cfg.FlushCommitLogLeastPages))*4096 || thorough && dirty > 0
}

// tellRolled tells the listener about commit log files begun since the last call; roll wakes the flusher.
func (s *Store) tellRolled() {
	for _, seg := range s.log.segments() {
		if seg.base < s.toldTo {
			continue
		}
		if s.ev.SegmentRolled != nil {
			s.ev.SegmentRolled(seg.name, seg.base)
		}
		s.toldTo = seg.end()
	}
}

// Flush makes everything appended so far durable and answers the waiters. After a failure the store takes no writes until it is opened again.
func (s *Store) Flush() error {
	ws, err := s.sync()
	s.tellStored()
	s.answer(ws, nil)
	return err
}

// sync is Flush without the answers: it returns whom to answer.
func (s *Store) sync() ([]waiting, error) {
	s.flushMu.Lock()
	defer s.flushMu.Unlock()
	defer s.tellFailure()
	if err := s.failed(); err != nil {
		return nil, err
	}
	upTo, stored, err := s.newest()
	if err != nil {
		return nil, err
	}
	if from := s.log.flushed.Load(); from < upTo {
		begin := time.Now()
		if file, err := s.log.syncRange(from, upTo); err != nil {
			return nil, s.logFailed(flushFailed, file, err)
		}
		s.log.flushed.Store(upTo)
		s.check.update(func(c *checkpoint) { c.physicTime = max(c.physicTime, stored) })
		if s.ev.FlushDone != nil {
			s.ev.FlushDone(upTo, time.Since(begin))
		}
	}
	return s.flush.take(func(w *waiting) bool { return w.offset <= upTo }), nil
}

// newest returns the end of the log and the newest store time, which belong together: nothing is staged below them.
func (s *Store) newest() (end, storeTime int64, err error) {
	s.app.lock(time.Now().UnixMilli()) // it may hang as an append does
	defer s.app.unlock()
	err = s.spill()
	return s.log.end.Load(), s.app.lastTime, err
}

// appended is the end of the log including what is staged.
func (s *Store) appended() int64 {
	s.app.mu.Lock()
	defer s.app.mu.Unlock()
	return s.log.end.Load() + int64(len(s.app.stage.buf))
}

// runTimeouts fails waiters whose time is over, also while an fdatasync hangs.
func (s *Store) runTimeouts(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if s.flush.pending() > 0 {
				s.answer(s.flush.take(func(w *waiting) bool { return now.After(w.deadline) }), ErrFlushTimeout)
			}
		}
	}
}
