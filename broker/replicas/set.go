package replicas

import (
	"slices"
	"sync"
	"time"
)

// Set is the sync state set of a master: the brokers that have to have a message before it counts as kept. While a
// change of it is under way, both the old and the new one count (Java AutoSwitchHAService.getSyncStateSet; there the
// old one is forgotten before the controllers have agreed when a connection ends, which loses acknowledged messages).
// All methods may be called by any goroutine.
type Set struct {
	mu       sync.Mutex
	agreed   []int64   // guarded by mu; ascending
	proposed []int64   // guarded by mu; nil: no change is under way
	unsure   time.Time // guarded by mu; when a proposal was left without an answer: it may come true yet; zero: none was
	epoch    int32     // of agreed; guarded by mu
}

// unsureFor is how long a proposal without an answer may come true: controllers wait for each other for 5 s at most.
const unsureFor = 10 * time.Second

// Others are the brokers that count, without this one.
func (s *Set) Others(self int64) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := union(s.agreed, s.proposed)
	return slices.DeleteFunc(all, func(id int64) bool { return id == self })
}

func union(a, b []int64) []int64 {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// Size is how many brokers have to have a message, of the agreed set and of the one that is under way the larger. Java:
// inSyncReplicasNums.
func (s *Set) Size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(len(s.agreed), len(s.proposed), 1)
}

// Agreed is what the controllers know, and its epoch.
func (s *Set) Agreed() ([]int64, int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.agreed), s.epoch
}

// Has tells whether a broker is of the agreed set.
func (s *Set) Has(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.agreed, id)
}

// replace is what the controllers say. It ends a change that is under way.
func (s *Set) replace(ids []int64, epoch int32) {
	ids = union(ids, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agreed, s.proposed, s.unsure, s.epoch = ids, nil, time.Time{}, epoch
}

// propose begins a change, besides those that may come true yet.
func (s *Set) propose(ids []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proposed = union(s.proposed, ids)
}

// refused ends a change that cannot come true any more; others may.
func (s *Set) refused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsure.IsZero() {
		s.proposed = nil
	}
}

// unanswered leaves a change under way.
func (s *Set) unanswered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsure = time.Now()
}

// settle ends changes without an answer that cannot come true any more, if the controllers have answered since; it
// tells whether other brokers count than before.
func (s *Set) settle(heard time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsure.IsZero() || heard.Sub(s.unsure) < unsureFor {
		return false
	}
	s.proposed, s.unsure = nil, time.Time{}
	return true
}
