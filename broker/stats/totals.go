package stats

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Totals counts messages since the start and samples the counters each second for rates. Java: StoreStatsService,
// BrokerStats.
type Totals struct {
	Puts, PutBytes    atomic.Int64 // messages stored for producers, and their bytes in the log
	Found, Missed     atomic.Int64 // pulls with and without messages
	Gets, GetBytes    atomic.Int64 // messages handed out, and their bytes
	UnconsumedDeleted atomic.Int64 // messages deleted for want of room before a group had consumed them

	Times PutTimes

	mu        sync.Mutex
	ring      [longestWindow + 1]Sample // guarded by mu
	taken     int                       // samples taken; guarded by mu
	day       int                       // day of the year of the totals below; guarded by mu
	yesterday Sample                    // totals at the beginning of yesterday; guarded by mu
	today     Sample                    // totals at the beginning of today; guarded by mu
}

// longestWindow is the longest window of a rate.
const longestWindow = 600

// Sample is what the counters said at a moment.
type Sample struct{ Puts, Found, Missed, Gets int64 }

// NewTotals makes counters that stand at 0.
func NewTotals() *Totals {
	s := &Totals{day: time.Now().YearDay()}
	s.Tick(time.Now())
	return s
}

// Now is what the counters say.
func (s *Totals) Now() Sample {
	return Sample{s.Puts.Load(), s.Found.Load(), s.Missed.Load(), s.Gets.Load()}
}

// Tick is called once a second.
func (s *Totals) Tick(now time.Time) {
	s.Times.sample()
	v := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ring[s.taken%len(s.ring)] = v
	s.taken++
	if day := now.YearDay(); day != s.day {
		s.day, s.yesterday, s.today = day, s.today, v
	}
}

// Rates gives a counter's messages per second over the last 10, 60 and 600 s in Java's form: three numbers with a blank
// between.
func (s *Totals) Rates(of func(Sample) int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := s.ring[(s.taken-1)%len(s.ring)]
	rate := func(seconds int) float64 {
		back := min(seconds, s.taken-1)
		if back == 0 {
			return 0
		}
		return float64(of(newest)-of(s.ring[(s.taken-1-back)%len(s.ring)])) / float64(back)
	}
	return fmt.Sprintf("%v %v %v", rate(10), rate(60), rate(600))
}

// Mornings gives the totals at the beginning of yesterday and of today.
func (s *Totals) Mornings() (yesterday, today Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.yesterday, s.today
}
