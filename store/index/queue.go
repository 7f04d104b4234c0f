package index

import (
	"sync"

	"gorocket/store/dispatch"
)

// Queue hands the keys of committed records to the index, which then need not read the log. They are no more than a
// help: a record whose keys are missing is read.
type Queue struct {
	on bool // immutable

	mu   sync.Mutex
	list []Key // in the order of the log; guarded by mu
}

// Key is one key of a record, as the index stores it.
type Key struct {
	offset    int64
	storeTime int64 // ms
	size      int32 // of the record; 0: another key of the same record follows
	hash      int32 // noHash: the record has no key
}

const (
	noHash = -1
	// maxQueue is 1.5 MiB: 70 ms of batches at full speed, longer than the goroutine of the index has to wait for its
	// turn on one core.
	maxQueue = 64 << 10
)

// Append appends the keys of a record to list, for Add once the record is committed.
func (q *Queue) Append(list []Key, k *dispatch.Keys, offset, storeTime int64, size int32) []Key {
	hashes, known := k.Hashes()
	if !q.on || !known {
		return list
	}
	if len(hashes) == 0 {
		return append(list, Key{offset, storeTime, size, noHash})
	}
	for _, hash := range hashes {
		list = append(list, Key{offset, storeTime, 0, hash})
	}
	list[len(list)-1].size = size
	return list
}

// Add adds the keys of records that follow those before, unless there are too many already. Any goroutine; it takes
// Queue's lock.
func (q *Queue) Add(keys []Key) {
	if len(keys) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list)+len(keys) <= maxQueue {
		q.list = append(q.list, keys...)
	}
}

// take returns what was added; spare is memory for the next.
func (q *Queue) take(spare []Key) (list []Key) {
	q.mu.Lock()
	defer q.mu.Unlock()
	list, q.list = q.list, spare[:0]
	return list
}
