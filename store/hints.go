package store

import (
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// hints hands the keys of appended records to the index, which then need not read the log. They are no more than a help: a record whose hint is missing is read.
// Guarded by appender.mu.
type hints struct {
	on   bool      // immutable after Open
	list []keyHint // in the order of the log
}

// keyHint is one key of a record.
type keyHint struct {
	offset    int64
	storeTime int64 // ms
	size      int32 // of the record; 0: another key of the same record follows
	hash      int32 // noHash: the record has no key
}

const (
	noHash   = -1
	maxHints = 64 << 10 // 1.5 MiB: 70 ms of batches at full speed, longer than the goroutine of the index has to wait for its turn on one core
)

// add notes a record. Caller holds the append lock.
func (h *hints) add(k *dispatch.Keys, offset, storeTime int64, size int32) {
	hashes, known := k.Hashes()
	if !h.on || !known || len(h.list) > maxHints-dispatch.MaxKeys {
		return
	}
	if len(hashes) == 0 {
		h.list = append(h.list, keyHint{offset, storeTime, size, noHash})
		return
	}
	for _, hash := range hashes {
		h.list = append(h.list, keyHint{offset, storeTime, 0, hash})
	}
	h.list[len(h.list)-1].size = size
}

// drop forgets the records from an offset on, which were not written. Caller has held the append lock since it added them.
func (h *hints) drop(from int64) {
	for n := len(h.list); n > 0 && h.list[n-1].offset >= from; n-- {
		h.list = h.list[:n-1]
	}
}

// hint notes r. Caller holds the append lock.
func (s *Store) hint(r *Record, a Appended) {
	if r.SysFlag&record.SysFlagTransaction == record.SysFlagRollback {
		none := dispatch.NoKeys()
		s.app.hints.add(&none, a.Offset, a.StoreTimestamp, a.Size)
		return
	}
	s.app.hints.add(&r.Index, a.Offset, a.StoreTimestamp, a.Size)
}

// takeHints returns the hints; spare is memory for the next ones.
func (s *Store) takeHints(spare []keyHint) (list []keyHint) {
	s.app.mu.Lock()
	defer s.app.mu.Unlock()
	list, s.app.hints.list = s.app.hints.list, spare[:0]
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
