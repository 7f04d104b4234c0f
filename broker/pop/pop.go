package pop

import (
	"math/rand/v2"
	"strconv"

	"gorocket/broker/clients"
	"gorocket/broker/service"
	"gorocket/remoting/protocol"
	"gorocket/store"
)

// Pop is one request for messages, and what it found. The caller owns it; it may be used again after Release.
type Pop struct {
	Reader
	MaxCount   int32
	Invisible  int64 // ms; what the outcome says may be less
	PollTime   int64 // how long the pop may wait, ms
	Born       int64 // when it was sent, ms since 1970
	Newest     bool  // a group without an offset begins with the newest message, not with the oldest (initMode MAX)
	Expression string
	Kind       string // of the expression
	Order      bool
	AttemptID  string
	NoWait     bool // on an event loop: service.ErrWouldWait instead of reading files

	PopTime     int64 // ms since 1970
	ReviveQueue int32
	Rest        int64  // messages that are left in the queues that were looked at
	Starts      []byte // startOffsetInfo, as the next two until Release
	Offsets     []byte // msgOffsetInfo
	Counts      []byte // orderCountInfo
	Count       int
	Parts       [][]byte      // the records
	Ranges      []store.Range // the same bytes as Parts in files; nil when some are in no file
	End         int64         // commit log offset to publish before the outcome is told; 0: none
	Sub         *clients.Subscription

	now     int64
	cold    bool               // files would have to be read
	copied  bool               // some of Parts are in no file
	results []*store.GetResult // results[:used] are held until Release
	used    int
	query   store.GetQuery
	scratch []byte // messages that come again
}

// Release gives back what the outcome holds of the log.
func (p *Pop) Release() {
	for _, r := range p.results[:p.used] {
		r.Release()
	}
	clear(p.Parts)
	clear(p.Ranges)
	p.used, p.Parts, p.Ranges = 0, p.Parts[:0], p.Ranges[:0]
}

// begin makes the outcome empty.
func (p *Pop) begin(now int64) {
	p.now, p.PopTime = now, now
	p.Rest, p.Count, p.End, p.cold, p.copied = 0, 0, 0, false, false
	p.Starts, p.Offsets, p.Counts, p.scratch = p.Starts[:0], p.Offsets[:0], p.Counts[:0], p.scratch[:0]
	p.Sub = nil
}

// result is room for one more read.
func (p *Pop) result() *store.GetResult {
	if p.used == len(p.results) {
		p.results = append(p.results, new(store.GetResult))
	}
	p.used++
	return p.results[p.used-1]
}

// left is how many messages the pop still takes.
func (p *Pop) left() int { return int(p.MaxCount) - p.Count }

// Pop checks a request and hands out what there is: Count is 0 when there is nothing. The caller calls Release in
// either case. Errors are service.ErrWouldWait, before anything was handed out, and *service.Refusal. Java:
// PopMessageProcessor.processRequest.
func (s *Service) Pop(p *Pop) (err error) {
	p.begin(s.now())
	if err = s.check(p); err != nil {
		return err
	}
	if p.Sub, err = s.subscribed(p.Group, p.Topic, p.Expression, p.Kind); err != nil {
		return err
	}
	if p.Sub.Expr != nil && p.NoWait {
		return service.ErrWouldWait // evaluating expressions on thousands of messages takes milliseconds
	}
	if err = s.openJournal(p.NoWait); err != nil {
		return err
	}
	c := s.cfg()
	p.Invisible = max(0, min(p.Invisible, int64(c.TimerMaxDelaySec)*1000-1))
	p.ReviveQueue = orderQueue
	if !p.Order {
		p.ReviveQueue = int32(s.next.Add(1) % uint32(c.ReviveQueueNum))
	}
	if s.serves.Load() {
		s.walk(p, rand.IntN(100))
	}
	if p.Count == 0 && p.cold {
		return service.ErrWouldWait
	}
	if p.copied {
		p.Ranges = p.Ranges[:0]
	}
	if p.Count > 0 && p.Rest > 0 {
		s.pops.one(laneKey{p.Topic, p.Group, p.QueueID})
	}
	return nil
}

// walk goes through the queues; dice is a number from 0 to 99. Messages that come again are looked for first, or at the
// end if there is room.
func (s *Service) walk(p *Pop, dice int) {
	c := s.cfg()
	urgent := !p.Order && p.topic.Attributes["message.type"] == "PRIORITY" && dice < s.priorityFactor(p.Group)
	chance := c.PopFromRetryProbability
	if urgent {
		chance = c.PopFromRetryProbabilityForPriority
	}
	again := RetryTopic(p.Topic, p.Group, c.EnableRetryTopicV2)
	if c.EnableRetryTopicV2 && c.RetrieveMessageFromPopRetryTopicV1 && dice%2 == 0 {
		again = RetryTopic(p.Topic, p.Group, false)
	}
	retryFirst := dice < chance
	if urgent {
		dice = 0
	}
	retry := s.d.Topics.Get(again)
	if p.Order {
		retry = nil
	}
	if retryFirst {
		s.walkTopic(p, retry, dice)
	}
	if p.QueueID >= 0 {
		s.popLane(p, p.Topic, p.QueueID)
	} else {
		s.walkTopic(p, p.topic, dice)
	}
	if !retryFirst && p.left() > 0 {
		s.walkTopic(p, retry, dice)
	}
}

// walkTopic pops the queues of a topic, of which there may be none, from a place that dice tells.
func (s *Service) walkTopic(p *Pop, t *protocol.TopicConfig, dice int) {
	if t == nil {
		return
	}
	down := s.cfg().PriorityOrderAsc
	for i := range t.ReadQueueNums {
		if down {
			i = t.ReadQueueNums - 1 - i
		}
		s.popLane(p, t.TopicName, int32((i+dice)%t.ReadQueueNums))
	}
}

// priorityFactor is how many of a hundred pops of a group go by priority. Java: SubscriptionGroupConfig.
func (s *Service) priorityFactor(group string) int {
	g := s.d.Groups.Get(group)
	if g == nil {
		return 100
	}
	n, err := strconv.Atoi(g.Attributes["priority.factor"])
	if err != nil {
		return 100
	}
	return n
}

// popLane pops one queue.
func (s *Service) popLane(p *Pop, topic string, queue int32) {
	l := s.lanes.lock(topic, p.Group, queue)
	offset, drops, ok := s.enter(p, l)
	l.mu.Unlock()
	if !ok {
		return
	}
	defer s.leave(p, l)
	res := p.result()
	p.query = store.GetQuery{Topic: l.topic, QueueID: queue, Offset: offset, MaxCount: p.left(), HotOnly: p.NoWait}
	if !p.Sub.All || p.Sub.Expr != nil {
		p.query.Filter = p.Sub
	}
	s.store.Get(&p.query, res)
	switch res.Status {
	case store.OffsetTooSmall, store.OffsetOverflowBadly, store.OffsetFoundNull:
		if !res.Cold && res.NextBeginOffset != offset {
			offset = s.correct(l, res.NextBeginOffset, &drops)
			p.query.Offset = offset
			s.store.Get(&p.query, res)
		}
	}
	if res.Cold {
		p.cold = true
		return
	}
	if len(res.Slices) > 0 {
		s.handOut(p, l, res, drops)
	} else if moves(res) {
		s.passOver(p, l, res, drops)
	}
	p.Rest += max(0, res.MaxOffset-res.NextBeginOffset)
}

// moves tells that a read that found nothing to hand out says where the next one begins.
func moves(res *store.GetResult) bool {
	switch res.Status {
	case store.NoMatchedMessage, store.OffsetFoundNull, store.MessageWasRemoving, store.NoMatchedLogicQueue:
		return res.NextBeginOffset >= 0
	}
	return false
}

// enter takes the right to pop a lane, and tells from which offset. The caller holds the lane's mu.
func (s *Service) enter(p *Pop, l *lane) (offset int64, drops int, ok bool) {
	l.used = p.now
	if l.reading {
		l.again = true
		if !p.Order {
			s.leaveOut(p, l)
		}
		return 0, 0, false
	}
	c := s.cfg()
	if l.size() >= c.PopCkOffsetMaxQueueSize || s.points.Load() > 2*int64(c.PopCkMaxBufferSize)+int64(wakers) {
		s.leaveOut(p, l)
		return 0, 0, false
	}
	if offset, ok = s.begin(p, l); !ok {
		return 0, 0, false
	}
	if p.Order {
		if s.orders.blocked(l.laneKey, p.AttemptID, p.now) {
			return 0, 0, false
		}
		// an acknowledgement that has just ended the block has committed what is behind its message
		if offset, ok = s.begin(p, l); !ok {
			return 0, 0, false
		}
	}
	if p.left() <= 0 {
		p.Rest += max(0, s.store.MaxOffset(l.topic, l.queue)-offset)
		return 0, 0, false
	}
	l.reading = true
	return offset, l.drops, true
}

// leaveOut counts what a lane has that is not popped now.
func (s *Service) leaveOut(p *Pop, l *lane) {
	committed := max(0, s.d.Committed.Query(l.group, l.topic, l.queue))
	p.Rest += max(0, s.store.MaxOffset(l.topic, l.queue)-l.position(committed))
}

// leave gives the lane back, and wakes a pop if one passed it by.
func (s *Service) leave(p *Pop, l *lane) {
	l.mu.Lock()
	again := l.again
	l.reading, l.again = false, false
	l.mu.Unlock()
	if again {
		s.pops.either(laneKey{p.Topic, p.Group, l.queue})
	}
}

// begin is the offset at which the next pop of a lane begins; false when a file would have to be read for it, which it
// notes, or when there is no room for the group's offset: it would begin there again and again. The caller holds the
// lane's mu.
func (s *Service) begin(p *Pop, l *lane) (int64, bool) {
	if s.d.Committed.HasReset(l.group, l.topic, l.queue) {
		if offset, ok := s.d.Committed.TakeReset(l.group, l.topic, l.queue); ok {
			s.orders.clear(l.laneKey)
			s.empty(l, offset)
			s.tableFull(s.d.Committed.Commit(l.group, l.topic, l.queue, offset))
			return offset, true
		}
	}
	committed := s.d.Committed.Query(l.group, l.topic, l.queue)
	if committed < 0 {
		var hot bool
		if committed, hot = s.initial(p, l); !hot {
			p.cold = true
			return 0, false
		}
		if err := s.d.Committed.Commit(l.group, l.topic, l.queue, committed); err != nil {
			s.tableFull(err)
			return 0, false
		}
	}
	return l.position(committed), true
}

// initial is where a group without an offset begins. Java: PopMessageProcessor.getInitOffset.
func (s *Service) initial(p *Pop, l *lane) (offset int64, hot bool) {
	least, hot := s.store.HotMinOffset(l.topic, l.queue)
	if !hot {
		if p.NoWait {
			return 0, false
		}
		least = s.store.MinOffset(l.topic, l.queue)
	}
	if !p.Newest || isRetry(l.topic) {
		return least, true
	}
	if p.NoWait {
		return 0, false // InMemory may read a file
	}
	if s.cfg().InitPopOffsetByCheckMsgInMem && least <= 0 && s.store.InMemory(l.topic, l.queue, 0) {
		return 0, true
	}
	return max(0, s.store.MaxOffset(l.topic, l.queue)-1), true
}

// empty forgets the points of a lane: it begins anew at an offset. The caller holds its mu.
func (s *Service) empty(l *lane, offset int64) {
	s.points.Add(-int64(l.drop()))
	s.journal.lane(l, &entry{kind: entryDrop, offset: offset})
}

// correct moves a lane to where the queue is, and returns that offset.
func (s *Service) correct(l *lane, offset int64, drops *int) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.drops != *drops {
		return offset
	}
	if n := l.size(); n > 0 && offset < l.points[len(l.points)-1].next { // the queue has become shorter
		s.empty(l, offset)
		*drops = l.drops
	}
	if l.size() == 0 {
		s.tableFull(s.d.Committed.Commit(l.group, l.topic, l.queue, offset))
	}
	return offset
}
