package timer

import (
	"fmt"
	"slices"
	"strconv"

	"gorocket/store/record"
)

// A message beyond the roll window is rolled: its slot stores it again in the timer queue instead of delivering it. The
// message and its second self are twins, of which one may be delivered. On the master the first is gone from the wheel
// when the second comes. A slave cannot know when its master will roll a message, which depends on the moment at which
// the master enqueued it; so a slave hangs every message into its real slot, and then its twin too. Who delivers such a
// slot delivers the last of them only.

// twinMargin bounds by how much clocks and delays of master and slave may differ, ms.
const twinMargin = 60_000

// sentOn tells that a message was delivered, or rolled on, without a note of it. Which of the two, may be another thing
// than would happen now. A copy counts once.
func (t *Timers) sentOn(m *record.View) bool {
	if t.copies == nil {
		return false
	}
	if t.copies.Take(m, Topic, 0, rollsOf(m, true)) {
		return true
	}
	topic, queue, err := destination(m, false)
	return err == nil && t.copies.Take(m, topic, queue, rollsOf(m, false))
}

// rollsOf is the TIMER_ROLL_TIMES of the copy of a message.
func rollsOf(m *record.View, roll bool) []byte {
	text, _ := m.Property(propRollTimes)
	if !roll {
		return text
	}
	return strconv.AppendInt(nil, rolls(m)+1, 10)
}

// twinKey is what twins have in common; empty without a client's id.
func twinKey(m *record.View) string {
	id, _ := m.Property(record.PropUniqKey)
	if len(id) == 0 {
		return ""
	}
	topic, _ := m.Property(record.PropRealTopic)
	return fmt.Sprintf("%s@%s@%d", id, topic, m.BornTimestamp)
}

// lastTwins reads, if a unit among t.units may have a twin there, how often each message of the slot was rolled; nil
// when there is nothing to leave out.
func (t *Timers) lastTwins() map[string]int64 {
	long := func(u *unit) bool { return int64(u.delay) >= t.window-min(twinMargin, t.window) && !u.deletes() }
	if !slices.ContainsFunc(t.units, func(u unit) bool { return long(&u) && !u.rolls() }) {
		return nil
	}
	var last map[string]int64
	for i := range t.units {
		u := &t.units[i]
		_ = t.ms.WithOwnRecord(u.offset, func(rec []byte) error { // deliver tells what is wrong with it
			m, err := t.timerMessage(u, rec)
			if n := rolls(&m); err == nil && n > 0 {
				if last == nil {
					last = map[string]int64{}
				}
				last[twinKey(&m)] = max(last[twinKey(&m)], n)
			}
			return nil
		})
	}
	return last
}

// hasTwin tells whether a message was rolled on to one of the present slot.
func (t *Timers) hasTwin(m *record.View) bool {
	if len(t.twins) == 0 {
		return false
	}
	key := twinKey(m)
	return key != "" && t.twins[key] > rolls(m)
}

func rolls(m *record.View) int64 {
	text, _ := m.Property(propRollTimes)
	n, _ := strconv.ParseInt(string(text), 10, 32)
	return n
}
