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

// wait is how long none of the keys may try again; 0: they may.
func (s *slowdown) wait(keys ...string) (longest time.Duration) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
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

// failed notes that a login of these keys failed.
func (s *slowdown) failed(keys ...string) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
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
