package store

import (
	"sync"
	"sync/atomic"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/index"
	"gorocket/store/record"
)

// committer is what stands between the log and the queues (commitlog.Committer): appends note here what their records
// mean, and once the log has written them they get their places in the queues and the index queue. Then the listener is
// told.
type committer struct {
	s *Store

	noted spans       // of the records in the write buffer; guarded by the append lock
	keys  []index.Key // theirs; guarded by the append lock
	held  held        // what is written and not confirmed; see held.go

	// what was written while no other broker had to have anything ends here; 0: those who wait for replicas know
	passed atomic.Int64

	mu     sync.Mutex
	stored spans // committed, but the listener was not told yet; guarded by mu

	spares sync.Pool // *spans
}

// spans are entries of records that follow each other in the log.
type spans struct {
	runs    []run
	entries []dispatch.Entry // of all runs
}

// run is a number of entries that follow each other in one queue.
type run struct {
	q   *consumequeue.Queue
	seg *commitlog.Segment // holds the records; leased once the run is in stored, nil if it could not be
	n   int
}

func (l *spans) reset() {
	clear(l.runs)
	clear(l.entries)
	l.runs, l.entries = l.runs[:0], l.entries[:0]
}

// note notes entries of records that are being appended, which follow each other in q. Caller holds the append lock.
func (c *committer) note(q *consumequeue.Queue, entries ...dispatch.Entry) {
	q.Reserved += entries[len(entries)-1].Base + int64(entries[len(entries)-1].Count) - entries[0].Base
	c.noted.runs = append(c.noted.runs, run{q: q, n: len(entries)})
	c.noted.entries = append(c.noted.entries, entries...)
}

// noteKeys notes the keys of r. Caller holds the append lock.
func (c *committer) noteKeys(r *Record, a Appended) {
	keys := &r.Index
	if r.SysFlag&record.SysFlagTransaction == record.SysFlagRollback {
		none := dispatch.NoKeys()
		keys = &none
	}
	c.keys = c.s.index.Queue.Append(c.keys, keys, a.Offset, a.StoreTimestamp, a.Size)
}

// noteStored notes an entry of a record that another broker gave its queue offset. Caller holds the append lock.
func (c *committer) noteStored(q *consumequeue.Queue, e *dispatch.Entry) {
	c.noted.runs = append(c.noted.runs, run{q: q, n: 1})
	c.noted.entries = append(c.noted.entries, *e)
	q.Reserved = e.Base + int64(e.Count) - q.End()
}

// Commit gives the noted records their places in the queues; see commitlog.Committer.
func (c *committer) Commit(seg *commitlog.Segment) {
	if c.held.on {
		c.hold(seg)
		if c.held.alone {
			c.s.confirmAlone()
			c.passed.Store(c.s.log.End())
		}
		c.release(c.s.confirmed.Load())
		return
	}
	listens := c.s.ev.MessageStored != nil
	entries := c.noted.entries
	for i, run := range c.noted.runs {
		run.q.Reserved = 0
		c.s.queues.Push(run.q, entries[:run.n])
		entries = entries[run.n:]
		if listens && seg.Acquire() {
			c.noted.runs[i].seg = seg
		}
	}
	c.s.index.Queue.Add(c.keys)
	c.keys = c.keys[:0]
	if listens {
		c.keep()
	}
	c.noted.reset()
}

// keep adds what is committed to what the listener has to be told. Caller holds the append lock.
func (c *committer) keep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.stored.runs) == 0 {
		c.noted, c.stored = c.stored, c.noted
		return
	}
	c.stored.runs = append(c.stored.runs, c.noted.runs...)
	c.stored.entries = append(c.stored.entries, c.noted.entries...)
}

// Abort forgets the noted records; see commitlog.Committer.
func (c *committer) Abort() {
	if c.held.on {
		c.dropNoted()
		return
	}
	for _, run := range c.noted.runs {
		run.q.Reserved = 0
	}
	c.noted.reset()
	c.keys = c.keys[:0]
}

// Notify tells the listener about committed messages and ends their leases; see commitlog.Committer.
func (c *committer) Notify() {
	l := c.spares.Get().(*spans)
	c.mu.Lock()
	c.stored, *l = *l, c.stored
	c.mu.Unlock()
	c.s.index.Wake()
	if at := c.passed.Load(); at > 0 && c.passed.CompareAndSwap(at, 0) {
		c.s.log.Confirm(at)
		if c.s.cfg.Load().FlushDiskType == SyncFlush { // it is held until then, also when nobody waits for an answer
			c.s.log.WaitDurable(at, funcWaiter(func(error) {}))
		}
	}
	entries := l.entries
	for _, run := range l.runs {
		if run.seg != nil {
			c.tell(run, entries[:run.n])
			run.seg.Release()
		}
		entries = entries[run.n:]
	}
	l.reset()
	c.spares.Put(l)
}

func (c *committer) tell(run run, entries []dispatch.Entry) {
	for i := range entries {
		e := &entries[i]
		at := e.Offset - run.seg.Base
		c.s.ev.MessageStored(run.q.Topic, run.q.ID, e.Base, e.Tags, e.Time, run.seg.Data[at:at+int64(e.Size)])
	}
}
