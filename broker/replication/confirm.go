package replication

import "time"

// Confirm moves the store's confirmed position to what as many brokers have as the mode asks for. It runs when a slave
// has reported more, when one is gone, and when the mode changes.
//
// With enableAutoInSyncReplicas fewer will do from now on when a slave falls out of sync. What is in the log already
// was sent while more were promised: it stays so for slaveTimeout, when nobody waits for it any more. Any
// goroutine.
func (s *Service) Confirm() {
	if s.d.Switch != nil {
		s.confirmSet()
		return
	}
	n := s.d.Needed()
	s.mu.Lock()
	m := s.master
	switch {
	case m == nil:
	case n >= s.needed:
		s.forget()
		s.needed = n
	case s.fewer == nil:
		s.fewer = time.AfterFunc(ms(s.d.Settings().SlaveTimeout), func() {
			s.mu.Lock()
			s.forget()
			s.mu.Unlock()
			s.Confirm()
		})
	}
	slaves := s.needed - 1
	s.mu.Unlock()
	if m != nil {
		s.d.Store().Confirm(m.Confirmed(slaves))
	}
}

// forget lets the next confirm ask for as many brokers as the mode does. Caller holds mu.
func (s *Service) forget() {
	if s.fewer != nil {
		s.fewer.Stop()
	}
	s.needed, s.fewer = 0, nil
}

// InSync is how many brokers of this name are alive and lack less than haMaxGapNotInSync of this master's log, this one
// counted. Java: DefaultHAService.inSyncReplicasNums.
func (s *Service) InSync() int {
	m := s.running()
	if m == nil {
		return 1
	}
	return 1 + m.InSync(s.d.Settings().HAMaxGapNotInSync)
}
