package trans

import (
	"math/bits"
	"sync"
)

// Halves knows which half messages still wait for their end: one bit for each queue offset of
// RMQ_SYS_TRANS_HALF_TOPIC behind base. It takes the place of the maps that Java fills from the op queue in each
// round (TransactionalMessageServiceImpl.fillOpRemoveMap): ends are noted as they happen, the op queue is read at the
// start only.
//
// A half message that is asked about is stored again behind the others, as in Java. Its producer may end it at the
// place where it was first, at the place before the newest (a late answer to the question before) or at the newest
// one; trails lead from the first two to the newest, so it ends once.
type Halves struct {
	mu     sync.Mutex
	base   int64              // guarded by mu; below it nothing waits any more
	words  []uint64           // guarded by mu; the bit of offset o is in words[o/64-base/64]; set: settled
	busy   map[int64]struct{} // guarded by mu; being ended or stored again this moment
	newest map[int64]int64    // guarded by mu; where a half message was -> its newest place
	trails map[int64]trail    // guarded by mu; newest place -> where it was
}

// trail is where a half message was stored before its newest place.
type trail struct{ first, previous int64 }

// maxTrails limits the half messages that are followed; those beyond may be delivered twice, as in Java, when their
// producer answers for an older place.
const maxTrails = 1 << 20

// Claim is the answer of halfTable.Claim.
type Claim int

const (
	Claimed     Claim = iota // the caller has it and calls release, moved or drop
	ClaimEnded               // committed or rolled back already
	ClaimIsBusy              // somebody else has it this moment
	ClaimTooFar              // it lies maxHalfSpan or more behind the oldest that waits
)

// MaxHalfSpan is how many half messages the table follows from the oldest that waits on: 32 MiB of bits. Those behind
// can be ended when the oldest is settled or given up, which takes transactionCheckMax questions.
const MaxHalfSpan = 256 << 20

func newHalfTable() *Halves {
	return &Halves{busy: map[int64]struct{}{}, newest: map[int64]int64{}, trails: map[int64]trail{}}
}

// reset forgets everything and begins at base.
func (h *Halves) reset(base int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.base, h.words = base, h.words[:0]
	clear(h.newest)
	clear(h.trails)
}

// start returns the offset below which nothing waits.
func (h *Halves) start() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.base
}

// Span is how many half messages the table has bits for.
func (h *Halves) Span() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return int64(len(h.words)) * 64
}

// Claim reserves the half message that is, or was first, stored at a queue offset, and returns its newest place. One
// below base without a trail was settled or given up; Java commits it all the same, so it can be claimed.
func (h *Halves) Claim(offset int64) (at int64, c Claim) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n, ok := h.newest[offset]; ok {
		offset = n
	}
	if _, ok := h.busy[offset]; ok {
		return offset, ClaimIsBusy
	}
	if h.settled(offset) {
		return offset, ClaimEnded
	}
	if offset-h.base >= MaxHalfSpan {
		return offset, ClaimTooFar
	}
	h.busy[offset] = struct{}{}
	return offset, Claimed
}

// Passed tells that the half message at an offset was settled or given up, and that its place is forgotten since: one
// that a master commits all the same, see Claim.
func (h *Halves) Passed(offset int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, moved := h.newest[offset]
	return offset < h.base && !moved
}

// Release gives a claim back; ended says that the half message was committed or rolled back.
func (h *Halves) Release(at int64, ended bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.busy, at)
	if ended {
		h.set(at)
	}
}

// moved gives a claim back after the half message was stored again at another place.
func (h *Halves) moved(at, to int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.busy, at)
	t, known := h.trails[at]
	if !known {
		t.first = at
	}
	delete(h.trails, at)
	if known {
		delete(h.newest, t.previous)
	}
	if len(h.trails) >= maxTrails {
		delete(h.newest, t.first)
		return
	}
	t.previous = at
	h.trails[to] = t
	h.newest[t.first], h.newest[t.previous] = to, to
}

// join says that the half message at an older place is also stored at a newer one, which stands for both; false when
// the older one has ended or is not there.
func (h *Halves) join(older, newer int64) bool {
	at, c := h.Claim(older)
	if c != Claimed {
		return false
	}
	if at != older || older < h.start() {
		h.Release(at, false)
		return false
	}
	h.moved(older, newer)
	h.settle(older) // rounds pass it; ends find the newer place
	return true
}

// settle notes an end that was read from the op queue.
func (h *Halves) settle(offset int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(offset)
}

func (h *Halves) set(offset int64) {
	if offset < h.base || offset-h.base >= MaxHalfSpan {
		return
	}
	i := int(offset>>6 - h.base>>6)
	if i >= len(h.words) {
		h.words = append(h.words, make([]uint64, i+1-len(h.words))...)
	}
	h.words[i] |= 1 << (offset & 63)
}

func (h *Halves) settled(offset int64) bool {
	if offset < h.base {
		return false
	}
	i := int(offset>>6 - h.base>>6)
	return i < len(h.words) && h.words[i]&(1<<(offset&63)) != 0
}

// NextOpen returns the first offset from at on that is not settled, end when there is none before it.
func (h *Halves) NextOpen(at, end int64) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	at = max(at, h.base)
	for at < end {
		i := int(at>>6 - h.base>>6)
		if i >= len(h.words) {
			return at
		}
		if skip := bits.TrailingZeros64(^(h.words[i] >> (at & 63))); skip < 64-int(at&63) {
			return min(at+int64(skip), end)
		}
		at = (at>>6 + 1) << 6
	}
	return end
}

// advance forgets what lies below to.
func (h *Halves) advance(to int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if to <= h.base {
		return
	}
	drop := min(int(to>>6-h.base>>6), len(h.words))
	h.words = append(h.words[:0], h.words[drop:]...)
	h.base = to
	for at, t := range h.trails {
		if at < to {
			delete(h.newest, t.first)
			delete(h.newest, t.previous)
			delete(h.trails, at)
		}
	}
}
