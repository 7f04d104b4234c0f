package consumequeue

import (
	"context"
	"time"

	"gorocket/store/pause"
)

// Expire deletes files whose last entry points below the log, with a rest between two; never the last file of a queue.
// again: also when the log has lost nothing since the last time. One goroutine.
func (t *Table) Expire(ctx context.Context, rest time.Duration, again bool) {
	logMin := t.log.Min()
	if logMin == t.expiredTo && !again {
		return
	}
	t.expiredTo = logMin
	t.Each(func(q *Queue) bool {
		for t.expireQueueFile(q, logMin) && ctx.Err() == nil {
			pause.For(ctx, rest)
		}
		if q.ext.Load() != nil {
			t.expireExt(q)
		}
		return ctx.Err() == nil
	})
}

// expireQueueFile deletes the first file of q if nothing in it is in the log any more.
func (t *Table) expireQueueFile(q *Queue, logMin int64) bool {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	per := q.files.Per()
	first, flushed, deleted := q.fileRange()
	if deleted || first < 0 || first+per >= flushed {
		return false
	}
	e, ok := t.Entry(q, first+per-1)
	if !ok && !q.files.exists(q, first*q.files.Unit) {
		ok = true // somebody removed it: what is below the next file is gone
	}
	if !ok || e.Offset >= logMin {
		return false
	}
	q.mu.Lock()
	q.first = first + per // before the file goes: nobody looks for entries in it any more
	q.mu.Unlock()
	err := q.files.remove(q, first*q.files.Unit)
	t.report("delete consume queue file", q.files.dir(q), err)
	return err == nil
}

// fileRange is the range of queue offsets in files.
func (q *Queue) fileRange() (first, flushed int64, deleted bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.first, q.flushed, q.deleted
}
