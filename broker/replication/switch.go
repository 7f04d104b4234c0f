package replication

import (
	"gorocket/store/epoch"
	"gorocket/store/ha"
)

// Switch is what a group has whose master may change (enableControllerMode), see broker/replicas. Its functions may be
// called by any goroutine.
type Switch struct {
	ID     func() int64   // of this broker
	Epochs *epoch.File    // who wrote the log
	Others func() []int64 // the brokers that have to have a message before it counts as kept, without this one
	Look   func()         // a slave came, caught up or went; it does not block
	// Truncate is told that the end of this slave's log has to go, which the store does when it is opened. It does not
	// block
	Truncate func(*ha.TruncateError)
}

func (s *Service) looked() {
	if s.d.Switch != nil {
		s.d.Switch.Look()
	}
}

// switchMaster is what a master tells its slaves; nil without controllers.
func (s *Service) switchMaster() *ha.SwitchMaster {
	if s.d.Switch == nil {
		return nil
	}
	return &ha.SwitchMaster{Epochs: s.d.Switch.Epochs.List, Confirm: s.d.Store().Confirmed}
}

// switchSlave is what a slave says, and does with what it hears; nil without controllers.
func (s *Service) switchSlave() *ha.SwitchSlave {
	if s.d.Switch == nil {
		return nil
	}
	c := s.d.Settings()
	return &ha.SwitchSlave{ID: s.d.Switch.ID(), Learner: c.AsyncLearner, LastFile: c.SyncFromLastFile,
		Epochs: s.d.Switch.Epochs, Min: s.d.Store().MinPhyOffset,
		Confirmed: s.d.Store().SetConfirmed, ConfirmedTo: s.d.Store().Confirmed}
}

// confirmSet moves the confirm offset to what all brokers have that count, and the position on which acknowledgements
// wait: to the same with allAckInSyncStateSet, else to what inSyncReplicas of them have. While one that counts does not
// follow, the confirm offset stays where it is. Java: AutoSwitchHAService.computeConfirmOffset, GroupTransferService.
func (s *Service) confirmSet() {
	m := s.running()
	if m == nil {
		return
	}
	s.confirming.Lock() // who counts is read again by whoever comes later
	defer s.confirming.Unlock()
	st, c := s.d.Store(), s.d.Settings()
	others := s.d.Switch.Others()
	st.SetAlone(len(others) == 0)
	offset, all := m.ConfirmedBy(others)
	if all && len(others) > 0 { // else the store knows
		st.SetConfirmed(offset)
	}
	if !c.AllAckInSyncStateSet {
		offset, all = m.ConfirmedAmong(others, c.InSyncReplicas-1)
	}
	if all {
		st.Confirm(offset)
	}
}

// AllHave tells whether all brokers that count have this master's log up to an offset.
func (s *Service) AllHave(end int64) bool {
	m := s.running()
	if m == nil {
		return true
	}
	offset, all := m.ConfirmedBy(s.d.Switch.Others())
	return all && offset >= end
}

// Slaves are those that follow this master's log now; none on a slave.
func (s *Service) Slaves() []ha.SlaveState {
	if m := s.running(); m != nil {
		return m.State().Slaves
	}
	return nil
}

// Follow says who is master now, host:port of its remoting port, before Start or while a slave runs; where its
// haListenPort is has to be found anew.
func (s *Service) Follow(addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addr == addr {
		return
	}
	s.addr, s.haAddr = addr, ""
	if s.slave != nil {
		s.tables.Follow(addr)
		s.slave.SetMaster("")
	}
}
