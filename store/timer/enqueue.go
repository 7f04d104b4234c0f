package timer

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"gorocket/compat"
	"gorocket/store"
	"gorocket/store/record"
)

// entry is a message on its way into the wheel.
type entry struct {
	at     int64 // ms of its slot, TIMER_OUT_MS
	offset int64
	size   int32
	hash   int32 // of the real topic
	delete bool
}

var errNotTimer = errors.New("timer: no usable TIMER_OUT_MS")

// readEntry reads what the wheel needs of a message of the timer topic. topic is its real topic, a view into m.
func readEntry(m *record.View) (e entry, topic []byte, err error) {
	e = entry{at: -1, offset: m.PhysicalOffset, size: m.Size}
	for text := m.Properties; ; {
		name, value, rest, ok := record.NextProperty(text)
		if !ok {
			break
		}
		text = rest
		switch string(name) {
		case PropOutMs:
			if e.at, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				e.at = -1
			}
		case PropDelKey:
			e.delete = true
		case record.PropRealTopic:
			topic = value
		}
	}
	if e.at < 0 || e.at > math.MaxInt64/4 {
		return e, topic, errNotTimer
	}
	e.hash = compat.HashCodeBytes(topic)
	return e, topic, nil
}

// enqueue takes a run of messages of the timer topic; false when there was none or it has to wait.
func (t *Timers) enqueue() bool {
	if t.live().TimerStopEnqueue {
		return false
	}
	t.ms.Get(&store.GetQuery{Topic: Topic, Offset: t.queueOffset, MaxCount: t.mayEnqueue()}, &t.got)
	defer t.got.Release()
	next := t.got.NextBeginOffset
	if t.got.Status == store.Found {
		return t.sort() && t.placeUpTo(next)
	}
	if next == t.queueOffset {
		return false
	}
	t.mu.Lock() // part of the queue is gone
	t.queueOffset, t.changed = next, true
	t.mu.Unlock()
	return t.got.Status != store.OffsetOverflowBadly
}

// sort reads the run: what is late already is delivered at once, the rest becomes the batch. False when a delivery had
// to be given up. What can never be delivered is skipped; Java reads it again for ever (timerSkipUnknownError=false),
// and nothing behind it is ever delivered.
func (t *Timers) sort() bool {
	t.batch = t.batch[:0]
	for _, rec := range t.got.Slices {
		m, err := record.Decode(rec)
		if err != nil {
			t.skipped(m.PhysicalOffset, err)
			continue
		}
		e, topic, err := readEntry(&m)
		t.lastStored.Store(m.StoreTimestamp)
		if err == nil && t.ev.Enqueued != nil {
			t.ev.Enqueued(topic, e.at-m.BornTimestamp)
		}
		switch {
		case err != nil:
			t.skipped(m.PhysicalOffset, err)
		case t.copies.Take(&m, Topic, 0, rollsOf(&m, true)): // it was rolled on, from a slot that it may not get now
		case e.at >= t.readTime:
			t.batch = append(t.batch, e)
			if t.leads { // else they are the master's
				t.metrics.add(topic, weight(e.delete))
			}
		case e.delete, !t.leads: // too late to delete anything; or delivered by the master
		case e.at < t.elsewhere.readTime && m.QueueOffset < t.elsewhere.queueOffset:
		default:
			if !t.sentOn(&m) && t.forward(&m, math.MaxInt64, false) != nil {
				return false
			}
		}
	}
	return true
}

func weight(deletes bool) int64 {
	if deletes {
		return -1
	}
	return 1
}

func (t *Timers) placeUpTo(next int64) bool {
	t.mu.Lock()
	t.unplaced, t.placed, t.batchEnd = true, 0, next
	t.mu.Unlock()
	return t.place()
}

// place appends the batch to the timer log, hangs it into the wheel and moves on in the queue. After a failure it goes
// on where it stopped; until then nothing else is done, and the flusher writes nothing.
func (t *Timers) place() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ; t.placed < len(t.batch); t.placed++ {
		if err := t.placeOne(&t.batch[t.placed]); err != nil {
			t.failed("make a timer log file", err)
			return false
		}
	}
	if err := t.log.write(); err != nil {
		t.failed("write the timer log", err)
		return false
	}
	t.enqueued.Add(int64(len(t.batch)))
	t.unplaced, t.changed, t.queueOffset, t.batch = false, true, t.batchEnd, t.batch[:0]
	return true
}

// placeOne is called with mu held. Java: TimerMessageStore.doEnqueue.
func (t *Timers) placeOne(e *entry) error {
	at, magic := t.slotFor(e.at)
	if e.delete {
		magic |= magicDelete
	}
	pos, err := t.log.next()
	if err != nil {
		return err
	}
	s, _ := t.wheel.get(at)
	written := min(t.writeTime, t.floor(at))
	u := unit{prev: s.last, magic: magic, writeTime: written, delay: int32(at - written), offset: e.offset, size: e.size,
		hash: e.hash}
	t.log.add(&u)
	t.wheel.add(at, pos, u.weight())
	t.pending += int64(u.weight())
	return nil
}

// slotFor is the slot of a delivery time: itself, or for one beyond the roll window a nearer one from which the message
// is stored again.
func (t *Timers) slotFor(at int64) (int64, int32) {
	beyond := at - t.writeTime - t.window
	switch {
	case beyond < 0, !t.leads && at < t.readTime+(wheelSlots-blankSlots)*t.precision: // see twins.go
		return at, magicDefault
	case beyond < t.floor(t.window/3):
		return t.writeTime + t.floor(t.window/2), magicDefault | magicRoll // leaves the next roll enough time
	}
	return t.writeTime + t.window, magicDefault | magicRoll
}

// forward stores a copy of a timer message: in its real queue, or once more in the timer topic when it rolls. enqueued
// is the time its unit was written, math.MaxInt64 without one. A message that cannot be stored at all is skipped. It
// returns errStopped and nothing else: other failures are tried again until they are over, where Java gives up after
// three times. Java: TimerMessageStore.convert, doPut.
func (t *Timers) forward(m *record.View, enqueued int64, roll bool) error {
	topic, queue, err := destination(m, roll)
	if err != nil {
		t.skipped(m.PhysicalOffset, err)
		return nil
	}
	tags, _ := m.Property(record.PropTags)
	r := store.Record{
		Now: t.now().UnixMilli(),
		Message: record.Message{
			Topic: topic, QueueID: queue, Flag: m.Flag, SysFlag: m.SysFlag,
			BornTimestamp: m.BornTimestamp, BornHost: m.BornHost, StoreHost: m.StoreHost,
			ReconsumeTimes: m.ReconsumeTimes, Body: m.Body,
			Properties: t.forwardProperties(m.Properties, enqueued, roll),
		},
		TagsCode: record.TagsCode(tags),
	}
	err = t.append(&r)
	if errors.Is(err, record.ErrIllegal) {
		t.skipped(m.PhysicalOffset, err)
		return nil
	}
	if err == nil {
		t.delivered.Add(1)
	}
	return err
}

func destination(m *record.View, roll bool) (topic string, queue int32, err error) {
	if roll {
		return Topic, 0, nil
	}
	name, _ := m.Property(record.PropRealTopic)
	text, _ := m.Property(record.PropRealQueue)
	q, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || q < 0 || len(name) == 0 || bytes.Equal(name, []byte(Topic)) || compat.IsSendForbidden(string(name)) &&
		!strings.HasPrefix(string(name), compat.ReviveTopicPrefix) { // which the broker itself parks
		return "", 0, fmt.Errorf("timer: no usable REAL_TOPIC=%.127q, REAL_QID=%.20q", name, text)
	}
	return string(name), int32(q), nil
}

// forwardProperties is the text of a copy. REAL_TOPIC and REAL_QID stay in it, as in Java.
func (t *Timers) forwardProperties(text []byte, enqueued int64, roll bool) []byte {
	p, rolls := t.props[:0], int64(0)
	for {
		name, value, rest, ok := record.NextProperty(text)
		if !ok {
			break
		}
		text = rest
		switch string(name) {
		case propEnqueueMs, propDequeueMs, record.PropCRC:
			continue
		case propRollTimes:
			if rolls, _ = strconv.ParseInt(string(value), 10, 32); roll {
				continue
			}
		}
		p = append(append(append(append(p, name...), 1), value...), 2)
	}
	p = appendNumber(p, propEnqueueMs, enqueued)
	if roll {
		p = appendNumber(p, propRollTimes, rolls+1)
	}
	t.props = appendNumber(p, propDequeueMs, t.now().UnixMilli())
	return t.props
}

func appendNumber(p []byte, name string, n int64) []byte {
	p = append(append(p, name...), 1)
	return append(strconv.AppendInt(p, n, 10), 2)
}
