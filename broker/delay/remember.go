package delay

import (
	"gorocket/store/delivered"
	"gorocket/store/dispatch"
)

// remember looks in the log for what was delivered and is not noted in the positions: after a kill, or when a slave has
// become master, these are behind. Java delivers that again.
func (s *Levels) remember() {
	s.copies = nil
	since, from, any := int64(0), int64(0), false
	for _, l := range s.levels {
		l.upTo = s.d.Store().MaxOffset(dispatch.ScheduleTopic, l.number-1)
		at, source, ok := s.overdue(l)
		if ok && (!any || at < since) {
			since = at
		}
		if ok && (!any || source < from) {
			from = source
		}
		any = any || ok
	}
	if !any {
		return
	}
	var err error
	if s.copies, err = delivered.Since(s.d.Store(), since, from); err != nil {
		s.d.Throttled.Warn("delay").Err(err).Msg("cannot look for delayed messages that are delivered; some may come again")
	}
	if n, forgotten := s.copies.Len(); n > 0 {
		s.d.Throttled.Warn("delay").Int("delivered", n).Int64("notLookedAt", forgotten).
			Msg("delayed messages whose copies are in the log do not come again")
	}
}

// overdue is the time (ms) before which no message of a level was delivered that is still to be delivered, and the log
// offset of the first of these; ok is false when none is due.
func (s *Levels) overdue(l *delayLevel) (since, source int64, ok bool) {
	at := max(l.offset.Load(), s.d.Store().MinOffset(dispatch.ScheduleTopic, l.number-1))
	source, _, due, ok := s.d.Store().OffsetInQueue(dispatch.ScheduleTopic, l.number-1, at)
	now := s.d.Now().UnixMilli()
	switch {
	case !ok:
		return 0, 0, false
	case due > now+l.delay.Milliseconds(): // a clock that went back: it is delivered now
		return s.d.Store().StoreTimeAt(dispatch.ScheduleTopic, l.number-1, at), source, true
	}
	return due, source, due <= now
}
