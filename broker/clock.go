package broker

import "time"

// sampleStats runs until the broker stops. It also sees when the wall clock jumps.
func (b *Broker) sampleStats() {
	defer b.wg.Done()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	w := clockWatch{wall: b.now(), steady: time.Now()}
	c := b.counters()
	for n := 0; ; n++ {
		if n%sampleEvery == 0 {
			c.sample(b.now())
		}
		select {
		case <-b.stop:
			return
		case now := <-t.C:
			b.stats.Tick(now)
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
