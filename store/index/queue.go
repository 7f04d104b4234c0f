package store

import (
	"sync"

	"gorocket/store/dispatch"
)

// hints hands the keys of committed records to the index, which then need not read the log. They are no more than a help:
// a record whose keys are missing is read.
type hints struct {
	on bool // immutable after Open

	mu   sync.Mutex
	list []keyRef // in the order of the log; guarded by mu
}

// keyRef is one key of a record.
type keyRef struct {
	offset    int64
	storeTime int64 // ms
	size      int32 // of the record; 0: another key of the same record follows
	hash      int32 // noHash: the record has no key
}

const (
	noHash = -1
	// maxHints is 1.5 MiB: 70 ms of batches at full speed, longer than the goroutine of the index has to wait for its
	// turn on one core.
	maxHints = 64 << 10
)

// refs appends the keys of a record to list.
func (h *hints) refs(list []keyRef, k *dispatch.Keys, offset, storeTime int64, size int32) []keyRef {
	hashes, known := k.Hashes()
	if !h.on || !known {
		return list
	}
	if len(hashes) == 0 {
		return append(list, keyRef{offset, storeTime, size, noHash})
	}
	for _, hash := range hashes {
		list = append(list, keyRef{offset, storeTime, 0, hash})
	}
	list[len(list)-1].size = size
	return list
}

// add adds the keys of records, unless there are too many already.
func (h *hints) add(keys []keyRef) {
	if len(keys) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.list)+len(keys) <= maxHints {
		h.list = append(h.list, keys...)
	}
}

// take returns what was added; spare is memory for the next.
func (h *hints) take(spare []keyRef) (list []keyRef) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list, h.list = h.list, spare[:0]
	return list
}

// hinted indexes the record at an offset of which something is known, and returns where the next one is. Caller holds mu.
func (x *keyIndex) hinted(at int64) (next int64, ok bool, err error) {
	if x.forget(at); len(x.hints) == 0 && x.source != nil {
		x.taken = x.source(x.taken)
		x.hints = x.taken
		x.forget(at)
	}
	if len(x.hints) == 0 || x.hints[0].offset != at {
		return 0, false, nil
	}
	for i, h := range x.hints {
		if h.hash != noHash {
			if err := x.put(h.hash, h.offset, h.storeTime); err != nil {
				return 0, false, err
			}
		}
		if h.size > 0 {
			x.hints = x.hints[i+1:]
			return at + int64(h.size), true, nil
		}
	}
	return 0, false, nil
}

// forget drops the hints of records below an offset. Caller holds mu.
func (x *keyIndex) forget(at int64) {
	for len(x.hints) > 0 && x.hints[0].offset < at {
		x.hints = x.hints[1:]
	}
}
