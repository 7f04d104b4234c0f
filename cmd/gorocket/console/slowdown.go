package console

import (
	"sync"
	"time"
)

// slowdown makes who fails to log in wait, by address and by name: twice as long each time.
type slowdown struct {
	now func() time.Time
	mu  sync.Mutex
	all map[string]*failures // guarded by mu
}

type failures struct {
	count int
	last  time.Time
}

// Limits of failing logins.
const (
	freeFailures = 3 // without a wait
	maxWait      = time.Minute
	forgetAfter  = 15 * time.Minute
	maxFailing   = 4096
)

func newSlowdown(now func() time.Time) *slowdown {
	return &slowdown{now: now, all: map[string]*failures{}}
}

// try is how long none of the keys may try again; 0: they try. That counts as a failure from now on, and not only once
// it has failed: whoever tries many secrets at once would be let to otherwise.
func (s *slowdown) try(keys ...string) (wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait = s.longest(keys); wait <= 0 {
		s.note(keys)
	}
	return wait
}

// undo takes back that a try counts: nobody has looked at it.
func (s *slowdown) undo(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		if f := s.all[k]; f != nil {
			f.count--
		}
	}
}

// longest is the longest wait of the keys. The caller holds mu.
func (s *slowdown) longest(keys []string) (longest time.Duration) {
	now := s.now()
	for _, k := range keys {
		f := s.all[k]
		if f == nil || f.count < freeFailures {
			continue
		}
		pause := min(maxWait, time.Second<<min(f.count-freeFailures, 10))
		longest = max(longest, f.last.Add(pause).Sub(now))
	}
	return longest
}

// note counts a failure of the keys. The caller holds mu.
func (s *slowdown) note(keys []string) {
	now := s.now()
	for _, k := range keys {
		f := s.all[k]
		if f == nil || now.Sub(f.last) > forgetAfter {
			s.makeRoom(now)
			f = &failures{}
			s.all[k] = f
		}
		f.count, f.last = f.count+1, now
	}
}

// good forgets the failures of these keys.
func (s *slowdown) good(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		delete(s.all, k)
	}
}

// makeRoom forgets who has not failed lately, or else who failed longest ago. The caller holds mu.
func (s *slowdown) makeRoom(now time.Time) {
	if len(s.all) < maxFailing {
		return
	}
	oldest := ""
	for k, f := range s.all {
		if now.Sub(f.last) > forgetAfter {
			delete(s.all, k)
		} else if oldest == "" || f.last.Before(s.all[oldest].last) {
			oldest = k
		}
	}
	if len(s.all) >= maxFailing {
		delete(s.all, oldest)
	}
}
