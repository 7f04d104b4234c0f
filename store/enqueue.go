package store

import "gorocket/store/dispatch"

// firstEntry notes the minimum of a queue that begins: an event loop then need not ask a pool for it.
func (s *Store) firstEntry(q *queue, base int64) {
	q.min.mu.Lock()
	defer q.min.mu.Unlock()
	q.min.known, q.min.logMin, q.min.entry, q.min.value = true, s.log.Min(), 0, 0
	if q.batch() {
		q.min.value = base
	}
}

// enqueue adds consume queue entries that follow each other. Caller holds the append lock.
func (s *Store) enqueue(q *queue, list []dispatch.Entry) {
	if q.max.Load() == 0 {
		s.firstEntry(q, list[0].Base)
	}
	if s.extended(q) {
		for i := range list {
			list[i].Tags = s.extend(q, list[i])
		}
	}
	became, backlog := q.push(list, &s.queues.memory)
	if became {
		s.dirtyMu.Lock()
		s.dirty = append(s.dirty, q)
		s.dirtyMu.Unlock()
	}
	if backlog/flushBacklog > (backlog-int64(len(list)))/flushBacklog {
		s.cqKick.notify()
	}
}
