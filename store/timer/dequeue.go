package timer

import (
	"errors"
	"strconv"
	"time"

	"gorocket/store"
	"gorocket/store/record"
)

// dequeue delivers the slots before the write time, up to one that rolled messages on; false when that has to be given
// up for now.
func (t *Timers) dequeue() bool {
	if t.live().TimerStopDequeue {
		return true
	}
	for t.readTime < t.writeTime {
		if t.stopped() || t.follows.Load() {
			return false
		}
		at := t.wheel.next(t.readTime, t.writeTime)
		s := slot{last: -1}
		t.rolled = false
		if at < t.writeTime {
			s, _ = t.wheel.get(at)
			if !t.deliver(s) {
				return false
			}
			at += t.precision
		}
		t.mu.Lock()
		if s.num != 0 || s.last >= 0 {
			t.wheel.clear(t.wheel.index(s.time)) // Java leaves it; so it cannot come again when the clock goes back
		}
		t.readTime = at
		t.pending -= int64(s.num)
		t.changed = t.changed || s.num != 0
		t.mu.Unlock()
		if s.num != 0 {
			select {
			case t.kick <- struct{}{}:
			default:
			}
		}
		if t.rolled {
			t.catchUp = t.ms.MaxOffset(Topic, 0)
			return true
		}
	}
	return true
}

// stopPatience is how long Stop waits for a slot that is being delivered; a slot that is given up is delivered again
// from its beginning.
const stopPatience = 2 * time.Second

// deliver sends on the messages of a slot in the order they came, those that a delete mark of the slot names left out.
// False when it was stopped half way: then the whole slot is delivered again later. Java: TimerMessageStore.dequeue.
func (t *Timers) deliver(s slot) bool {
	t.chain(s)
	marks := t.deleteMarks()
	t.twins = t.lastTwins()
	var until time.Time
	for i := len(t.units) - 1; i >= 0; i-- {
		u := &t.units[i]
		if u.deletes() && !u.rolls() {
			continue
		}
		if i%256 == 0 && t.stopped() {
			if until.IsZero() {
				until = time.Now().Add(stopPatience)
			} else if time.Now().After(until) {
				return false
			}
		}
		err := t.ms.WithOwnRecord(u.offset, func(rec []byte) error { return t.deliverRecord(u, rec, marks) })
		if errors.Is(err, errStopped) {
			return false
		}
		if err != nil {
			t.skipped(u.offset, err)
		}
	}
	for _, m := range marks {
		if !m.used {
			t.metrics.add(m.topic, 1) // it had counted against a message that was not there
		}
	}
	return true
}

// chain reads the units of a slot into t.units, the newest first.
func (t *Timers) chain(s slot) {
	if cap(t.units) > 64<<10 {
		t.units = nil
	}
	t.units = t.units[:0]
	for pos := s.last; pos >= 0; {
		u, ok := t.log.read(pos)
		if !ok || t.floor(u.time()) != s.time {
			if pos >= t.log.first() {
				t.skipped(pos, errors.New("timer: a slot points to a place of the timer log that holds no unit of it"))
			}
			return
		}
		t.units = append(t.units, u)
		if u.prev >= pos {
			return
		}
		pos = u.prev
	}
}

// mark is a delete mark of the slot that is being delivered.
type mark struct {
	topic []byte
	used  bool
}

// deleteMarks reads the delete marks among t.units, by their keys; nil when there are none.
func (t *Timers) deleteMarks() map[string]*mark {
	var marks map[string]*mark
	for i := range t.units {
		u := &t.units[i]
		if !u.deletes() || u.rolls() {
			continue
		}
		err := t.ms.WithOwnRecord(u.offset, func(rec []byte) error {
			m, err := t.timerMessage(u, rec)
			if err != nil {
				return err
			}
			key, _ := m.Property(PropDelKey)
			topic, _ := m.Property(record.PropRealTopic)
			if marks == nil {
				marks = map[string]*mark{}
			}
			marks[string(key)] = &mark{topic: append([]byte(nil), topic...)}
			return nil
		})
		if err != nil {
			t.skipped(u.offset, err)
		}
	}
	return marks
}

var errOtherRecord = errors.New("timer: the commit log holds another record there")

// timerMessage decodes the record of a unit and checks that it is the message that the unit was written for: after a
// power cut another record may stand at its place, which must not be delivered for it, least of all too early.
func (t *Timers) timerMessage(u *unit, rec []byte) (m record.View, err error) {
	if m, err = record.Decode(rec); err != nil {
		return m, err
	}
	text, _ := m.Property(PropOutMs)
	at, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || string(m.Topic) != Topic || m.Size != u.size || !u.rolls() && t.floor(at) != t.floor(u.time()) {
		return m, errOtherRecord
	}
	return m, nil
}

// deliverRecord sends one message on. It returns errStopped, or why the record is not what the unit says.
func (t *Timers) deliverRecord(u *unit, rec []byte, marks map[string]*mark) error {
	m, err := t.timerMessage(u, rec)
	if err != nil {
		return err
	}
	topic, _ := m.Property(record.PropRealTopic)
	if len(marks) > 0 && deleted(&m, topic, marks) {
		return nil
	}
	if u.rolls() || !t.hasTwin(&m) {
		if err := t.sendOn(&m, u); err != nil {
			return err
		}
	}
	t.metrics.add(topic, -1)
	return nil
}

// sendOn forwards a message of a slot unless the log has its copy.
func (t *Timers) sendOn(m *record.View, u *unit) error {
	if t.sentOn(m) {
		return nil
	}
	t.rolled = t.rolled || u.rolls()
	return t.forward(m, u.writeTime, u.rolls())
}

// deleted looks for a mark under both of Java's keys: the unique key, or topic+key with appendTopicForTimerDeleteKey
// and in 5.2 to 5.3.
func deleted(m *record.View, topic []byte, marks map[string]*mark) bool {
	key, _ := m.Property(record.PropUniqKey)
	k := marks[string(key)]
	if k == nil {
		k = marks[DeleteKey(string(topic), string(key), true)]
	}
	if k == nil || len(key) == 0 {
		return false
	}
	k.used = true
	return true
}

// DeleteKey is the TIMER_DEL_UNIQKEY of the mark that deletes a message. Java: TimerMessageStore.buildDeleteKey.
func DeleteKey(topic, uniqKey string, withTopic bool) string {
	if withTopic {
		return topic + "+" + uniqKey
	}
	return uniqKey
}

// append stores a record, however long the store refuses it; only errStopped, at a stop or when these timers do not
// lead any more, and store.ErrMessageIllegal come back.
func (t *Timers) append(r *store.Record) error {
	for {
		_, err := t.ms.Append(r)
		if err == nil || errors.Is(err, record.ErrIllegal) {
			return err
		}
		if t.failed("deliver a timer message", err); t.follows.Load() {
			return errStopped
		}
		wait := time.NewTimer(retryAfter)
		select {
		case <-t.stop:
			wait.Stop()
			return errStopped
		case <-wait.C:
		}
	}
}
