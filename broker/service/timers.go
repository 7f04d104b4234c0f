package service

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorocket/compat"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/timer"
)

// Why a timer message is refused. Java: PutMessageStatus.WHEEL_TIMER_*.
var (
	errTimerOff     = errors.New("broker: WHEEL_TIMER_NOT_ENABLE")
	errTimerIllegal = errors.New("broker: WHEEL_TIMER_MSG_ILLEGAL")
	errTimerFlow    = errors.New("broker: WHEEL_TIMER_FLOW_CONTROL")
)

// parkForTimer turns a message with a timer property into one of rmq_sys_wheel_timer. A message whose time is over
// stays as it is. Errors are errTimer*. It is for every message that a client or the broker itself stores and that is
// neither half nor rolled back. Java: HookUtils.transformTimerMessage.
func (b *base) parkForTimer(p *properties, r *store.Record) error {
	if !p.timer || p.timerOut || r.Topic == timer.Topic {
		return nil
	}
	if b.timers == nil || !b.cfg().TimerWheelEnable {
		return errTimerOff
	}
	now := b.Now().UnixMilli()
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
func (p *properties) deliverAt(now int64) (int64, error) {
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
func (b *base) timerRefusal(err error) *Refusal {
	limit := int64(b.cfg().TimerCongestNumEachSlot)
	switch err {
	case errTimerOff:
		return refuse(Failed, "accurate timer message is not enabled, timerWheelEnable is false")
	case errTimerFlow:
		return refuse(NoRoom, fmt.Sprintf("timer message is under flow control, max num limit is %d or the current value "+
			"is greater than %d and less than %d, trigger random flow control", 2*limit, limit, 2*limit))
	}
	return refuse(IllegalMessage, fmt.Sprintf("timer message illegal, the delay time should not be bigger than the max "+
		"delay %dms; or if set del msg, the delay time should be bigger than the current time",
		int64(b.cfg().TimerMaxDelaySec)*1000))
}

// recallHandle is what a producer may take a timer message back with. Java: SendMessageProcessor.attachRecallHandle,
// RecallMessageHandle.
func (b *base) recallHandle(topic string, slot int64, uniqKey []byte) string {
	if strings.HasPrefix(topic, compat.RetryTopicPrefix) {
		return ""
	}
	raw := "v1 " + topic + " " + b.cfg().BrokerName + " " + strconv.FormatInt(slot+1, 10) + " " + string(uniqKey)
	return base64.URLEncoding.EncodeToString([]byte(raw))
}
