package consumequeue

import (
	"sort"

	"gorocket/store/dispatch"
)

// End is the next queue offset.
func (q *Queue) End() int64 {
	if q.Batch() {
		return q.next.Load()
	}
	return q.max.Load()
}

// Min computes the minimum again only when the log lost files since the last time.
func (t *Table) Min(q *Queue) int64 {
	logMin := t.log.Min()
	q.min.mu.Lock()
	defer q.min.mu.Unlock()
	if !q.min.known || q.min.logMin != logMin {
		q.min.entry = t.FirstAtLeast(q, logMin)
		q.min.value = t.OffsetAt(q, q.min.entry)
		q.min.logMin, q.min.known = logMin, true
	}
	return q.min.value
}

// MinIsCheap tells that minOf will not read files: the minimum is known, or the whole queue is in memory.
func (t *Table) MinIsCheap(q *Queue) bool {
	logMin := t.log.Min()
	q.min.mu.Lock()
	known := q.min.known && q.min.logMin == logMin
	q.min.mu.Unlock()
	if known {
		return true
	}
	return q.InMemory()
}

// InMemory tells that no entry is in files only.
func (q *Queue) InMemory() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.first < 0 || q.memStart <= q.first
}

// FirstAtLeast is the number of the first entry whose record lies at or behind phy; max when there is none. Filler
// entries do not count; an entry that is missing or invalid counts as later: after a power cut the entries that were
// not synced may have holes.
func (t *Table) FirstAtLeast(q *Queue, phy int64) int64 {
	lo, hi := q.First(), q.max.Load()
	n := sort.Search(int(hi-lo), func(i int) bool {
		e, ok := t.Entry(q, lo+int64(i))
		return !ok || e.Offset >= phy && !(Filler(&e) && e.Offset == 0)
	})
	return lo + int64(n)
}

// First is the number of the lowest entry in memory or in a file: its queue offset, but in a batch queue.
func (q *Queue) First() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.first >= 0 {
		return q.first
	}
	return q.memStart
}

// Entry reads one entry; ok is false when it is not there or invalid.
func (t *Table) Entry(q *Queue, at int64) (dispatch.Entry, bool) {
	var b [BatchUnit]byte
	if at < q.First() {
		return dispatch.Entry{}, false
	}
	if n, _ := t.Read(q, b[:q.files.Unit], at, false); n == 0 {
		return dispatch.Entry{}, false
	}
	e := q.files.Decode(b[:])
	return e, q.files.Valid(e)
}

// Read reads consume queue entries from queue offset at on into dst. hot is false, and nothing is read, when hotOnly is
// set and they are not in memory. n is 0 on an error or when there are none.
func (t *Table) Read(cq *Queue, dst []byte, at int64, hotOnly bool) (n int, hot bool) {
	n, ok := cq.fromMemory(dst, at)
	if ok {
		return n, true
	}
	if hotOnly {
		n = t.blocks.read(cq, dst[:int64(n)*cq.files.Unit], at)
		return n, n > 0
	}
	n, err := cq.files.read(cq, dst[:int64(n)*cq.files.Unit], at)
	if err != nil {
		t.report("read consume queue", cq.files.dir(cq), err)
		return 0, true
	}
	return n, true
}
