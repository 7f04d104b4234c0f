package pop

import (
	"gorocket/broker/filter"
	"gorocket/store"
	"gorocket/store/record"
)

// maxAgain is how often a request is looked at again at once, because there was a message after all, before it waits
// for one that comes.
const maxAgain = 3

// WaitPop lets a pop wait that has found nothing; false when it may not, or not any longer. The error is ErrFull.
func (s *Service) WaitPop(w *Wait, order bool, attempt string) (waiting bool, err error) {
	if waiting, err = s.pops.add(w); !waiting {
		return false, err
	}
	// a message may have come since, or a lane that somebody else popped is free again
	if w.Again < maxAgain && s.ready(w, order, attempt) {
		w.Again++
		s.pops.back(w)
		return true, nil
	}
	w.Again = 0
	return true, nil
}

// ready tells that there is a message to pop, as far as is known without a look at the messages.
func (s *Service) ready(w *Wait, order bool, attempt string) bool {
	t := s.d.Topics.Get(w.Topic)
	if t == nil {
		return false
	}
	has := func(topic string, queue int32) bool {
		return !(order && s.orders.blocked(laneKey{topic, w.Group, queue}, attempt, s.now())) &&
			s.laneReady(topic, w.Group, queue)
	}
	if w.QueueID >= 0 && has(w.Topic, w.QueueID) {
		return true
	}
	for q := range int32(t.ReadQueueNums) {
		if w.QueueID < 0 && has(w.Topic, q) {
			return true
		}
	}
	return !order && s.eachRetry(w.Topic, w.Group, func(topic string, queue int32) bool {
		return s.laneReady(topic, w.Group, queue)
	})
}

// eachRetry visits the queues of the retry topics that a pop of a topic looks into, until visit returns true, which it
// returns.
func (s *Service) eachRetry(topic, group string, visit func(topic string, queue int32) bool) bool {
	c := s.cfg()
	for _, v2 := range [...]bool{true, false} {
		if v2 && !c.EnableRetryTopicV2 || !v2 && c.EnableRetryTopicV2 && !c.RetrieveMessageFromPopRetryTopicV1 {
			continue
		}
		t := s.d.Topics.Get(RetryTopic(topic, group, v2))
		if t == nil {
			continue
		}
		for q := range int32(t.ReadQueueNums) {
			if visit(t.TopicName, q) {
				return true
			}
		}
	}
	return false
}

// laneReady tells that a pop of a lane would find something.
func (s *Service) laneReady(topic, group string, queue int32) bool {
	committed := s.d.Committed.Query(group, topic, queue)
	l := s.lanes.get(topic, group, queue)
	if l == nil {
		return s.store.MaxOffset(topic, queue) > max(0, committed)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := s.cfg()
	if l.reading || l.size() >= c.PopCkOffsetMaxQueueSize || s.points.Load() > 2*int64(c.PopCkMaxBufferSize) {
		return false // who gives it back wakes somebody
	}
	return s.store.MaxOffset(topic, queue) > max(0, l.position(committed))
}

// Arrived wakes who waits for a message. It runs in the appender, often on an event loop.
func (s *Service) Arrived(topic string, queue int32, offset, tagsCode int64, rec []byte) {
	if s.pops.count.Load() == 0 && s.asks.count.Load() == 0 {
		return
	}
	if isRetry(topic) {
		s.retryArrived(topic, queue, rec)
		return
	}
	every := int64(s.cfg().PopLongPollingForceNotifyInterval)
	force := every > 0 && offset%every == 0
	wants := func(w *Wait) bool {
		return force || w.Sub == nil || w.Sub.MatchTagsCode(tagsCode) && w.Sub.MatchRecord(rec)
	}
	s.pops.arrived(topic, "", queue, wants)
	s.asks.arrived(topic, "", queue, wants)
}

// retryArrived wakes a group for a message that comes again.
func (s *Service) retryArrived(topic string, queue int32, rec []byte) {
	m, err := record.Decode(rec)
	if err != nil {
		return
	}
	origin, ok := m.Property(propOriginGroup)
	if !ok {
		return
	}
	group := string(origin)
	normal := normalTopic(topic, group)
	if normal == topic { // of a group that pulls
		return
	}
	s.pops.arrived(normal, group, queue, nil)
	s.asks.arrived(normal, group, queue, nil)
}

// Notification asks whether there are messages.
type Notification struct {
	Reader
	PollTime   int64 // ms
	Born       int64 // ms since 1970
	Order      bool
	AttemptID  string
	Expression string
	Kind       string
}

// Notify tells whether there are messages to pop. sub is what the request asks for, nil for everything. It may read
// files. Errors are *service.Refusal. Java: NotificationProcessor.
func (s *Service) Notify(n *Notification) (has bool, w *Wait, err error) {
	c := s.cfg()
	if !mayRead(c.BrokerPermission) {
		return false, nil, notPeeking(c.BrokerIP1)
	}
	if err = s.checkReader(&n.Reader); err != nil {
		return false, nil, err
	}
	w = &Wait{Topic: n.Topic, Group: n.Group, QueueID: n.QueueID, Until: n.Born + n.PollTime}
	if c.UseMessageFilterForNotification && n.Kind != "" && n.Expression != "" {
		if w.Sub, err = s.subscribed(n.Group, n.Topic, n.Expression, n.Kind); err != nil {
			return false, nil, err
		}
	}
	return s.anything(n, w), w, nil
}

// Polling is how many pops wait for exactly this queue, or with a negative one for all queues. Errors are
// *service.Refusal. Java: PollingInfoProcessor.
func (s *Service) Polling(r *Reader) (int, error) {
	if c := s.cfg(); !mayRead(c.BrokerPermission) {
		return 0, notPeeking(c.BrokerIP1)
	}
	if err := s.checkReader(r); err != nil {
		return 0, err
	}
	return s.pops.size(laneKey{r.Topic, r.Group, r.QueueID}), nil
}

// WaitNotification lets a notification wait that has found nothing, as WaitPop does.
func (s *Service) WaitNotification(n *Notification, w *Wait) (waiting bool, err error) {
	if waiting, err = s.asks.add(w); !waiting {
		return false, err
	}
	if w.Again < maxAgain && s.anything(n, w) {
		w.Again++
		s.asks.back(w)
		return true, nil
	}
	w.Again = 0
	return true, nil
}

// anything tells whether there is a message for a notification.
func (s *Service) anything(n *Notification, w *Wait) bool {
	t := s.d.Topics.Get(n.Topic)
	if t == nil {
		return false
	}
	for q := range int32(t.ReadQueueNums) {
		if (n.QueueID < 0 || n.QueueID == q) && s.waitsIn(n, w, n.Topic, q) {
			return true
		}
	}
	return s.eachRetry(n.Topic, n.Group, func(topic string, queue int32) bool {
		return s.waitsIn(n, &Wait{}, topic, queue)
	})
}

// waitsIn tells whether a queue has a message for a notification.
func (s *Service) waitsIn(n *Notification, w *Wait, topic string, queue int32) bool {
	if n.Order && s.orders.blocked(laneKey{n.Topic, n.Group, queue}, n.AttemptID, s.now()) {
		return false
	}
	offset := s.peekAt(topic, n.Group, queue)
	rest := s.store.MaxOffset(topic, queue) - offset
	if rest <= 0 || w.Sub == nil || w.Sub.All || !filter.IsTag(w.Sub.ExpressionType) ||
		rest >= int64(s.cfg().MaxMessageFilterNumForNotification) {
		return rest > 0
	}
	var res store.GetResult
	s.store.Get(&store.GetQuery{Topic: topic, QueueID: queue, Offset: offset, MaxCount: 1, Filter: w.Sub}, &res)
	defer res.Release()
	return res.Status == store.Found
}

// peekAt is where the next pop of a queue would begin.
func (s *Service) peekAt(topic, group string, queue int32) int64 {
	committed := s.d.Committed.Query(group, topic, queue)
	if committed < 0 {
		committed = s.store.MinOffset(topic, queue)
	}
	if l := s.lanes.get(topic, group, queue); l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.position(committed)
	}
	return committed
}
