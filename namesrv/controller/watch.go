package controller

import (
	"context"
	"maps"
	"slices"
	"time"

	"gorocket/namesrv/controller/liveness"
	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// maxLooks is how many broker sets may wait for a look at their master; the regular look finds those that do not fit.
const maxLooks = 1024

// heard tells that whoever lives has had the time to say so to this process: brokers send their heartbeats to each
// controller. Java (jRaft): jRaftScanWaitTimeoutMs.
func (s *Server) heard() bool { return s.longAgo || time.Since(s.born) > liveness.DefaultTimeout }

// connClosed takes the brokers of a connection for gone. Event loop.
func (s *Server) connClosed(c *remoting.Conn, _ error) {
	s.gone(s.alive.ConnClosed(c), "its connection was closed")
}

func (s *Server) gone(keys []liveness.Key, why string) {
	for _, k := range keys {
		set, _ := s.sets.Get(k.Broker)
		_, registered := set.Replicas[k.ID]
		s.lines(registered).Warn("gone").Str("cluster", k.Cluster).Str("broker", k.Broker).Int64("id", k.ID).
			Str("reason", why).Msg("broker is not alive any more")
		if registered && set.Master == k.ID {
			s.look(k.Broker)
		}
	}
}

// look has the master of a set looked after soon.
func (s *Server) look(broker string) {
	select {
	case s.looks <- broker:
	default:
	}
}

// watchBrokers looks for silent brokers until ctx ends. Java: DefaultBrokerHeartbeatManager.scanNotActiveBroker.
func (s *Server) watchBrokers(ctx context.Context) {
	var led ledBy
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(millis(s.config().ScanNotActiveBrokerInterval), maxScan)):
			s.gone(s.alive.Expire(time.Now()), "no heartbeat")
			s.noteLeader(&led, time.Now())
		}
	}
}

// ledBy is who was said to lead last. It belongs to watchBrokers.
type ledBy struct {
	id    string
	since time.Time // nobody leads, and that was not said yet; zero: somebody does
	said  bool      // that nobody leads
}

// leaderless is how long an election may take before it is said that nobody leads.
const leaderless = 3 * time.Second

// noteLeader says who leads when that is another controller than before, or nobody any more.
func (s *Server) noteLeader(led *ledBy, now time.Time) {
	p := s.node.Load().Leader()
	switch {
	case p.ID == "" && led.since.IsZero():
		led.since = now
	case p.ID == "" && !led.said && now.Sub(led.since) > leaderless:
		led.id, led.said = "", true
		s.log.Error().Any("members", s.node.Load().Members()).
			Msg("no controller leads: a master that dies now is not replaced; a majority of the members has to run")
	case p.ID != "":
		if led.since, led.said = (time.Time{}), false; p.ID != led.id && p.ID != s.self.ID {
			s.log.Info().Str("id", p.ID).Str("addr", p.Addr).Msg("another controller leads")
		}
		led.id = p.ID
	}
}

// maxScan bounds how long the end of a heartbeat's time goes unnoticed: Java's interval of 5 s adds to the pause.
const maxScan = 100 * time.Millisecond

// elections elects where a master is gone, until ctx ends: when it is told to look, and regularly.
func (s *Server) elections(ctx context.Context) {
	next := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case broker := <-s.looks:
			s.replaceMaster(ctx, broker)
		case <-time.After(time.Until(next)):
			next = time.Now().Add(millis(s.config().ScanInactiveMasterInterval))
			for _, set := range s.sets.All() {
				s.replaceMaster(ctx, set.Broker)
			}
		}
	}
}

// replaceMaster elects another master for a set whose master is not alive while others are. Java: ControllerManager
// .triggerElectMaster, DLedgerController.scanInactiveMasterAndTriggerReelect.
func (s *Server) replaceMaster(ctx context.Context, broker string) {
	if !s.leading() {
		return
	}
	set, known := s.sets.Get(broker)
	living := s.members(broker)
	if !known || set.Master == 0 || len(living) == 0 || replicas.Alive(living, set.Master) {
		return
	}
	for range s.config().ElectMasterMaxRetryCount {
		wait, cancel := context.WithTimeout(ctx, waitTimeout)
		r, err := s.elect(wait, &replicas.Elect{Broker: broker, ID: replicas.NoID})
		cancel()
		if err == nil {
			if r.Set.Master == 0 {
				s.log.Error().Str("broker", broker).Int64("goneMaster", set.Master).Ints64("inSync", r.Set.InSync).
					Ints64("alive", ids(living)).Str("remark", r.Remark).
					Msg("the master is gone, and nobody takes its place: none that was in sync is alive")
			}
			return
		}
		if ctx.Err() != nil || !s.leading() {
			return
		}
		s.log.Error().Err(err).Str("broker", broker).Msg("cannot elect another master")
	}
}

// elect completes an election's command, decides it, and tells the brokers who has won.
func (s *Server) elect(ctx context.Context, e *replicas.Elect) (replicas.Result, error) {
	e.Alive, e.Unclean, e.Settled = s.members(e.Broker), s.config().EnableElectUncleanMaster, s.settled(e.Broker)
	before, _ := s.sets.Get(e.Broker)
	r, err := s.do(ctx, &replicas.Command{Elect: e})
	if err != nil || r.Code != wire.Success {
		return r, err
	}
	s.counts.masters.Add(1)
	s.log.Warn().Str("broker", e.Broker).Int64("master", r.Set.Master).Str("addr", r.Set.MasterAddress()).
		Int32("epoch", r.Set.MasterEpoch).Int64("before", before.Master).Bool("asked", e.Designate).
		Msg("a broker was elected master")
	if !before.Adopted && before.MasterEpoch > 0 && !slices.Contains(before.InSync, r.Set.Master) {
		s.log.Error().Str("broker", e.Broker).Int64("master", r.Set.Master).Ints64("inSync", before.InSync).
			Msg("a replica that was not in sync is master now (enableElectUncleanMaster): acknowledged messages may be lost")
	}
	s.notify(&r.Set)
	return r, nil
}

func ids(list []replicas.Live) []int64 {
	out := make([]int64, 0, len(list))
	for _, l := range list {
		out = append(out, l.ID)
	}
	slices.Sort(out)
	return out
}

// settled tells that the replicas of a set that came from other controllers have had the time to report.
func (s *Server) settled(broker string) bool {
	set, _ := s.sets.Get(broker)
	s.adoptMu.Lock()
	defer s.adoptMu.Unlock()
	if !set.Adopted {
		delete(s.adopted, broker)
		return true
	}
	since, seen := s.adopted[broker]
	if !seen {
		if len(s.adopted) >= replicas.MaxSets { // some were forgotten by an operator before they had an election
			maps.DeleteFunc(s.adopted, func(name string, _ time.Time) bool { _, known := s.sets.Get(name); return !known })
		}
		s.adopted[broker] = time.Now()
		return false
	}
	return time.Since(since) > liveness.DefaultTimeout
}
