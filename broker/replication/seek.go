package replication

import (
	"context"
	"errors"
	"time"

	"gorocket/broker/worker"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/ha"
)

const (
	seekPeriod = 2 * time.Second // how often a slave looks whether it follows, and how far behind
	sickAfter  = 30 * time.Second
)

// seek asks the NameServers for the master while this slave does not follow one: it may be another machine by now. The
// master that it follows is asked where its log ends, which the protocol of the log does not say.
func (s *Service) seek(stop <-chan struct{}) {
	ctx, cancel := worker.Until(stop)
	defer cancel()
	t := time.NewTicker(s.d.Seek)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
		}
		s.mu.Lock()
		f := s.slave
		s.mu.Unlock()
		if f == nil {
			return
		}
		if s.follows(f) {
			s.askEnd(ctx, f)
		} else {
			s.complain(f)
			s.d.Lost()
		}
	}
}

// complain writes into the log that this slave knows no master: there is no connection that could fail.
func (s *Service) complain(f *ha.Slave) {
	st := f.State()
	s.mu.Lock()
	since := s.lostAt
	s.mu.Unlock()
	if st.Master == "" && !since.IsZero() {
		s.d.Throttled.Warn("no master").Err(unfollowed(st, time.Since(since), s.d.Switch != nil)).Msg("follows nobody")
	}
}

// follows tells whether the slave does, and notes since when it does not. A master that has not said a word on this
// connection may be a process that hangs, or no master: the kernel takes connections without it.
func (s *Service) follows(f *ha.Slave) bool {
	st := f.State()
	connected := st.Connected && !st.LastRead.IsZero() && st.LastRead.UnixMilli() >= st.Since.UnixMilli()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case connected:
		s.lostAt = time.Time{}
	case s.lostAt.IsZero():
		s.lostAt = time.Now()
	}
	return connected
}

// askEnd asks the master where its log ends. Without an answer what is known stays.
func (s *Service) askEnd(ctx context.Context, f *ha.Slave) {
	ctx, cancel := context.WithTimeout(ctx, seekPeriod)
	defer cancel()
	if end, err := s.MasterEnd(ctx); err == nil {
		f.NoteMasterEnd(end)
	}
}

// MasterEnd asks a slave's master where its log ends, as mqadmin haStatus does. An error is that of the call, or that
// there is no master.
func (s *Service) MasterEnd(ctx context.Context) (int64, error) {
	master := s.masterAddr()
	if master == "" {
		return 0, errNoMaster
	}
	resp, err := remoting.Call(ctx, s.d.Client, master, wire.ReqGetBrokerHaStatus, wire.None, new(wire.NoHeader), nil)
	if err != nil {
		return 0, err
	}
	var info protocol.HARuntimeInfo
	if err = compat.Unmarshal(resp.Body, &info); err == nil && !info.Master {
		err = errNoMaster
	}
	return info.MasterCommitLogMaxOffset, err
}

var errNoMaster = errors.New("this slave knows no master")
