package broker

import (
	"fmt"

	"gorocket/broker/stats"
	"gorocket/store"
	"gorocket/store/timer"
)

// Timer messages: those with TIMER_DELAY_SEC, TIMER_DELAY_MS or TIMER_DELIVER_MS are parked in rmq_sys_wheel_timer,
// where store/timer finds them. Java: HookUtils.handleScheduleMessage, BrokerController.initializeMessageStore.

// openTimers recovers the timer files; with timerWheelEnable=false they stay as they are.
func (b *Broker) openTimers() (err error) {
	if !b.cfg().TimerWheelEnable {
		return nil
	}
	live := func() *store.Config { return &b.cfg().Config }
	b.timers, err = timer.Open(live(), live, b.fs, timerStore{b.store, b.put}, timer.Events{
		Skipped: func(offset int64, why error) {
			b.throttled.Warn("timer.skipped").Err(why).Int64("offset",
				offset).Msg("timer message cannot be delivered and is skipped")
		},
		Enqueued: func(topic []byte, delay int64) { b.timerDelays.Of(string(topic)).Delay(&stats.TimerBuckets, delay) },
		Restored: b.restored,
		Led: func(copies int, forgotten int64) {
			b.log.Info().Int("delivered", copies).Int64("notLookedAt", forgotten).
				Msg("timers begin to deliver; copies in the log that were not noted as delivered do not come again")
		},
		Failed: func(what string, err error) {
			b.throttled.Warn("timer." + what).Err(err).Msg(what + ": trying again")
		},
	})
	if err != nil {
		return fmt.Errorf("broker: timers: %w", err)
	}
	b.timers.Lead(!b.cfg().IsSlave() && !b.asksSlaves()) // else see work and act
	r := b.timers.Report()
	b.log.Info().Int64("readTime", r.ReadTime).Int64("queueOffset", r.QueueOffset).Int64("pending",
		r.Pending).Int64("dropped", r.Dropped).
		Bool("rebuilt", r.Rebuilt).Int64("tookMillis", r.Took.Milliseconds()).Msg("timers recovered")
	return nil
}
