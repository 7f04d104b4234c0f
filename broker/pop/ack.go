package pop

import (
	"errors"
	"fmt"
	"slices"

	"gorocket/broker/service"
	"gorocket/store"
)

// Ack acknowledges one message.
type Ack struct {
	Group, Topic string // the topic may be a retry topic
	QueueID      int32
	Offset       int64  // queue offset of the message
	Handle       string // see ParseHandle
	Peer         string // ip:port, for texts
	NoWait       bool   // on an event loop: service.ErrWouldWait instead of reading files

	End int64 // commit log offset to publish before it is answered; 0: none
}

// Ack takes an acknowledgement. Errors are service.ErrWouldWait and *service.Refusal. Handles that mean nothing here
// (any more) are no error, as in Java. Java: AckMessageProcessor.
func (s *Service) Ack(a *Ack) error {
	a.End = 0
	if err := s.checkQueue(a.Topic, a.QueueID, a.Peer); err != nil {
		return err
	}
	h, bad := ParseHandle(a.Handle)
	key, held := laneKey{a.Topic, a.Group, a.QueueID}, false
	if bad == nil && !h.InOrder() {
		var known bool
		if held, known = s.settleHeld(key, &h, 0, a.Offset); known {
			return nil // one of those that were handed out: it is within the queue
		}
	}
	least, most, err := s.bounds(a.Topic, a.QueueID, a.NoWait)
	if err != nil {
		return err
	}
	if a.Offset < least || a.Offset > most {
		return refuse(service.NoMessage, fmt.Sprintf("offset is illegal, key:%s@%d, commit:%d, store:%d~%d", a.Topic,
			a.QueueID, a.Offset, least, most))
	}
	switch {
	case bad != nil:
		return refuse(service.Failed, bad.Error())
	case h.InOrder():
		if err = s.openJournal(a.NoWait); err != nil {
			return err
		}
		return s.ackInOrder(key, a.Offset, &h, a.Peer)
	case held:
		return nil // it was not handed out
	}
	acked := Acked{Offset: a.Offset, Start: h.Start, Group: a.Group, Topic: a.Topic, QueueID: a.QueueID,
		PopTime: h.PopTime, Broker: h.Broker}
	a.End, err = s.keepAck(&acked, &h, a.NoWait)
	return err
}

// checkQueue looks at topic and queue in Java's order.
func (s *Service) checkQueue(topic string, queue int32, peer string) error {
	t := s.d.Topics.Get(topic)
	if t == nil {
		return noTopic(topic)
	}
	if queue < 0 || int(queue) >= t.ReadQueueNums {
		return refuse(service.IllegalMessage, badQueue(&Reader{Topic: topic, QueueID: queue, Peer: peer, topic: t}))
	}
	return nil
}

// bounds are the smallest offset of a queue and the one behind its newest message.
func (s *Service) bounds(topic string, queue int32, noWait bool) (least, most int64, err error) {
	least, hot := s.store.HotMinOffset(topic, queue)
	if !hot {
		if noWait {
			return 0, 0, service.ErrWouldWait
		}
		least = s.store.MinOffset(topic, queue)
	}
	return least, s.store.MaxOffset(topic, queue), nil
}

// settleHeld sets the bits of messages whose check point is in memory only, which found tells, and known, that it has
// one of them. Otherwise an acknowledgement has to be stored. end is a commit log offset up to which the log has to be
// on disk before the offset behind them may be committed; 0: none.
func (s *Service) settleHeld(key laneKey, h *Handle, end int64, offsets ...int64) (found, known bool) {
	l := s.lanes.get(key.topic, key.group, key.queue)
	if l == nil || h.Broker != s.cfg().BrokerName {
		return false, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.find(h.Start, h.PopTime)
	if p == nil || p.state == pointStored {
		return false, false
	}
	bits := uint32(0)
	for _, offset := range offsets {
		if i := p.indexOf(offset); i >= 0 {
			bits |= 1 << i
			known = true
		}
	}
	s.noteAck(l, p, bits&^p.bits, end)
	p.bits |= bits
	p.end = max(p.end, end)
	if p.state == pointHeld && p.bits == p.full() {
		p.state = pointDone
		if p == &l.points[l.head] {
			s.settle(l)
		}
	}
	return true, known
}

// keepAck stores an acknowledgement and returns the commit log offset behind it. One that can mean nothing here is left
// out. Errors are service.ErrWouldWait; that it cannot be stored is none, as in Java: its message comes again.
func (s *Service) keepAck(a *Acked, h *Handle, noWait bool) (end int64, err error) {
	if !s.means(h) || s.d.Groups.Get(a.Group) == nil {
		return 0, nil
	}
	end, err = s.storeAck(a, h.ReviveQueue, h.Invisible, noWait)
	switch {
	case errors.Is(err, store.ErrWouldWait):
		return 0, service.ErrWouldWait
	case err != nil:
		s.d.Throttled.Warn("pop.ack").Err(err).Str("topic", a.Topic).Str("group", a.Group).
			Msg("an acknowledgement cannot be stored: its message comes again")
		return 0, nil
	}
	return end, nil
}

// means tells that a handle can be one of this broker: check points of others are not in its revive topic.
func (s *Service) means(h *Handle) bool {
	c := s.cfg()
	return orOwn(h.Broker, c.BrokerName) == c.BrokerName && h.ReviveQueue >= 0 && int(h.ReviveQueue) < c.ReviveQueueNum &&
		h.Invisible >= 0 && h.Invisible <= int64(c.TimerMaxDelaySec)*1000
}

// ackInOrder takes the acknowledgement of a message that was popped in order. Java: ackOrderly.
func (s *Service) ackInOrder(key laneKey, offset int64, h *Handle, peer string) error {
	if offset < s.d.Committed.Query(key.group, key.topic, key.queue) {
		return nil
	}
	now := s.now()
	next, blocked := s.orders.ack(key, offset, h.PopTime, now)
	if next == ackOld || s.d.Groups.Get(key.group) == nil {
		return nil
	}
	if next == ackUnknown {
		return refuse(service.IllegalMessage, fmt.Sprintf("offset is illegal, key:%s@%s@%d, old:%d, commit:%d, next:%d, /%s",
			key.topic, key.group, key.queue, s.d.Committed.Query(key.group, key.topic, key.queue), offset, next, peer))
	}
	if !blocked {
		s.pops.either(key)
	}
	return nil
}

// maxBatchAcks is how many check points one request acknowledges.
const maxBatchAcks = 4096

// AckBatch acknowledges messages of several check points, by the body of a request. It returns the commit log offset to
// publish. Errors are *service.Refusal. It may read files. Java: AckMessageProcessor, BATCH_ACK_MESSAGE.
func (s *Service) AckBatch(body []byte, peer string) (end int64, err error) {
	var broker string
	var acks []BatchAck
	if len(body) > 0 {
		if broker, acks, err = ParseBatchAcks(body); err != nil {
			return 0, refuse(service.Failed, err.Error())
		}
	}
	switch {
	case len(acks) == 0:
		return 0, refuse(service.NoMessage, "")
	case len(acks) > maxBatchAcks:
		return 0, refuse(service.Failed, fmt.Sprintf("%d entries of acks, more than %d", len(acks), maxBatchAcks))
	}
	var illegal error
	for i := range acks {
		at, err := s.ackSeveral(&acks[i], broker, peer)
		var r *service.Refusal
		if errors.As(err, &r) && r.Reason == service.IllegalMessage {
			illegal = err // Java goes on, and answers the last one of these
			continue
		}
		if end = max(end, at); err != nil {
			return end, err
		}
	}
	return end, illegal
}

// ackSeveral takes one entry of a batch.
func (s *Service) ackSeveral(b *BatchAck, broker, peer string) (end int64, err error) {
	topic, ok := realTopic(b.Topic, b.Group, b.Retry)
	if !ok {
		return 0, refuse(service.Failed, "java.lang.IllegalArgumentException: getRetry fail, format is wrong")
	}
	if s.checkQueue(topic, b.QueueID, peer) != nil {
		return 0, nil
	}
	h := Handle{Start: b.Start, PopTime: b.PopTime, Invisible: b.Invisible, ReviveQueue: b.ReviveQueue, Broker: broker}
	least, most, err := s.bounds(topic, b.QueueID, false)
	if err != nil {
		return 0, err
	}
	offsets := b.offsets(least, most)
	if h.InOrder() {
		if err = s.openJournal(false); err != nil {
			return 0, err
		}
		for _, offset := range offsets {
			if e := s.ackInOrder(laneKey{topic, b.Group, b.QueueID}, offset, &h, peer); e != nil {
				err = e
			}
		}
		return 0, err
	}
	if len(offsets) == 0 {
		return 0, nil
	}
	if found, _ := s.settleHeld(laneKey{topic, b.Group, b.QueueID}, &h, 0, offsets...); found {
		return 0, nil
	}
	acked := Acked{Offset: -1, Offsets: offsets, Start: b.Start, Group: b.Group, Topic: topic, QueueID: b.QueueID,
		PopTime: b.PopTime, Broker: broker}
	return s.keepAck(&acked, &h, false)
}

// offsets are the queue offsets of the bits, from least to most: as many as a check point has, at most.
func (b *BatchAck) offsets(least, most int64) (list []int64) {
	for i := range len(b.Bits) * 8 {
		if b.Bits[i/8]&(1<<(i%8)) == 0 {
			continue
		}
		if offset := b.Start + int64(i); offset >= least && offset <= most {
			if list = append(list, offset); len(list) == maxOrdered {
				break
			}
		}
	}
	return slices.Clip(list)
}
