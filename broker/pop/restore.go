package pop

import (
	"errors"
	"io/fs"
	"strings"

	"gorocket/store"
	"gorocket/store/record"
)

// restore takes over what a journal says that a kill has left, and begins a new one. Without one, the first who pops
// begins one. Nobody pops yet.
func (s *Service) restore() (err error) {
	if !s.journals() {
		return nil
	}
	list, err := s.journal.list()
	if err != nil || len(list) == 0 {
		return err
	}
	seq := uint64(1)
	r := restorer{s: s, known: map[laneKey]bool{}, ends: map[laneKey]int{}}
	for _, take := range []func([]byte) error{r.end, r.take} {
		r.entries = 0
		for _, old := range list {
			seq = old + 1
			r.numbers = map[uint32]*lane{}
			err = errors.Join(err, s.journal.each(old, take))
		}
	}
	if err = errors.Join(err, r.finish()); err != nil {
		s.d.Log.Error().Err(err).Str("dir", s.journal.dir).
			Msg("not all of the journal of POP can be read: what is lacking is popped again")
	}
	if r.entries > 0 {
		s.d.Log.Info().Int("entries", r.entries).Int("outdated", r.outdated).Int64("checkPoints", s.points.Load()).
			Msg("what was popped before a kill is known again")
	}
	s.noted.Store(true)
	return s.journal.begin(seq)
}

// Discard deletes the journal: everything that it says is on disk elsewhere, or is another broker's business now. Only
// while the service is stopped.
func (s *Service) Discard() error {
	if s.d.FS == nil || s.serves.Load() {
		return nil
	}
	s.journal.end()
	err := s.journal.remove(^uint64(0))
	if e := s.d.FS.Remove(s.d.Dir); err == nil && !errors.Is(e, fs.ErrNotExist) {
		err = e
	}
	return err
}

// restorer takes over entries of a journal.
type restorer struct {
	s        *Service
	numbers  map[uint32]*lane // of the file that is read
	known    map[laneKey]bool // lanes that are looked at: whether they are those that the journal means
	late     []restoredAck
	ends     map[laneKey]int // of topics and groups that were deleted: up to which entry nothing counts
	entries  int
	outdated int
}

// end notes where something was deleted.
func (r *restorer) end(b []byte) error {
	r.entries++
	if len(b) == 0 || b[0] != entryForget {
		return nil
	}
	var e entry
	if err := e.parse(b); err != nil {
		return nil // take tells it
	}
	r.ends[e.key] = r.entries
	return nil
}

// over tells whether what an entry is about was deleted since.
func (r *restorer) over(k *laneKey) bool {
	return len(r.ends) > 0 && r.entries < max(r.ends[laneKey{topic: k.topic}], r.ends[laneKey{group: k.group}])
}

// restoredAck is an acknowledgement that came when its point was being stored, and may not have been stored itself.
type restoredAck struct {
	lane *lane
	lateAck
}

// take takes over one entry. An error says that the file is damaged from there on.
func (r *restorer) take(b []byte) error {
	var e entry
	if err := e.parse(b); err != nil {
		return err
	}
	r.entries++
	switch e.kind {
	case entryForget:
		return nil
	case entryOrder:
		r.order(&e)
		return nil
	case entryRevive:
		r.revived(&e)
		return nil
	case entryLane:
		l := r.s.lanes.lock(e.key.topic, e.key.group, e.key.queue)
		l.used = r.s.now()
		l.mu.Unlock()
		r.numbers[e.lane] = l
		return nil
	}
	l := r.numbers[e.lane]
	if l == nil {
		return errEntry
	}
	if r.over(&l.laneKey) {
		r.outdated++
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e.kind {
	case entryPoint:
		r.point(l, &e.point)
	case entryAck:
		r.ack(l, &e.point)
	case entryStored:
		r.stored(l, &e.point)
	case entryDrop:
		r.s.points.Add(-int64(l.drop()))
		if e.offset >= 0 {
			r.s.tableFull(r.s.d.Committed.Commit(l.group, l.topic, l.queue, e.offset))
		}
	}
	r.s.settle(l)
	return nil
}

// point takes over a point, unless the group has passed it already, or it means nothing here.
func (r *restorer) point(l *lane, p *point) {
	s := r.s
	if p.state == pointStoring {
		p.state = pointHeld
	}
	if p.end > s.store.MaxPhyOffset() { // the log has lost that it is stored
		p.end = 0
		if p.state == pointStored {
			p.state = pointHeld
		}
	}
	if old := l.find(p.start, p.popTime); old != nil {
		old.bits |= p.bits
		old.state, old.end = max(old.state, p.state), max(old.end, p.end)
		return
	}
	if p.next <= s.d.Committed.Query(l.group, l.topic, l.queue) || p.next > s.store.MaxOffset(l.topic, l.queue) ||
		!r.isMeant(l, p) {
		r.outdated++
		return
	}
	for l.size() > 0 && p.start < l.points[len(l.points)-1].next { // they were not handed out, or before a reset
		l.points = l.points[:len(l.points)-1]
		s.points.Add(-1)
	}
	first := l.size() == 0
	l.push(*p)
	s.points.Add(1)
	if p.state == pointHeld {
		due := p.dueAt(int64(s.cfg().PopCkStayBufferTime), int64(s.cfg().PopCkStayBufferTimeOut))
		if l.due == 0 || due < l.due {
			l.due = max(1, due)
		}
	}
	if first {
		s.lanes.activate(l)
	}
}

// clockSlack is by how much the clock may have been set back between a message and its pop, ms.
const clockSlack = 10_000

// isMeant tells whether a lane is the one that was popped: Java's broker may have deleted the topic since, and made it
// again.
func (r *restorer) isMeant(l *lane, p *point) bool {
	if p.num == 0 {
		return true
	}
	meant, looked := r.known[l.laneKey]
	if looked {
		return meant
	}
	var res store.GetResult
	r.s.store.Get(&store.GetQuery{Topic: l.topic, QueueID: l.queue, Offset: p.offsetOf(0), MaxCount: 1}, &res)
	defer res.Release()
	if len(res.Slices) == 0 {
		return false // this one is no more; the next may be
	}
	m, err := record.Decode(res.Slices[0])
	meant = err == nil && m.StoreTimestamp <= p.popTime+clockSlack &&
		r.s.d.Topics.Get(l.topic) != nil && r.s.d.Groups.Get(l.group) != nil
	r.known[l.laneKey] = meant
	return meant
}

// ack takes over acknowledgements, if the log has what makes them count.
func (r *restorer) ack(l *lane, e *point) {
	p := l.find(e.start, e.popTime)
	if p == nil || e.end > r.s.store.MaxPhyOffset() {
		return
	}
	p.bits |= e.bits & p.full()
	p.end = max(p.end, e.end)
	if p.state == pointHeld && p.bits == p.full() {
		p.state = pointDone
	}
}

// stored takes over that a point was stored, with those bits.
func (r *restorer) stored(l *lane, e *point) {
	p := l.find(e.start, e.popTime)
	if p == nil || e.end > r.s.store.MaxPhyOffset() {
		return
	}
	if offsets := p.offsets(p.bits &^ e.bits); offsets != nil {
		r.late = append(r.late, restoredAck{l, r.s.late(l, p, offsets)})
	}
	p.state, p.end = pointStored, max(p.end, e.end)
}

// order takes over what was popped in order of a queue, unless the group is further on.
func (r *restorer) order(e *entry) {
	s := r.s
	if r.over(&e.key) || s.d.Topics.Get(e.key.topic) == nil || s.d.Groups.Get(e.key.group) == nil ||
		e.offset < s.d.Committed.Query(e.key.group, e.key.topic, e.key.queue) ||
		e.offset > s.store.MaxOffset(e.key.topic, e.key.queue) {
		r.outdated++
		return
	}
	s.orders.restore(e.key, e.order, s.now())
	if e.offset >= 0 {
		s.tableFull(s.d.Committed.Commit(e.key.group, e.key.topic, e.key.queue, e.offset))
	}
}

// revived takes over how far a queue of the revive topic is settled, if the log has what came again.
func (r *restorer) revived(e *entry) {
	s := r.s
	topic := ReviveTopic(s.cfg().BrokerClusterName)
	if e.point.end <= s.store.MaxPhyOffset() && e.offset < s.store.MaxOffset(topic, e.key.queue) {
		_, _ = s.d.Committed.Forward(ReviveGroup, topic, e.key.queue, e.offset) // as in noteSettled
	}
}

// finish stores the acknowledgements that may not have been, and settles what can be.
func (r *restorer) finish() (err error) {
	end := int64(0)
	for i := range r.late {
		at, e := r.s.storeAck(&r.late[i].acked, int32(r.late[i].queue), r.late[i].invisible, false)
		end, err = max(end, at), errors.Join(err, e)
	}
	return errors.Join(err, r.s.publish(end))
}

// ForgetTopic forgets what was popped of a topic that is deleted.
func (s *Service) ForgetTopic(topic string) {
	s.journal.other(&entry{kind: entryForget, key: laneKey{topic: strings.Clone(topic)}})
	s.forget(func(k laneKey) bool { return k.topic == topic })
}

// ForgetGroup forgets what a group that is deleted has popped.
func (s *Service) ForgetGroup(group string) {
	s.journal.other(&entry{kind: entryForget, key: laneKey{group: strings.Clone(group)}})
	s.forget(func(k laneKey) bool { return k.group == group })
}
