package consumequeue

import "gorocket/store/dispatch"

// firstEntry notes the minimum of a queue that begins: an event loop then need not ask a pool for it.
func (t *Table) firstEntry(q *Queue, base int64) {
	q.min.mu.Lock()
	defer q.min.mu.Unlock()
	q.min.known, q.min.logMin, q.min.entry, q.min.value = true, t.log.Min(), 0, 0
	if q.Batch() {
		q.min.value = base
	}
}

// Push adds consume queue entries that follow each other. Caller holds the append lock.
func (t *Table) Push(q *Queue, list []dispatch.Entry) {
	if q.max.Load() == 0 {
		t.firstEntry(q, list[0].Base)
	}
	if t.extended(q) {
		for i := range list {
			list[i].Tags = t.extend(q, list[i])
		}
	}
	became, backlog := q.push(list, &t.memory)
	if became {
		t.dirtyMu.Lock()
		t.dirty = append(t.dirty, q)
		t.dirtyMu.Unlock()
	}
	if backlog/flushBacklog > (backlog-int64(len(list)))/flushBacklog {
		t.wake()
	}
}
