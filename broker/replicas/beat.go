package replicas

import (
	"context"
	"time"

	"gorocket/broker/worker"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// runBeats sends heartbeats until Stop, whatever else this broker waits for.
func (s *Service) runBeats(stop <-chan struct{}) {
	ctx, cancel := worker.Until(stop)
	defer cancel()
	for worker.Rest(s.d.Settings().Beat, stop) {
		s.beat(ctx)
	}
}

// beat tells every controller that this broker is alive, without waiting: one that is slow does not hold up the others.
// Who is not registered, which another one may be that has its id, is silent, and so is a broker whose power was lost,
// see errPowerLost.
func (s *Service) beat(ctx context.Context) {
	s.mu.Lock()
	id, known := s.id, s.known
	s.mu.Unlock()
	st := s.d.Role.State()
	if !known || st.Sick || st.PowerLost && s.Err() == errPowerLost {
		return
	}
	set := s.d.Settings()
	h := wire.BrokerHeartbeatHeader{ClusterName: set.Cluster, BrokerAddr: set.Addr, BrokerName: set.Broker, BrokerID: id,
		Epoch: st.Epoch, MaxOffset: st.End, ConfirmOffset: st.Confirmed, HeartbeatTimeoutMills: set.Timeout.Milliseconds(),
		ElectionPriority: set.Priority}
	for _, addr := range s.ctl.addrs(ctx) {
		if !s.begin(addr) {
			continue
		}
		go func() {
			defer s.end(addr)
			ctx, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			conn, err := s.d.Client.Conn(ctx, addr)
			if err == nil {
				err = remoting.Notify(conn, wire.ReqBrokerHeartbeat, wire.BrokerHeartbeatRequest, &h, nil)
			}
			if err != nil && ctx.Err() == nil {
				s.d.Throttled.Warn("beat "+addr).Err(err).Str("controller", addr).Msg("a controller does not hear this broker")
			}
		}()
	}
}

// begin tells that no heartbeat is on its way to a controller, and that one is now.
func (s *Service) begin(addr string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.beats[addr] {
		return false
	}
	s.beats[addr] = true
	return true
}

func (s *Service) end(addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.beats, addr)
}

// lease is how long a master relies on an answer of a controller that leads, from the question on, in monotonic time.
// They take it for dead after Timeout without a heartbeat: the last one may have come up to a Beat before the
// network broke, and a leader that was cut off with this broker answers until it finds that out. What is left is for
// timers that are late.
func (set Settings) lease() time.Duration {
	return max(set.Timeout-2*set.Beat-set.Timeout/10, set.Timeout/2)
}

// leaseEnd is when this master's lease ends; ok: it leads and takes messages.
func (s *Service) leaseEnd() (end time.Time, ok bool) {
	set := s.d.Settings()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard.Add(set.lease()), s.now.ID > 0 && s.now.ID == s.id && !s.fenced
}

// withinLease bounds questions by the end of the lease, if there is one: this goroutine looks at it then.
func (s *Service) withinLease(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ok := s.leaseEnd(); ok && time.Until(end) > 0 {
		return context.WithDeadline(ctx, end)
	}
	return context.WithCancel(ctx)
}

// rest is the time to the next turn, if nothing happens before.
func (s *Service) rest() time.Duration {
	rest := s.d.Settings().Beat
	if s.loop.told != nil {
		rest = min(rest, max(time.Until(s.loop.sought.Add(noticeRest)), time.Millisecond))
	}
	if end, ok := s.leaseEnd(); ok {
		if left := time.Until(end); left > 0 {
			rest = min(rest, left+time.Millisecond)
		}
	}
	return rest
}

// lease has a master refuse sends when another one may have been elected without its knowing: no controller that leads
// has answered it for so long that they may take it for dead. It goes on where its acknowledgements prove that there is
// no other: nobody else is of its set, or all of the set follow it and have to have what it acknowledges.
func (s *Service) lease() {
	if !s.leads() {
		return
	}
	set := s.d.Settings()
	s.mu.Lock()
	late, fenced := time.Since(s.heard) > set.lease(), s.fenced
	s.mu.Unlock()
	quiet := time.Now().Before(s.loop.quiet)
	on := quiet || late && !s.proven(set)
	if on == fenced {
		return
	}
	err := s.d.Role.Fence(on)
	s.mu.Lock()
	s.fenced = on && err == nil || fenced && err != nil
	s.mu.Unlock()
	s.noteFence(on, quiet, err)
}

func (s *Service) noteFence(on, quiet bool, err error) {
	ev, what := s.d.Log.Warn(), "this master takes no messages: no controller answers it, and another one may be elected"
	switch {
	case !on:
		ev, what = s.d.Log.Info(), "this master takes messages again"
	case quiet:
		ev, what = s.d.Log.Info(), "this master takes no messages: it hands over to another broker"
	}
	ev.Err(err).Dur("lease", s.d.Settings().lease()).Msg(what)
}

// proven tells that no other broker can be master: whoever is elected is of the set, and does not follow this one then.
func (s *Service) proven(set Settings) bool {
	others := s.Others()
	if len(others) > 0 && !set.AllAck {
		return false
	}
	slaves := s.d.Role.Slaves()
	for _, id := range others {
		if !caughtUpSince(slaves, id, time.Now().Add(-set.Timeout)) {
			return false
		}
	}
	return true
}
