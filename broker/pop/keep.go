package pop

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorocket/broker/worker"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/timer"
)

// What is in memory only, and how it gets into the revive topic.

// ackInterval is how long before its messages become visible a check point is delivered, ms: before their
// acknowledgements. Java: PopAckConstants.ackTimeInterval.
const ackInterval = 1000

// checkPoint is what a point is in the revive topic.
func (s *Service) checkPoint(key *laneKey, pt *point) CheckPoint {
	c := CheckPoint{Start: pt.start, PopTime: pt.popTime, Invisible: pt.invisible, Bits: int32(pt.bits),
		Num: int8(pt.num), QueueID: key.queue, Topic: key.topic, Group: key.group, Diffs: pt.diffs,
		Broker: s.cfg().BrokerName}
	if c.Diffs == nil {
		c.Diffs = make([]int32, pt.num)
		for i := range c.Diffs {
			c.Diffs[i] = int32(i)
		}
	}
	return c
}

// storePoint stores a point and returns the commit log offset behind it, which has to be published.
func (s *Service) storePoint(key *laneKey, pt *point, noWait bool) (end int64, err error) {
	c := s.checkPoint(key, pt)
	return s.storeCheckPoint(&c, int32(pt.revive), noWait)
}

func (s *Service) storeCheckPoint(c *CheckPoint, queue int32, noWait bool) (end int64, err error) {
	buf := s.buffer()
	defer s.bufs.Put(buf)
	*buf = c.Append((*buf)[:0])
	end, err = s.storeRevive(*buf, tagCheckPoint, c.uniqueKey(), queue, c.ReviveTime()-ackInterval, noWait)
	s.Counts.put(&s.Counts.CheckPoints, err)
	return end, err
}

// storeAck stores an acknowledgement; invisible is that of the handle.
func (s *Service) storeAck(a *Acked, queue int32, invisible int64, noWait bool) (end int64, err error) {
	buf := s.buffer()
	defer s.bufs.Put(buf)
	*buf = a.Append((*buf)[:0])
	end, err = s.storeRevive(*buf, a.tag(), a.uniqueKey(), queue, a.PopTime+invisible, noWait)
	s.Counts.put(&s.Counts.Acks, err)
	return end, err
}

func (s *Service) buffer() *[]byte {
	if b, ok := s.bufs.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

// storeRevive stores a message for a queue of the revive topic, which gets it at a time, ms since 1970.
func (s *Service) storeRevive(body []byte, tag, key string, queue int32, at int64, noWait bool) (end int64, err error) {
	c, now := s.cfg(), s.now()
	r := store.Record{Now: now, NoWait: noWait, Later: true, TagsCode: record.TagsCode([]byte(tag))}
	r.Message = record.Message{Topic: ReviveTopic(c.BrokerClusterName), QueueID: queue, BornTimestamp: now,
		BornHost: s.d.StoreHost, StoreHost: s.d.StoreHost, Body: body}
	text := make([]byte, 0, 256+len(key))
	text = record.AppendProperty(text, record.PropTags, tag)
	text = record.AppendProperty(text, record.PropUniqKey, key)
	text = record.AppendProperty(text, protocol.PropTimerDeliverMs, strconv.FormatInt(at, 10))
	if at > now {
		if text, err = s.park(&r, text, at, now); err != nil {
			return 0, err
		}
	}
	r.Properties = text
	a, err := s.store.Append(&r)
	if err != nil {
		return 0, err
	}
	return a.End(), nil
}

// park makes a message one that the timers deliver. Java: HookUtils.transformTimerMessage.
func (s *Service) park(r *store.Record, text []byte, at, now int64) ([]byte, error) {
	slot := s.timers.SlotTime(at)
	switch {
	case at-now > int64(s.cfg().TimerMaxDelaySec)*1000:
		return nil, fmt.Errorf("%w: invisible for %d ms, which is more than timerMaxDelaySec", record.ErrIllegal, at-now)
	case s.timers.Reject(slot):
		return nil, fmt.Errorf("the timers take no more messages for %d (timerCongestNumEachSlot)", slot)
	}
	text = record.AppendProperty(text, timer.PropOutMs, strconv.FormatInt(slot, 10))
	text = record.AppendProperty(text, record.PropRealTopic, r.Topic)
	text = record.AppendProperty(text, record.PropRealQueue, strconv.Itoa(int(r.QueueID)))
	r.Topic, r.QueueID = timer.Topic, 0
	return text, nil
}

const (
	keepEvery   = 100 * time.Millisecond // between looks at what is in memory only
	forgetEvery = 30 * time.Second       // ... for lanes that nobody pops
	storedAtOne = 512                    // points of a lane that are stored together
	retryStore  = 1000                   // ms after which a point is stored that the store has refused
)

// runKeeper stores what is in memory for long, commits what is settled, and wakes pops whose queue is not blocked any
// more.
func (s *Service) runKeeper(stop <-chan struct{}) {
	var buf []*lane
	seldom := time.Now()
	for worker.Rest(keepEvery, stop) {
		buf = s.look(s.now(), buf[:0])
		if time.Since(seldom) >= forgetEvery {
			seldom = time.Now()
			s.forgetIdle(s.now())
		}
	}
}

// look is one round of the keeper; buf is memory to use, which it returns.
func (s *Service) look(now int64, buf []*lane) []*lane {
	began := time.Now()
	defer func() { s.Counts.Scans.Value(&ScanBuckets, time.Since(began).Milliseconds()) }()
	buf = s.lanes.actives(buf)
	for _, l := range buf {
		s.keep(l, now)
	}
	clear(buf)
	for _, key := range s.orders.ended(now) {
		if !s.cfg().EnableNotifyAfterPopOrderLockRelease {
			break
		}
		s.pops.either(laneKey{normalTopic(key.topic, key.group), key.group, key.queue})
	}
	return buf
}

// forgetIdle drops what nobody uses, and what is about topics and groups that are no more.
func (s *Service) forgetIdle(now int64) {
	gone := func(k laneKey) bool {
		t := s.d.Topics.Get(k.topic)
		return t == nil || int(k.queue) >= t.ReadQueueNums || s.d.Groups.Get(k.group) == nil
	}
	s.points.Add(-int64(s.lanes.forget(now, gone)))
	s.orders.forget(now, gone)
}

// keep stores the points of a lane whose time has come, and commits what is settled.
func (s *Service) keep(l *lane, now int64) {
	l.mu.Lock()
	due := s.takeDue(l, now)
	s.settle(l)
	if l.size() == 0 {
		s.lanes.rest(l)
	} else if p := &l.points[l.head]; p.state >= pointStored {
		s.flushSoon(p.end, now)
	}
	l.mu.Unlock()
	if len(due) > 0 {
		_ = s.storeAll(l, due, now) // it is logged, and tried again
	}
}

// flushEvery is how often the log is flushed for committed offsets at most, ms.
const flushEvery = 500

// flushSoon asks for a flush up to a commit log offset, on which a committed offset waits: a broker with little to do
// flushes every 10 s only. Keeper and reviver.
func (s *Service) flushSoon(end, now int64) {
	last := s.flushed.Load()
	if end > s.store.FlushedOffset() && now-last >= flushEvery && s.flushed.CompareAndSwap(last, now) {
		s.store.NotifyDurable(end, func(error) {}) // who waits for it looks again
	}
}

// takeDue returns copies of the points that have to be stored now, and marks them. The caller holds the lane's mu.
func (s *Service) takeDue(l *lane, now int64) (due []point) {
	if l.due == 0 || now < l.due {
		return nil
	}
	c := s.cfg()
	stay, before := int64(c.PopCkStayBufferTime), int64(c.PopCkStayBufferTimeOut)
	l.due = 0
	for i := l.head; i < len(l.points); i++ {
		p := &l.points[i]
		if p.state != pointHeld {
			continue
		}
		if at := p.dueAt(stay, before); at > now || len(due) == storedAtOne {
			if l.due == 0 || at < l.due {
				l.due = at
			}
			continue
		}
		p.state = pointStoring
		due = append(due, *p)
	}
	return due
}

// storeAll stores points of a lane that takeDue has marked. An error is logged, and means that some are held again.
func (s *Service) storeAll(l *lane, due []point, now int64) error {
	end, failed := int64(0), error(nil)
	for i := range due {
		p := &due[i]
		if p.end = 0; failed == nil {
			p.end, failed = s.storePoint(&l.laneKey, p, false)
			end = max(end, p.end)
		}
	}
	for _, late := range s.stored(l, due, now) {
		at, err := s.storeAck(&late.acked, int32(late.queue), late.invisible, false)
		end = max(end, at)
		failed = errors.Join(failed, err)
	}
	failed = errors.Join(failed, s.publish(end))
	if failed != nil {
		s.d.Throttled.Warn("pop.keep").Err(failed).Str("topic", l.topic).Str("group", l.group).
			Msg("what was popped cannot be stored; trying again")
	}
	return failed
}

// publish makes readable what was stored up to a commit log offset; 0 is nothing.
func (s *Service) publish(end int64) error {
	if end == 0 {
		return nil
	}
	return s.store.Publish(end)
}

// lateAck is an acknowledgement that came while its check point was being stored.
type lateAck struct {
	acked     Acked
	queue     uint16
	invisible int64
}

// late is the acknowledgement of messages of a point.
func (s *Service) late(l *lane, p *point, offsets []int64) lateAck {
	return lateAck{Acked{Offset: -1, Offsets: offsets, Start: p.start, Group: l.group, Topic: l.topic, QueueID: l.queue,
		PopTime: p.popTime, Broker: s.cfg().BrokerName}, p.revive, p.invisible}
}

// stored notes which points are stored, those with an end, and returns what was acknowledged meanwhile.
func (s *Service) stored(l *lane, due []point, now int64) (late []lateAck) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range due {
		was := &due[i]
		p := l.find(was.start, was.popTime)
		if p == nil || p.state != pointStoring {
			continue
		}
		if was.end == 0 {
			p.state = pointHeld
			if again := now + retryStore; l.due == 0 || again < l.due {
				l.due = again
			}
			if p.bits == p.full() {
				p.state = pointDone
			}
			continue
		}
		s.journal.lane(l, &entry{kind: entryStored, point: point{start: p.start, popTime: p.popTime, bits: was.bits,
			end: was.end}})
		p.state, p.end = pointStored, max(p.end, was.end)
		if offsets := p.offsets(p.bits &^ was.bits); offsets != nil {
			late = append(late, s.late(l, p, offsets))
		}
	}
	s.settle(l)
	return late
}

// drain stores everything that is in memory only, and tells whether it could. Nobody pops any more.
func (s *Service) drain() (all bool) {
	for _, l := range s.lanes.actives(nil) {
		for s.store.Writable() == nil {
			l.mu.Lock()
			due := s.takeAll(l)
			l.mu.Unlock()
			if len(due) == 0 || s.storeAll(l, due, s.now()) != nil {
				break
			}
		}
	}
	if s.store.Writable() == nil {
		_ = s.store.Flush() // what is not on disk is not committed
	}
	all = true
	for _, l := range s.lanes.actives(nil) {
		l.mu.Lock()
		s.settle(l)
		all = all && l.size() == 0
		s.points.Add(-int64(l.drop()))
		l.noted = 0
		s.lanes.rest(l)
		l.mu.Unlock()
	}
	return all
}

// takeAll marks all points of a lane that are in memory only and returns copies of them, storedAtOne at most. The
// caller holds the lane's mu.
func (s *Service) takeAll(l *lane) (all []point) {
	for i := l.head; i < len(l.points) && len(all) < storedAtOne; i++ {
		if p := &l.points[i]; p.state == pointHeld {
			p.state = pointStoring
			all = append(all, *p)
		}
	}
	return all
}
