package commitlog

import (
	"context"
	"math"
	"time"
)

// The flusher makes the log durable. Everybody who waits shares the next fdatasync (Java GroupCommitService,
// FlushRealTimeService).

// WaitDurable calls w.Durable once: with nil when everything in the log below offset is durable (inline if it is
// already), with ErrFlushTimeout after SyncTimeout, or with an error of class ErrNotWritable when a flush failed or the
// log closes.
func (l *Log) WaitDurable(offset int64, w Waiter) {
	if l.Durable.Load() >= offset {
		w.Durable(nil)
		return
	}
	wake, err := l.Durable.add(waiting{offset, w, time.Now().Add(l.settings.Load().SyncTimeout)})
	if err != nil {
		w.Durable(err)
	} else if wake {
		l.wakeFlusher()
	}
}

// late fails those who wait on p and whose time is over.
func (l *Log) late(p *Position, now time.Time, err error) {
	if p.pending() > 0 {
		p.tell(p.take(func(w *waiting) bool { return now.After(w.deadline) }), err)
	}
}

// EndWaits fails whoever waits, and who comes from now on, with err.
func (l *Log) EndWaits(err error) {
	l.Durable.close(err)
	l.Replicated.close(err)
	l.settle()
}

// runFlusher flushes when somebody waits, every flushIntervalCommitLog if enough pages are dirty, and thoroughly now
// and then.
func (l *Log) runFlusher(ctx context.Context) {
	answers := make(chan []waiting)
	answered := make(chan struct{})
	go func() { // answering takes as long as an fdatasync: the next one does not wait for it
		defer close(answered)
		for ws := range answers {
			l.committer.Notify()
			l.Durable.tell(ws, nil)
		}
	}()
	defer func() { close(answers); <-answered }()
	tick := time.NewTicker(l.settings.Load().FlushInterval)
	defer tick.Stop()
	g := newGroupCommit()
	defer g.timer.Stop()
	lastAll := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.kick:
			g.ended(true)
		case <-g.timer.C:
			g.ended(false)
		case <-tick.C:
		}
		l.tellRolled()
		if !l.flushDue(&lastAll) {
			l.wakeFlusherAt(0)
			continue
		}
		l.Durable.expect(math.MaxInt) // until we know whom to wait for
		begin := time.Now()
		ws, kept, _ := l.sync() // who waits knows of a failure already
		took := time.Since(begin)
		want := g.flushed(len(ws)+kept, l.Durable.pending())
		l.wakeFlusherAt(want)
		l.settleIf(kept) // only now: who is answered is back soon, and would count as one more
		answers <- ws
		g.begin(want, took)
	}
}

// wakeFlusherAt says how many waiters wake the flusher from now on, 0 as 1; when they are there already, they do.
func (l *Log) wakeFlusherAt(n int) {
	if l.Durable.expect(n) {
		l.wakeFlusher()
	}
}

// flushDue tells whether somebody waits, enough is dirty, or it is time for all of it.
func (l *Log) flushDue(lastAll *time.Time) bool {
	set := l.settings.Load()
	dirty := l.tailEnd() - l.Durable.Load()
	thorough := time.Since(*lastAll) >= set.ThoroughInterval
	if thorough {
		*lastAll = time.Now()
	}
	untold := l.Failed() != nil && !l.state.told.Load()
	return untold || l.Durable.pending() > 0 || dirty >= int64(max(1, set.LeastPages))*4096 || thorough && dirty > 0
}

// tellRolled tells the listener about files begun since the last call; roll wakes the flusher.
func (l *Log) tellRolled() {
	for _, seg := range l.Segments() {
		if seg.Base < l.rolledTo {
			continue
		}
		if l.ev.Rolled != nil {
			l.ev.Rolled(seg.Name, seg.Base)
		}
		l.rolledTo = seg.End()
	}
}

// Flush makes everything appended so far durable and answers the waiters. After a failure the log takes no records
// until it is opened again.
func (l *Log) Flush() error {
	ws, kept, err := l.sync()
	l.settleIf(kept)
	l.committer.Notify()
	l.Durable.tell(ws, nil)
	return err
}

// sync is Flush without the answers: it returns whom to answer, and how many others keep, who have to be told.
func (l *Log) sync() (ws []waiting, kept int, err error) {
	l.flushMu.Lock()
	defer l.flushMu.Unlock()
	defer l.tellFailure()
	if err := l.Failed(); err != nil {
		return nil, 0, err
	}
	upTo, stored, err := l.WriteOut()
	if err != nil {
		return nil, 0, err
	}
	if from := l.Durable.Load(); from < upTo {
		begin := time.Now()
		if file, err := l.syncRange(from, upTo); err != nil {
			return nil, 0, l.closeFailed(flushFailed, file, err)
		}
		l.Durable.Store(upTo)
		if l.ev.Flushed != nil {
			l.ev.Flushed(upTo, stored, time.Since(begin))
		}
	}
	return l.Durable.reached(upTo), l.Durable.keptBelow(upTo), nil
}

// syncRange makes [from, to) durable, file by file in order.
func (l *Log) syncRange(from, to int64) (file string, err error) {
	for from < to {
		s := l.Lease(from)
		if s == nil { // deleted meanwhile
			from = l.NextFile(from)
			continue
		}
		err, file = s.file.Sync(), s.Name
		from = s.End()
		s.Release()
		if err != nil {
			return file, err
		}
	}
	return file, nil
}

// runTimeouts fails waiters whose time is over, also while an fdatasync hangs, until ctx ends.
func (l *Log) runTimeouts(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			l.late(&l.Durable, now, ErrFlushTimeout)
			l.late(&l.Replicated, now, ErrReplicaTimeout)
			l.settle()
		}
	}
}
