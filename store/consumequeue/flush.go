package consumequeue

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/store/commitlog"
	"gorocket/store/dispatch"
)

// flushBacklog is the number of entries of one queue after which the flusher is woken before its time.
const flushBacklog = 8192

// keepIdle is what stays in memory of a large buffer once all of it is in files, in bytes.
const keepIdle = 2048 * Unit

// pageOfEntries is what Java's "least pages" counts in.
const pageOfEntries = 4096

// Run writes consume queue entries from memory to their files: queues with enough entries every
// flushIntervalConsumeQueue, everything with a sync and a new checkpoint every flushConsumeQueueThoroughInterval (Java
// FlushConsumeQueueService).
func (t *Table) Run(ctx context.Context) {
	tick := time.NewTicker(t.settings.Load().FlushInterval)
	defer tick.Stop()
	last := time.Now()
	t.report("note queue ends", ManifestFile, t.NoteEnds(ctx))
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-t.kick:
		}
		set := t.settings.Load()
		if time.Since(last) >= set.ThoroughInterval {
			last = time.Now()
			t.report("flush consume queues", t.simple.Root, t.FlushAll(ctx))
			t.report("note queue ends", ManifestFile, t.NoteEnds(ctx))
			continue
		}
		least := int64(set.LeastPages) * pageOfEntries / Unit // batch queues are written earlier
		if t.memory.Load() > set.MaxMemory {
			least = 1
		}
		t.report("write consume queues", t.simple.Root, t.Write(ctx, least))
		t.ReleaseIdle(set.MaxMemory)
		if t.log.End()-t.notedTo.Load() >= t.noteDistance() || t.renote.Swap(false) {
			t.report("note queue ends", ManifestFile, t.NoteEnds(ctx))
		}
	}
}

// takeDirty takes the list of queues with entries that are only in memory.
func (t *Table) takeDirty() []*Queue {
	t.dirtyMu.Lock()
	defer t.dirtyMu.Unlock()
	d := t.dirty
	t.dirty = nil
	return d
}

// queuedTo is the log offset below which every record has its entries in the queues, and how many queues have entries
// that are only in memory. Both are read under the append lock: between the end of the log and the entries that follow
// it a reader without it would see a record that no queue has.
func (t *Table) queuedTo() (upTo int64, dirty int) {
	t.log.Exclusive(func() {
		t.dirtyMu.Lock()
		defer t.dirtyMu.Unlock()
		upTo, dirty = t.log.End(), len(t.dirty)
		if e, waits := t.waits(); waits {
			upTo = e.Offset
		}
	})
	return upTo, dirty
}

// waits is Options.Waits. Caller holds the append lock.
func (t *Table) waits() (e dispatch.Entry, ok bool) {
	if t.opt.Waits == nil {
		return e, false
	}
	return t.opt.Waits()
}

// giveBack returns queues to the list.
func (t *Table) giveBack(qs []*Queue) {
	if len(qs) == 0 {
		return
	}
	t.dirtyMu.Lock()
	defer t.dirtyMu.Unlock()
	t.dirty = append(t.dirty, qs...)
}

// Write writes every queue that has at least least entries waiting. On an error the rest stays dirty.
// writeMu keeps two writers apart. When ctx ends it stops between two queues and returns ctx's error.
func (t *Table) Write(ctx context.Context, least int64) (first error) {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	w := queueWriter{t: t, ctx: ctx, least: least, list: t.takeDirty()}
	if t.log.Writable() == commitlog.ErrClosed { // no sender is held up any more
		var wg sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			wg.Go(func() { w.run(nil) })
		}
		wg.Wait()
	} else {
		t.scratch = w.run(t.scratch)
	}
	t.giveBack(w.back)
	return w.err
}

// queueWriter is one pass of writeQueues.
type queueWriter struct {
	t     *Table
	ctx   context.Context
	least int64
	list  []*Queue
	next  atomic.Int64 // index of the next queue of list

	mu   sync.Mutex
	back []*Queue // stay dirty; guarded by mu
	err  error    // the first; guarded by mu
}

// run writes queues of the list until none is left. Several goroutines may; each needs its own scratch.
func (w *queueWriter) run(scratch []byte) []byte {
	for i := w.next.Add(1) - 1; i < int64(len(w.list)); i = w.next.Add(1) - 1 {
		q, done, err := w.list[i], false, w.ctx.Err()
		if err == nil {
			done, scratch, err = w.t.writeQueue(q, w.least, scratch)
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

// writeQueue writes what q has waiting, and then its extension, so that what entries in files point to is in files too;
// done means that q left the dirty list. Caller holds writeMu. scratch is memory to use and to keep.
func (t *Table) writeQueue(q *Queue, least int64, scratch []byte) (done bool, rest []byte, err error) {
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
	upTo := at + int64(len(entries))/q.files.Unit
	if x := q.ext.Load(); x != nil {
		if _, entries, err = t.writeQueue(x, 1, entries); err != nil {
			return false, entries, err
		}
	}
	return q.wrote(upTo, &t.memory), entries[:0], nil
}

// FlushAll writes and syncs all queues and then moves the checkpoint to the store time before it began, or that of the
// first record whose entry waits. A queue that fails keeps the checkpoint where it is, but not the others from being
// written and synced.
func (t *Table) FlushAll(ctx context.Context) error {
	_, upTo, err := t.log.WriteOut()
	if err != nil {
		return err
	}
	t.log.Exclusive(func() {
		if e, waits := t.waits(); waits {
			upTo = min(upTo, e.Time-1)
		}
	})
	if err := errors.Join(t.Write(ctx, 1), t.syncQueues(ctx)); err != nil {
		return err
	}
	return t.ev.Flushed(upTo)
}

// syncOneByOne is the number of files up to which each gets its own fdatasync; above it one syncfs does it.
const syncOneByOne = 64

// dirtyRange is what a queue has in files that are not synced.
type dirtyRange struct {
	q        *Queue
	from, to int64
}

// syncQueues makes all queue files written since the last call durable, with their directory entries.
func (t *Table) syncQueues(ctx context.Context) error {
	var list []dirtyRange
	t.Each(func(q *Queue) bool {
		for ; q != nil; q = q.ext.Load() {
			if from, to := q.Unsynced(); from < to {
				list = append(list, dirtyRange{q, from, to})
			}
		}
		return true
	})
	if len(list) > syncOneByOne || t.resync.Load() {
		if err := t.opt.FS.SyncAll(t.simple.Root); err != nil { // all three folders of queues are on one file system
			return err
		}
		t.resync.Store(false)
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

// ReleaseIdle drops buffers of queues whose entries are all in files while too much memory is in use.
func (t *Table) ReleaseIdle(limit int64) {
	if t.memory.Load() <= limit {
		return
	}
	t.Each(func(q *Queue) bool {
		for ; q != nil; q = q.ext.Load() {
			q.mu.Lock()
			q.shrink(0, &t.memory)
			q.mu.Unlock()
		}
		return t.memory.Load() > limit/2
	})
}
