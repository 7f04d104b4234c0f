package store

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// flushBacklog is the number of entries of one queue after which the flusher is woken before its time.
const flushBacklog = 8192

// keepIdle is what stays in memory of a large buffer once all of it is in files, in bytes.
const keepIdle = 2048 * cqUnit

// pageOfEntries is what Java's "least pages" counts in.
const pageOfEntries = 4096

// runCQFlusher writes consume queue entries from memory to their files: queues with enough entries every flushIntervalConsumeQueue,
// everything with a sync and a new checkpoint every flushConsumeQueueThoroughInterval (Java FlushConsumeQueueService).
func (s *Store) runCQFlusher(ctx context.Context) {
	cfg := s.cfg.Load()
	tick := time.NewTicker(time.Duration(cfg.FlushIntervalConsumeQueue) * time.Millisecond)
	defer tick.Stop()
	last := time.Now()
	s.reportErr("note queue ends", summaryFile, s.noteEnds(ctx))
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.cqKick:
		}
		cfg = s.cfg.Load()
		if time.Since(last) >= time.Duration(cfg.FlushConsumeQueueThoroughInterval)*time.Millisecond {
			last = time.Now()
			s.reportErr("flush consume queues", s.files.root, s.flushQueuesThoroughly(ctx))
			s.reportErr("note queue ends", summaryFile, s.noteEnds(ctx))
			continue
		}
		least := int64(cfg.FlushConsumeQueueLeastPages) * pageOfEntries / cqUnit // batch queues are written earlier
		if s.queues.memory.Load() > cfg.MaxConsumeQueueMemory {
			least = 1
		}
		s.reportErr("write consume queues", s.files.root, s.writeQueues(ctx, least))
		s.releaseIdle(cfg.MaxConsumeQueueMemory)
		if s.log.End()-s.notedTo.Load() >= s.summaryDistance() || s.renote.Swap(false) {
			s.reportErr("note queue ends", summaryFile, s.noteEnds(ctx))
		}
	}
}

// takeDirty takes the list of queues with entries that are only in memory.
func (s *Store) takeDirty() []*queue {
	s.dirtyMu.Lock()
	defer s.dirtyMu.Unlock()
	d := s.dirty
	s.dirty = nil
	return d
}

// queuedTo is the log offset below which every record has its entries in the queues, and how many queues have entries
// that are only in memory. Both are read under the append lock: between the end of the log and the entries that follow it
// a reader without it would see a record that no queue has.
func (s *Store) queuedTo() (upTo int64, dirty int) {
	s.log.Exclusive(func() {
		s.dirtyMu.Lock()
		defer s.dirtyMu.Unlock()
		upTo, dirty = s.log.End(), len(s.dirty)
	})
	return upTo, dirty
}

// giveBack returns queues to the list.
func (s *Store) giveBack(qs []*queue) {
	if len(qs) == 0 {
		return
	}
	s.dirtyMu.Lock()
	defer s.dirtyMu.Unlock()
	s.dirty = append(s.dirty, qs...)
}

// writeQueues writes every queue that has at least least entries waiting. On an error the rest stays dirty.
// s.cqMu keeps two writers apart. When ctx ends it stops between two queues and returns ctx's error.
func (s *Store) writeQueues(ctx context.Context, least int64) (first error) {
	s.cqMu.Lock()
	defer s.cqMu.Unlock()
	w := queueWriter{s: s, ctx: ctx, least: least, list: s.takeDirty()}
	if s.Writable() == ErrClosed { // no sender is held up any more
		var wg sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			wg.Go(func() { w.run(nil) })
		}
		wg.Wait()
	} else {
		s.cqScratch = w.run(s.cqScratch)
	}
	s.giveBack(w.back)
	return w.err
}

// queueWriter is one pass of writeQueues.
type queueWriter struct {
	s     *Store
	ctx   context.Context
	least int64
	list  []*queue
	next  atomic.Int64 // index of the next queue of list

	mu   sync.Mutex
	back []*queue // stay dirty; guarded by mu
	err  error    // the first; guarded by mu
}

// run writes queues of the list until none is left. Several goroutines may; each needs its own scratch.
func (w *queueWriter) run(scratch []byte) []byte {
	for i := w.next.Add(1) - 1; i < int64(len(w.list)); i = w.next.Add(1) - 1 {
		q, done, err := w.list[i], false, w.ctx.Err()
		if err == nil {
			done, scratch, err = w.s.writeQueue(q, w.least, scratch)
		}
		if done && err == nil {
			continue
		}
		w.mu.Lock()
		if w.err == nil {
			w.err = err
		}
		if !done {
			w.back = append(w.back, q)
		}
		w.mu.Unlock()
	}
	return scratch
}

// writeQueue writes what q has waiting, and then its extension, so that what entries in files point to is in files too; done means that q left the dirty
// list. Caller holds cqMu. scratch is memory to use and to keep.
func (s *Store) writeQueue(q *queue, least int64, scratch []byte) (done bool, rest []byte, err error) {
	entries, at, deleted := q.pending(scratch[:0], least)
	if deleted {
		return true, entries[:0], nil
	}
	if len(entries) == 0 {
		return q.cleanIfEmpty(), entries, nil
	}
	if err := q.files.write(q, entries, at); err != nil {
		return false, entries[:0], err
	}
	upTo := at + int64(len(entries))/q.files.unit
	if x := q.ext.Load(); x != nil {
		if _, entries, err = s.writeQueue(x, 1, entries); err != nil {
			return false, entries, err
		}
	}
	return q.wrote(upTo, &s.queues.memory), entries[:0], nil
}

// flushQueuesThoroughly writes and syncs all queues and then moves the checkpoint to the store time before it began. A
// queue that fails keeps the checkpoint where it is, but not the others from being written and synced.
func (s *Store) flushQueuesThoroughly(ctx context.Context) error {
	_, upTo, err := s.log.WriteOut()
	if err != nil {
		return err
	}
	if err := errors.Join(s.writeQueues(ctx, 1), s.syncQueues(ctx)); err != nil {
		return err
	}
	s.check.update(func(c *checkpoint) { c.logicsTime = max(c.logicsTime, upTo) })
	return s.check.save()
}

// syncOneByOne is the number of files up to which each gets its own fdatasync; above it one syncfs does it.
const syncOneByOne = 64

// dirtyRange is what a queue has in files that are not synced.
type dirtyRange struct {
	q        *queue
	from, to int64
}

// syncQueues makes all queue files written since the last call durable, with their directory entries.
func (s *Store) syncQueues(ctx context.Context) error {
	var list []dirtyRange
	s.queues.each(func(q *queue) bool {
		for ; q != nil; q = q.ext.Load() {
			if from, to := q.unsynced(); from < to {
				list = append(list, dirtyRange{q, from, to})
			}
		}
		return true
	})
	if len(list) > syncOneByOne || s.resync.Load() {
		if err := s.fs.SyncAll(s.files.root); err != nil { // all three folders of queues are on one file system
			return err
		}
		s.resync.Store(false)
		for _, r := range list {
			r.q.markSynced(r.to)
		}
		return nil
	}
	return syncOne(ctx, list)
}

// syncOne syncs the files of each queue by itself; it returns the first error, after it has tried all.
func syncOne(ctx context.Context, list []dirtyRange) (first error) {
	for _, r := range list {
		err := ctx.Err()
		if err == nil {
			err = r.q.files.sync(r.q, r.from, r.to)
		}
		if err == nil {
			r.q.markSynced(r.to)
		} else if first == nil {
			first = err
		}
	}
	return first
}

// releaseIdle drops buffers of queues whose entries are all in files while too much memory is in use.
func (s *Store) releaseIdle(limit int64) {
	if s.queues.memory.Load() <= limit {
		return
	}
	s.queues.each(func(q *queue) bool {
		for ; q != nil; q = q.ext.Load() {
			q.mu.Lock()
			q.shrink(0, &s.queues.memory)
			q.mu.Unlock()
		}
		return s.queues.memory.Load() > limit/2
	})
}
