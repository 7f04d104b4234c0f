package members

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/signal"
	"gorocket/broker/worker"
)

// Settings are those of this moment.
type Settings struct {
	ID       int64 // brokerId
	Slave    bool
	Total    int           // totalReplicas: how many brokers are taken for alive before a NameServer has answered
	Period   time.Duration // between looks at the members (syncBrokerMemberGroupPeriod)
	Beat     time.Duration // between heartbeats (brokerHeartbeatInterval)
	Deadline time.Duration // how long it tries to hear one of them
}

// Deps is what a Service needs of its broker. The functions but Settings and Follows may wait for other machines.
type Deps struct {
	Settings func() Settings
	Ask      func(ctx context.Context) (map[int64]string, error) // who is registered, host:port by id
	Beat     func(ctx context.Context)                           // tells the NameServers that this broker is alive
	Follows  func() bool                                         // this slave is connected to its master's log
	// Act begins what a slave does in its master's place, or ends it and returns when nothing of it runs any more. One
	// call at a time, in turns.
	Act     func(on bool)
	Changed func() // another number of brokers is alive
	Slaves  Slaves
	Log     zerolog.Logger
}

// Service is this broker's part among the brokers of its name. All methods may be called by any goroutine.
type Service struct {
	d     Deps
	loops worker.Group
	wake  chan struct{} // look at once

	actMu  sync.Mutex  // held over Act
	acting atomic.Bool // changed with actMu held
	quiet  time.Time   // guarded by actMu; until then it does not act

	mu    sync.Mutex
	alive int // guarded by mu; 0: no NameServer has answered yet
}

// New prepares a Service.
func New(d Deps) *Service { return &Service{d: d, wake: make(chan struct{}, 1)} }

// Start begins to look and to send heartbeats; without effect while it runs.
func (s *Service) Start() { s.loops.Start(s.look, s.beat) }

// Stop ends that, and what a slave does in its master's place.
func (s *Service) Stop() {
	s.loops.Stop()
	s.act(false)
}

// Look has the members looked at soon: a NameServer says that they changed. It does not block.
func (s *Service) Look() { signal.Raise(s.wake) }

// Alive is how many brokers of this name are alive, this one counted.
func (s *Service) Alive() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alive == 0 {
		return s.d.Settings().Total
	}
	return s.alive
}

// Acting tells whether this slave stands in for its master.
func (s *Service) Acting() bool { return s.acting.Load() }

// quietTime is for how long a slave does not act again after it has heard of its master: until the NameServers list it.
const quietTime = 5 * time.Second

// Yield ends what this slave does in its master's place: the master is there. It returns when nothing of it runs any
// more.
func (s *Service) Yield() {
	s.actMu.Lock()
	s.quiet = time.Now().Add(quietTime)
	s.actMu.Unlock()
	s.act(false)
}

func (s *Service) act(on bool) {
	s.actMu.Lock()
	defer s.actMu.Unlock()
	if on == s.acting.Load() || on && time.Now().Before(s.quiet) {
		return
	}
	if !on {
		s.acting.Store(false)
	}
	s.d.Act(on)
	if on { // who sees that it acts finds all of it running
		s.acting.Store(true)
		s.d.Log.Warn().Msg("the master is away: this slave stands in for it")
	} else {
		s.d.Log.Info().Msg("this slave does not stand in for its master any more")
	}
}

// look asks for the members again and again.
func (s *Service) look(stop <-chan struct{}) {
	ctx, cancel := worker.Until(stop)
	defer cancel()
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-s.wake:
		case <-t.C:
		}
		if addrs, err := s.d.Ask(ctx); err == nil && ctx.Err() == nil {
			s.found(addrs)
		}
		t.Reset(s.d.Settings().Period)
	}
}

// found takes in who is alive. Nobody at all is no news: a NameServer that has just started.
func (s *Service) found(addrs map[int64]string) {
	if len(addrs) == 0 {
		return
	}
	c := s.d.Settings()
	_, listed := addrs[c.ID]
	alive, first := len(addrs), true
	if !listed {
		alive++
	}
	for id := range addrs {
		first = first && id >= c.ID
	}
	s.mu.Lock()
	changed := s.alive != alive
	s.alive = alive
	s.mu.Unlock()
	if changed {
		s.d.Changed()
	}
	if c.Slave {
		s.act(first && listed && !s.d.Follows())
	}
}

func (s *Service) beat(stop <-chan struct{}) {
	ctx, cancel := worker.Until(stop)
	defer cancel()
	for {
		t := time.NewTimer(s.d.Settings().Beat)
		select {
		case <-stop:
			t.Stop()
			return
		case <-t.C:
			s.d.Beat(ctx)
		}
	}
}
