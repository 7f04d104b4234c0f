package broker

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/timer"
)

// Timer messages: those with TIMER_DELAY_SEC, TIMER_DELAY_MS or TIMER_DELIVER_MS are parked in rmq_sys_wheel_timer,
// where store/timer finds them. Java: HookUtils.handleScheduleMessage, BrokerController.initializeMessageStore.

// Why a timer message is refused. Java: PutMessageStatus.WHEEL_TIMER_*.
var (
	errTimerOff     = errors.New("broker: WHEEL_TIMER_NOT_ENABLE")
	errTimerIllegal = errors.New("broker: WHEEL_TIMER_MSG_ILLEGAL")
	errTimerFlow    = errors.New("broker: WHEEL_TIMER_FLOW_CONTROL")
)

// openTimers recovers the timer files; with timerWheelEnable=false they stay as they are.
func (b *Broker) openTimers() (err error) {
	if !b.cfg().TimerWheelEnable {
		return nil
	}
	live := func() *store.Config { return &b.cfg().Config }
	b.timers, err = timer.Open(live(), live, b.fs, b.store, timer.Events{
		Skipped: func(offset int64, why error) {
			b.throttled.Warn("timer.skipped").Err(why).Int64("offset",
				offset).Msg("timer message cannot be delivered and is skipped")
		},
		Enqueued: func(topic []byte, delay int64) { b.timerDelays.Of(string(topic)).Delay(&timerBuckets, delay) },
		Restored: b.restored,
		Failed: func(what string, err error) {
			b.throttled.Warn("timer." + what).Err(err).Msg(what + ": trying again")
		},
	})
	if err != nil {
		return fmt.Errorf("broker: timers: %w", err)
	}
	r := b.timers.Report()
	b.log.Info().Int64("readTime", r.ReadTime).Int64("queueOffset", r.QueueOffset).Int64("pending",
		r.Pending).Int64("dropped", r.Dropped).
		Bool("rebuilt", r.Rebuilt).Int64("tookMillis", r.Took.Milliseconds()).Msg("timers recovered")
	return nil
}

// parkForTimer turns a message with a timer property into one of rmq_sys_wheel_timer. A message whose time is over
// stays as it is. Errors are errTimer*. It is for every message that a client or the broker itself stores and that is
// neither half nor rolled back. Java: HookUtils.transformTimerMessage.
func (b *Broker) parkForTimer(p *sendProps, r *store.Record) error {
	if !p.timer || p.timerOut || r.Topic == timer.Topic {
		return nil
	}
	if b.timers == nil || !b.cfg().TimerWheelEnable {
		return errTimerOff
	}
	now := b.now().UnixMilli()
	if r.Now > 0 { // its store time, of an event loop's turn that began some ms ago: it is not to be before the delivery
		now = min(now, r.Now)
	}
	at, err := p.deliverAt(now)
	if err != nil {
		return errTimerIllegal
	}
	if at <= now {
		if p.timerDel {
			return errTimerIllegal
		}
		return nil
	}
	if at-now > int64(b.cfg().TimerMaxDelaySec)*1000 {
		return errTimerIllegal
	}
	slot := b.timers.SlotTime(at)
	if b.timers.Reject(slot) {
		return errTimerFlow
	}
	if p.realTopic {
		p.drop(record.PropRealTopic)
		p.drop(record.PropRealQueue)
	}
	p.text = record.AppendProperty(p.text, timer.PropOutMs, strconv.FormatInt(slot, 10))
	p.text = record.AppendProperty(p.text, record.PropRealTopic, r.Topic)
	p.text = record.AppendProperty(p.text, record.PropRealQueue, strconv.Itoa(int(r.QueueID)))
	r.Topic, r.QueueID = timer.Topic, 0
	p.slot = slot
	return nil
}

// deliverAt is the time that the timer properties ask for, ms since 1970: the first of seconds, milliseconds and
// absolute time that is there.
func (p *sendProps) deliverAt(now int64) (int64, error) {
	unit, text := int64(1000), p.timerSec
	switch {
	case text != nil:
	case p.timerMs != nil:
		unit, text = 1, p.timerMs
	default:
		now, unit, text = 0, 1, p.timerDeliver
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return now + n*unit, err // overflows as in Java
}

// timerRefusal is the answer to a refused timer message. Java: SendMessageProcessor.handlePutMessageResult,
// EndTransactionProcessor.sendFinalMessage.
func (b *Broker) timerRefusal(err error) (code int32, remark string) {
	limit := int64(b.cfg().TimerCongestNumEachSlot)
	switch err {
	case errTimerOff:
		return wire.SystemError, "accurate timer message is not enabled, timerWheelEnable is false"
	case errTimerFlow:
		return wire.SystemError, fmt.Sprintf("timer message is under flow control, max num limit is %d or the current value "+
			"is greater than %d and less than %d, trigger random flow control", 2*limit, limit, 2*limit)
	default:
		return wire.MessageIllegal, fmt.Sprintf("timer message illegal, the delay time should not be bigger than the max "+
			"delay %dms; or if set del msg, the delay time should be bigger than the current time",
			int64(b.cfg().TimerMaxDelaySec)*1000)
	}
}

// recallHandle is what a producer may take a timer message back with. Java: SendMessageProcessor.attachRecallHandle,
// RecallMessageHandle.
func (b *Broker) recallHandle(topic string, slot int64, uniqKey []byte) string {
	if strings.HasPrefix(topic, compat.RetryTopicPrefix) {
		return ""
	}
	raw := "v1 " + topic + " " + b.cfg().BrokerName + " " + strconv.FormatInt(slot+1, 10) + " " + string(uniqKey)
	return base64.URLEncoding.EncodeToString([]byte(raw))
}
