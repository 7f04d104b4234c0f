package consumequeue

import "sync/atomic"

// The flusher's side of a queue.

// pending copies the entries that are not in files to dst when there are at least least, and returns the queue offset
// of the first.
func (q *Queue) pending(dst []byte, least int64) (entries []byte, at int64, deleted bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return dst, 0, true
	}
	if q.max.Load()-q.flushed < least {
		return dst, q.flushed, false
	}
	q.taken = mark{q.lastPhy, q.next.Load()}
	return append(dst, q.mem[(q.flushed-q.memStart)*q.files.Unit:]...), q.flushed, false
}

// cleanIfEmpty takes the queue off the dirty list when nothing waits.
func (q *Queue) cleanIfEmpty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dirty = q.max.Load() > q.flushed
	return !q.dirty
}

// wrote notes that all entries below upTo are in files; true when nothing is waiting any more.
func (q *Queue) wrote(upTo int64, used *atomic.Int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.first < 0 {
		q.first = q.flushed / q.files.Per() * q.files.Per()
	}
	q.flushed, q.filed = upTo, q.taken
	q.dirty = q.max.Load() > q.flushed
	if !q.dirty {
		q.shrinkIdle(used)
	}
	return !q.dirty
}

// shrinkIdle cuts a large buffer down to its newest keepIdle bytes. Caller holds mu.
func (q *Queue) shrinkIdle(used *atomic.Int64) {
	if cap(q.mem) <= 4*keepIdle {
		return
	}
	keep := min(len(q.mem), keepIdle/int(q.files.Unit)*int(q.files.Unit))
	b := append(make([]byte, 0, keepIdle), q.mem[len(q.mem)-keep:]...)
	used.Add(int64(cap(b) - cap(q.mem)))
	q.memStart += int64(len(q.mem)-keep) / q.files.Unit
	q.mem = b
}

// Unsynced returns the range of queue offsets whose file entries are not durable yet.
func (q *Queue) Unsynced() (from, to int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return q.flushed, q.flushed
	}
	return q.synced, q.flushed
}

func (q *Queue) markSynced(to int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.synced = max(q.synced, to)
}

// CloseFiles closes the open files of the queue; they are opened again when they are needed.
func (q *Queue) CloseFiles() { q.files.forget(q, func(int64) bool { return true }) }
