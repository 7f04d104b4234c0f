package timer

import (
	"errors"
	"fmt"
	"time"

	"gorocket/compat"
	"gorocket/store"
	"gorocket/store/delivered"
)

// A slave keeps a wheel of its own, so that it can go on at once when it becomes master: it enqueues what its master
// has enqueued, delivers nothing, and lets go what its master has delivered. The master says so in its check point
// (GET_TIMER_CHECK_POINT). Java: TimerMessageStore.isRunningEnqueue and syncLastReadTimeMs,
// SlaveSynchronize.syncTimerCheckPoint.
//
// Who begins to deliver looks first what was delivered without a note of it: store/delivered. Java delivers that again,
// after a change of role all of the last 4 s.

// Lead says whether messages are delivered (a master's timers, and an acting master's) or not (a slave's). Timers lead
// unless they are told otherwise. Any goroutine, before Start and while they run.
func (t *Timers) Lead(leads bool) {
	t.follows.Store(!leads)
	t.Poke()
}

// toldCheckpoint is another broker's answer to GET_TIMER_CHECK_POINT.
func toldCheckpoint(body []byte) (checkpoint, error) {
	c, ok := decodeCheckpoint(body)
	if !ok || len(body) > checkpointSize {
		return c, fmt.Errorf("timer: a check point of %d bytes, or of negative numbers: %x", len(body),
			body[:min(len(body), checkpointBody)])
	}
	return c, nil
}

// Follow takes the master's check point: the answer to GET_TIMER_CHECK_POINT. The caller knows that this store has all
// that the master's had when it answered: what it says was delivered has to be in this log, or it would be lost with
// the master. It counts only while these timers do not lead.
func (t *Timers) Follow(body []byte) error {
	c, err := toldCheckpoint(body)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.master = c
	t.mu.Unlock()
	t.Poke()
	return nil
}

// Advance takes the check point of a broker that has delivered in this one's place: when these timers begin to lead,
// they begin behind that, if it is further. The copies need not be in this log. While these timers do not lead.
func (t *Timers) Advance(body []byte) error {
	c, err := toldCheckpoint(body)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.readTime > t.ahead.readTime {
		t.ahead = c
	}
	return nil
}

// yieldPatience bounds how long Yield waits for a slot that is being delivered.
const yieldPatience = 10 * time.Second

// Yield is Lead(false); it returns when nothing is delivered any more and the check point says what was. Not for the
// loop.
func (t *Timers) Yield() {
	t.Lead(false)
	for until := time.Now().Add(yieldPatience); t.leading.Load() && !t.stopped() && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	if err := t.flush(true); err != nil {
		t.failed("note what was delivered", err)
	}
}

// FollowMetrics takes the master's numbers of waiting messages: the answer to GET_TIMER_METRICS.
func (t *Timers) FollowMetrics(json []byte) error {
	if !t.follows.Load() {
		return nil
	}
	return t.metrics.follow(json)
}

// hearingTime is how long, in ms, a master that is back may name a read time from before it was away: it has not heard
// yet what was delivered in its place. Java's names it while it asks for that; a slave that went back to it would tell
// it so. Later it is a clock that goes back.
const hearingTime = 30_000

// followMaster brings the wheel to where the master's is; it tells whether there may be more to do at once.
func (t *Timers) followMaster() bool {
	if t.leads { // in a master's place: the next one hears how far that was
		t.mu.Lock()
		v := t.saved.version
		v.Next(0)
		t.master = checkpoint{readTime: t.readTime, queueOffset: t.queueOffset, masterOffset: t.queueOffset, version: v}
		t.mu.Unlock()
		t.acted, t.actedAt = t.readTime, t.now().UnixMilli()
	}
	t.leads, t.copies, t.catchUp = false, nil, 0
	t.leading.Store(false)
	t.mu.Lock()
	m := t.master
	t.mu.Unlock()
	if m == (checkpoint{}) {
		return false
	}
	t.writeTime = t.floor(t.now().UnixMilli())
	if m.readTime >= t.acted || t.now().UnixMilli()-t.actedAt > hearingTime {
		t.letGo(t.floor(m.readTime))
	}
	return t.queueOffset < m.masterOffset && t.enqueue()
}

// letGo forgets the slots before a time: the master has delivered them. The time may go back, when the master's clock
// did or another broker is master that has not come so far; what was let go before is in this log and needs nobody.
func (t *Timers) letGo(readTime int64) {
	if readTime == t.readTime {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for at := t.wheel.next(t.readTime, readTime); at < readTime; at = t.wheel.next(at, readTime) {
		s, _ := t.wheel.get(at)
		t.wheel.clear(t.wheel.index(s.time))
		t.pending -= int64(s.num)
	}
	t.readTime, t.changed = readTime, true
}

// mayEnqueue is how many messages of the timer queue may be read at once.
func (t *Timers) mayEnqueue() int {
	const most = 32
	if t.leads {
		return most
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return int(min(most, max(1, t.master.masterOffset-t.queueOffset)))
}

// takeOver begins to deliver: what was delivered without a note of it is looked for in the log.
func (t *Timers) takeOver() {
	t.leading.Store(true)
	t.leads, t.catchUp = true, t.ms.MaxOffset(Topic, 0)
	t.mu.Lock()
	t.elsewhere = t.ahead
	t.mu.Unlock()
	if ahead := t.floor(t.elsewhere.readTime); ahead > t.readTime {
		t.letGo(ahead)
	} else {
		t.elsewhere = checkpoint{}
	}
	t.mu.Lock()
	t.begun = true
	t.mu.Unlock()
	since, any := t.overdueSince()
	if !any {
		return
	}
	var err error
	if t.copies, err = delivered.Since(t.ms, since, t.recordBefore(since)); err != nil {
		t.failed("look for timer messages that have been delivered", err)
	}
	if n, forgotten := t.copies.Len(); t.ev.Led != nil {
		t.ev.Led(n, forgotten)
	}
}

// overdueSince is the time (ms) before which no message was delivered that is still to be delivered by the wheel and
// the queue: the first slot that is over, or when the first message was stored that is not in the wheel. any is false
// when there is nothing to deliver now.
func (t *Timers) overdueSince() (since int64, any bool) {
	since = t.wheel.next(t.readTime, t.writeTime)
	any = since < t.writeTime
	if t.queueOffset < t.catchUp {
		if stored := t.ms.StoreTimeAt(Topic, 0, t.queueOffset); stored >= 0 {
			since, any = min(since, stored), true
		}
	}
	return since, any
}

// recordBefore is the log offset of a timer message that was stored before a time (ms), 0 when there is none: where to
// begin to look for what was stored later.
func (t *Timers) recordBefore(ms int64) int64 {
	at := t.ms.OffsetByTime(Topic, 0, ms, store.Lower) - 1
	offset, _, _, ok := t.ms.OffsetInQueue(Topic, 0, at)
	if !ok || at < t.ms.MinOffset(Topic, 0) {
		return 0
	}
	return offset
}

// follow takes another broker's numbers over.
func (m *metrics) follow(json []byte) error {
	if len(json) == 0 {
		return errors.New("timer: empty metrics")
	}
	var w metricsTable
	if err := compat.Unmarshal(json, &w); err != nil {
		return fmt.Errorf("timer: metrics of the master: %w", err)
	}
	counts := make(map[string]*TopicCount, len(w.TimingCount))
	for topic, c := range w.TimingCount {
		if c != nil && len(counts) < maxMetricTopics {
			counts[topic] = c
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version != w.DataVersion {
		m.counts, m.version, m.dirty = counts, w.DataVersion, true
	}
	return nil
}
