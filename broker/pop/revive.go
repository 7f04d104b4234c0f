package pop

import (
	"errors"
	"sync/atomic"
	"time"

	"gorocket/broker/worker"
	"gorocket/store"
	"gorocket/store/record"
)

// reviver reads the revive topic and has messages come again that were not acknowledged in time. One goroutine. It goes
// on where the committed offset of ReviveGroup says, and keeps in memory what it has read and what is not settled: a
// check point is delivered a second before its time, so these are those of a few seconds. Java: PopReviveService.
type reviver struct {
	s      *Service
	queues []*reviveQueue // run only, after begin
	behind atomic.Pointer[[]Behind]
}

// reviveQueue is one queue of the revive topic.
type reviveQueue struct {
	id     int32
	at     int64                     // the next offset to read
	points map[reviveKey]*reviveItem // that are not settled
	order  []*reviveItem             // the same in the order of their offsets
	skip   int64                     // the first check point that was left out for want of room; -1: none
	clock  int64                     // up to which time, ms, the topic has everything that was delivered
	end    int64                     // commit log offset behind what came again
	noted  int64                     // the offset that is settled, as of the journal
	commit int64                     // the offset that is settled, to be committed when until is on disk; -1: none
	until  int64                     // what end was then
}

// reviveKey is what a check point and its acknowledgements have in common.
type reviveKey struct {
	topic, group, broker string
	queue                int32
	start, popTime       int64
}

type reviveItem struct {
	CheckPoint
	offset int64 // in the revive topic
}

const (
	maxRevivePoints = 200_000 // that are kept of one queue: about 50 MB; the others are read once more
	reviveBatch     = 32
	reviveRound     = 4096 // messages of one queue that are read before the others have a turn
	// after an acknowledgement's time has come for how long its check point waits for it, ms. Java: 2 * SECOND
	reviveSlack = 2000
	// for how long nothing has to come before the clock itself counts, ms. Java: 3 * SECOND
	reviveQuiet = 3000
)

// begin forgets what was read.
func (v *reviver) begin() {
	list := make([]Behind, v.s.cfg().ReviveQueueNum)
	v.queues = nil
	v.behind.Store(&list)
}

// run looks every reviveInterval.
func (v *reviver) run(stop <-chan struct{}) {
	for worker.Rest(time.Duration(v.s.cfg().ReviveInterval)*time.Millisecond, stop) {
		if v.s.timers != nil {
			v.round(stop)
		}
	}
}

// round goes through all queues until each is at its end.
func (v *reviver) round(stop <-chan struct{}) {
	if v.queues == nil {
		for id := range int32(v.s.cfg().ReviveQueueNum) {
			v.queues = append(v.queues, v.s.openRevive(id))
		}
	}
	for again := true; again; {
		again = false
		for _, q := range v.queues {
			if worker.Stopped(stop) {
				return
			}
			again = v.s.reviveStep(q) || again
		}
	}
	v.measure()
}

// openRevive is a queue as the committed offset says: that of the last check point that is settled.
func (s *Service) openRevive(id int32) *reviveQueue {
	topic := ReviveTopic(s.cfg().BrokerClusterName)
	at := s.d.Committed.Query(ReviveGroup, topic, id) + 1
	at = min(max(at, s.store.MinOffset(topic, id)), s.store.MaxOffset(topic, id))
	return &reviveQueue{id: id, at: at, points: map[reviveKey]*reviveItem{}, skip: -1,
		noted: at - 1, commit: -1}
}

// reviveStep reads some of a queue, has come again what is due, and notes what is settled. True: there is more to read.
func (s *Service) reviveStep(q *reviveQueue) (more bool) {
	topic := ReviveTopic(s.cfg().BrokerClusterName)
	read := 0
	for read < reviveRound && q.at < s.store.MaxOffset(topic, q.id) {
		n := s.readRevive(topic, q)
		if n < 0 {
			break
		}
		read += n
	}
	more = read >= reviveRound
	if !more {
		s.followClock(q)
	}
	s.reviveDue(q)
	if q.skip >= 0 && len(q.points) == 0 { // now there is room: once more from there
		q.at, q.skip, more = q.skip, -1, true
	}
	s.noteSettled(topic, q)
	return more
}

// followClock lets the wall clock count when nothing has come for some time, and nothing waits to be delivered.
func (s *Service) followClock(q *reviveQueue) {
	now := s.now()
	if q.clock == 0 || now-q.clock <= reviveQuiet {
		return
	}
	if f := s.timers.Figures(); f.EnqueueBehind <= 0 && f.ReadBehind <= 0 {
		q.clock = now
	}
}

// readRevive reads up to reviveBatch messages and returns how many there were, -1 when none can be read now.
func (s *Service) readRevive(topic string, q *reviveQueue) int {
	var res store.GetResult
	s.store.Get(&store.GetQuery{Topic: topic, QueueID: q.id, Offset: q.at, MaxCount: reviveBatch}, &res)
	defer res.Release()
	if res.Status == store.NotReadable {
		s.d.Throttled.Warn("pop.revive").Err(res.Err).Int32("queueId", q.id).Int64("offset", q.at).
			Msg("the revive topic cannot be read; trying again")
		return -1
	}
	for i, rec := range res.Slices {
		m, err := record.Decode(rec)
		if err == nil {
			err = s.takeRevive(q, &m, res.QueueOffsets[i])
		}
		if err != nil {
			s.d.Throttled.Warn("pop.revive").Err(err).Int32("queueId", q.id).Int64("offset", res.QueueOffsets[i]).
				Msg("a message of the revive topic cannot be read and is skipped")
		}
	}
	if res.NextBeginOffset <= q.at {
		return -1
	}
	n := int(res.NextBeginOffset - q.at)
	q.at = res.NextBeginOffset
	return n
}

// takeRevive notes a message of the revive topic.
func (s *Service) takeRevive(q *reviveQueue, m *record.View, offset int64) error {
	own := s.cfg().BrokerName
	tag, _ := m.Property(record.PropTags)
	var err error
	switch string(tag) {
	case tagCheckPoint:
		item := &reviveItem{offset: offset}
		if err = item.parse(m.Body, own); err == nil {
			s.Counts.CheckPointsRead.Add(1)
			q.add(item)
		}
	case tagAck, tagBatchAck:
		var a Acked
		if err = a.parse(m.Body, string(tag) == tagBatchAck, own); err == nil {
			s.Counts.AcksRead.Add(1)
			q.acknowledge(&a)
		}
	default:
		err = errors.New("a message with the tag " + string(tag))
	}
	q.clock = max(q.clock, min(deliverTime(m), s.now()))
	return err
}

// add notes a check point, or, when there are too many, where it lies.
func (q *reviveQueue) add(item *reviveItem) {
	key := reviveKey{item.Topic, item.Group, item.Broker, item.QueueID, item.Start, item.PopTime}
	if old := q.points[key]; old != nil && old.offset >= item.offset {
		return // it is read once more
	}
	if q.skip >= 0 || len(q.points) >= maxRevivePoints { // none behind one that is left out: it would be read twice
		if q.skip < 0 {
			q.skip = item.offset
		}
		return
	}
	if old := q.points[key]; old != nil { // Java's map keeps the newer of two, too
		old.Bits = -1
	}
	q.points[key] = item
	q.order = append(q.order, item)
}

// acknowledge sets the bits of a check point. Without one there is nothing to do: it is settled.
func (q *reviveQueue) acknowledge(a *Acked) {
	item := q.points[reviveKey{a.Topic, a.Group, a.Broker, a.QueueID, a.Start, a.PopTime}]
	if item == nil {
		return
	}
	one := [1]int64{a.Offset}
	offsets := a.Offsets
	if offsets == nil {
		offsets = one[:]
	}
	for _, offset := range offsets {
		if i := item.index(offset); i >= 0 {
			item.Bits |= 1 << i
		}
	}
}

// reviveDue has the messages of those check points come again whose time is over, in their order, and drops them.
func (s *Service) reviveDue(q *reviveQueue) {
	var end int64
	done := 0
	for _, item := range q.order {
		if q.clock-item.ReviveTime() <= reviveSlack {
			break
		}
		at, err := s.comeAgain(&item.CheckPoint, q.id)
		if end = max(end, at); err != nil {
			s.d.Throttled.Warn("pop.revive").Err(err).Str("topic", item.Topic).Str("group", item.Group).
				Msg("messages that were not acknowledged cannot be stored again; trying again")
			break
		}
		key := reviveKey{item.Topic, item.Group, item.Broker, item.QueueID, item.Start, item.PopTime}
		if q.points[key] == item {
			delete(q.points, key)
		}
		done++
	}
	if done > 0 {
		clear(q.order[:done])
		if q.order = q.order[done:]; len(q.order) == 0 {
			q.order = nil
		}
	}
	if err := s.publish(end); err != nil {
		s.d.Throttled.Warn("pop.revive").Err(err).Msg("messages that come again are not readable")
	}
	q.end = max(q.end, end)
}

// noteSettled notes how far the queue is settled, and commits it when all that came again before is on disk.
func (s *Service) noteSettled(topic string, q *reviveQueue) {
	settled := q.at - 1
	if len(q.order) > 0 {
		settled = q.order[0].offset - 1
	}
	if q.skip >= 0 {
		settled = min(settled, q.skip-1)
	}
	if settled > q.noted {
		q.noted = settled
		s.noteRevived(q, settled, q.end)
	}
	if q.commit >= 0 && q.until <= s.store.FlushedOffset() {
		// the group is a system's: never too many
		_, _ = s.d.Committed.Forward(ReviveGroup, topic, q.id, q.commit)
		s.noteRevived(q, q.commit, q.until) // the file with the first note may be gone
		q.commit = -1
	}
	if q.commit >= 0 {
		s.flushSoon(q.until, s.now())
		return
	}
	if settled > s.d.Committed.Query(ReviveGroup, topic, q.id) {
		q.commit, q.until = settled, q.end
	}
}

// noteRevived notes up to which offset a queue is settled, and up to where the log has what came again.
func (s *Service) noteRevived(q *reviveQueue, settled, end int64) {
	_ = s.openJournal(false) // it may wait here
	s.journal.other(&entry{kind: entryRevive, key: laneKey{queue: q.id}, offset: settled, point: point{end: end}})
}

// measure notes how far the revive topic is behind, for the metrics.
func (v *reviver) measure() {
	now, topic := v.s.now(), ReviveTopic(v.s.cfg().BrokerClusterName)
	list := make([]Behind, len(v.queues))
	for i, q := range v.queues {
		list[i].Messages = max(0, v.s.store.MaxOffset(topic, q.id)-q.at) + int64(len(q.order))
		if len(q.order) > 0 {
			list[i].Late = max(0, now-q.order[0].ReviveTime())
		}
	}
	v.behind.Store(&list)
}
