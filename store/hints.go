package store

import (
	"iter"

	"gorocket/store/record"
)

// IndexKeys is what the index needs to know of a message. The zero value says nothing: the index reads the record again.
type IndexKeys struct {
	known  bool
	n      uint8
	hashes [maxHinted]int32
}

// maxHinted is how many keys fit; of messages with more the index reads the record.
const maxHinted = 4

// KeysOf returns what the index needs of a message with these values of UNIQ_KEY and KEYS, nil where there is none. Whoever has read the properties anyway saves the index the work.
func KeysOf(topic string, unique, keys []byte) IndexKeys {
	var k IndexKeys
	k.set(record.TopicHash(topic), unique, keys)
	return k
}

func (k *IndexKeys) set(topic int32, unique, keys []byte) {
	k.known, k.n = true, 0
	if unique != nil && len(keys) == 0 { // most messages; the walk below takes as long as the hash
		k.add(record.KeyHash(topic, unique))
		return
	}
	for word := range indexWords(unique, keys) {
		if k.add(record.KeyHash(topic, word)); !k.known {
			return
		}
	}
}

// indexWords is what a message is found by: its UNIQ_KEY and each word of its KEYS.
func indexWords(unique, keys []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if unique != nil && !yield(unique) {
			return
		}
		for word, rest, ok := record.NextKey(keys); ok && yield(word); word, rest, ok = record.NextKey(rest) {
		}
	}
}

func (k *IndexKeys) add(hash int32) {
	if k.n == maxHinted {
		k.known = false
		return
	}
	k.hashes[k.n] = hash
	k.n++
}

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
func (h *hints) add(k *IndexKeys, offset, storeTime int64, size int32) {
	if !h.on || !k.known || len(h.list) > maxHints-maxHinted {
		return
	}
	if k.n == 0 {
		h.list = append(h.list, keyHint{offset, storeTime, size, noHash})
		return
	}
	for _, hash := range k.hashes[:k.n] {
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
		s.app.hints.add(&IndexKeys{known: true}, a.Offset, a.StoreTimestamp, a.Size)
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
