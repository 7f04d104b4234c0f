package pop

import (
	"errors"

	"gorocket/broker/service"
	"gorocket/store"
)

// Change asks that a message that was popped is invisible for some time from now on.
type Change struct {
	Ack
	Invisible int64 // ms; what the outcome says may be less
	Suspend   bool  // coming again does not count as a further consumption

	PopTime     int64 // of the new handle, ms since 1970, as the next two; all are 0 when nothing has changed
	ReviveQueue int32
}

// Change notes a new time, by a check point of its own for the message, and acknowledges the old one. Errors are
// service.ErrWouldWait and *service.Refusal. Java: ChangeInvisibleTimeProcessor.
func (s *Service) Change(c *Change) error {
	c.End, c.PopTime, c.ReviveQueue = 0, 0, 0
	asked := c.Invisible
	c.Invisible = 0
	if err := s.checkQueue(c.Topic, c.QueueID, c.Peer); err != nil {
		return err
	}
	least, most, err := s.bounds(c.Topic, c.QueueID, c.NoWait)
	if err != nil {
		return err
	}
	if c.Offset < least || c.Offset >= most {
		return refuse(service.NoMessage, "")
	}
	h, err := ParseHandle(c.Handle)
	if err != nil {
		return refuse(service.Failed, err.Error())
	}
	asked = max(0, min(asked, int64(s.cfg().TimerMaxDelaySec)*1000-1))
	if h.InOrder() {
		s.changeInOrder(c, &h, asked)
		return nil
	}
	now := max(s.now(), h.PopTime+1) // the new check point is not to be taken for the old one
	if s.means(&h) && s.d.Groups.Get(c.Group) != nil {
		err = s.changeStored(c, &h, asked, now)
	}
	c.Invisible, c.PopTime, c.ReviveQueue = asked, now, h.ReviveQueue
	return err
}

// changeStored stores the new check point, and then the acknowledgement of the old one: so a kill between them brings
// the message twice, but never loses it.
func (s *Service) changeStored(c *Change, h *Handle, invisible, now int64) error {
	next := CheckPoint{Start: c.Offset, PopTime: now, Invisible: invisible, Num: 1, QueueID: c.QueueID, Topic: c.Topic,
		Group: c.Group, Diffs: []int32{0}, Broker: s.cfg().BrokerName, Suspend: c.Suspend}
	end, err := s.storeCheckPoint(&next, h.ReviveQueue, c.NoWait)
	switch {
	case errors.Is(err, store.ErrWouldWait):
		return service.ErrWouldWait
	case err != nil:
		return refuse(service.Failed, err.Error())
	}
	c.End = end
	if found, _ := s.settleHeld(laneKey{c.Topic, c.Group, c.QueueID}, h, end, c.Offset); found {
		return nil
	}
	acked := Acked{Offset: c.Offset, Start: h.Start, Group: c.Group, Topic: c.Topic, QueueID: c.QueueID,
		PopTime: h.PopTime, Broker: h.Broker}
	at, err := s.keepAck(&acked, h, false)
	c.End = max(c.End, at)
	return err
}

// changeInOrder notes when a message that was popped in order becomes visible. Java:
// processChangeInvisibleTimeForOrder.
func (s *Service) changeInOrder(c *Change, h *Handle, invisible int64) {
	if c.Offset < s.d.Committed.Query(c.Group, c.Topic, c.QueueID) {
		return
	}
	_ = s.openJournal(false) // it may wait here
	now := s.now()
	s.orders.change(laneKey{c.Topic, c.Group, c.QueueID}, c.Offset, h.PopTime, now+invisible, now)
	c.Invisible, c.PopTime, c.ReviveQueue = now+invisible-h.PopTime, h.PopTime, h.ReviveQueue
}
