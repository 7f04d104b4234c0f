package broker

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// brokerStats counts messages since the start and samples the counters each second for rates. Java: StoreStatsService,
// BrokerStats.
type brokerStats struct {
	puts, putBytes    atomic.Int64 // messages stored for producers, and their bytes in the log
	found, missed     atomic.Int64 // pulls with and without messages
	gets, getsBytes   atomic.Int64 // messages handed out, and their bytes
	unconsumedDeleted atomic.Int64 // messages deleted for want of room before a group had consumed them

	refused refusals
	times   putTimes

	mu        sync.Mutex
	ring      [statSeconds + 1]statSample // guarded by mu
	taken     int                         // samples taken; guarded by mu
	day       int                         // day of the year of the totals below; guarded by mu
	yesterday statSample                  // totals at the beginning of yesterday; guarded by mu
	today     statSample                  // totals at the beginning of today; guarded by mu
}

// statSeconds is the longest window of a rate.
const statSeconds = 600

type statSample struct{ puts, found, missed, gets int64 }

func newBrokerStats() *brokerStats {
	s := &brokerStats{day: time.Now().YearDay(), refused: newRefusals()}
	s.sample(time.Now())
	return s
}

func (s *brokerStats) now() statSample {
	return statSample{s.puts.Load(), s.found.Load(), s.missed.Load(), s.gets.Load()}
}

// sample is called once a second.
func (s *brokerStats) sample(now time.Time) {
	s.times.sample()
	v := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ring[s.taken%len(s.ring)] = v
	s.taken++
	if day := now.YearDay(); day != s.day {
		s.day, s.yesterday, s.today = day, s.today, v
	}
}

// rates gives a counter's messages per second over the last 10, 60 and 600 s in Java's form: three numbers with a blank
// between.
func (s *brokerStats) rates(of func(statSample) int64) string {
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

// mornings gives the totals at the beginning of yesterday and of today.
func (s *brokerStats) mornings() (yesterday, today statSample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.yesterday, s.today
}

// sampleStats runs until the broker stops. It also sees when the wall clock jumps.
func (b *Broker) sampleStats() {
	defer b.wg.Done()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	w := clockWatch{wall: b.now(), steady: time.Now()}
	for {
		select {
		case <-b.stop:
			return
		case now := <-t.C:
			b.stats.sample(now)
			if jump := w.tick(b.now(), time.Now()); jump > clockSlack || jump < -clockSlack {
				b.clockJumped(jump)
			}
		}
	}
}

// clockSlack is how far the wall clock and the steady one may drift apart in a second without being worth a look. A
// machine's clock is slewed by 0.5 ms a second at most.
const clockSlack = 200 * time.Millisecond

// clockWatch compares the wall clock, by which messages are due, with the steady one, by which goroutines sleep. The
// steady one stands still while the machine is suspended and does not jump.
type clockWatch struct{ wall, steady time.Time }

// tick returns how much further than the steady clock the wall clock has come since the last call.
func (w *clockWatch) tick(wall, steady time.Time) time.Duration {
	jump := wall.Round(0).Sub(w.wall.Round(0)) - steady.Sub(w.steady)
	w.wall, w.steady = wall, steady
	return jump
}

// clockJumped wakes who sleeps until a time of the wall clock.
func (b *Broker) clockJumped(jump time.Duration) {
	b.log.Warn().Int64("millis", jump.Milliseconds()).
		Msg("the clock jumped, or the machine was suspended: delayed messages are looked at again")
	b.schedule.LookAgain()
	if b.timers != nil {
		b.timers.Poke()
	}
}
