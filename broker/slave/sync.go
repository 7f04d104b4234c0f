package slave

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/meta"
	"gorocket/broker/signal"
	"gorocket/broker/worker"
	"gorocket/remoting"
	"gorocket/remoting/throttle"
)

// Period is the time between two looks at all of the master's tables. Java: 60 s, first after 10 s.
const Period = time.Second

const (
	often        = 200 * time.Millisecond // between looks at topics and groups: who made one expects it to last
	soon         = 20 * time.Millisecond  // between looks that somebody asked for
	roundTimeout = 30 * time.Second       // for the tables of one look
	maxShare     = 10                     // a look that takes long is made so much rarer: one part of the time at most
)

// Deps is what a Sync needs of its broker.
type Deps struct {
	Client   *remoting.Client
	Topics   *meta.Topics
	Groups   *meta.Groups
	Offsets  *meta.Offsets
	Modes    *meta.Modes
	Mappings Mappings
	Users    Users                          // nil: this broker signs nothing, so that its master tells it none
	Delays   func(delayOffset []byte) error // takes positions of the delay levels, the content of delayOffset.json
	Timers   Timers                         // nil with timerWheelEnable=false
	End      func() int64                   // of this slave's log
	Progress *Progress                      // what clients committed here; nil: nothing yet

	Log       zerolog.Logger
	Throttled *throttle.Log
	Period    time.Duration // 0: Period
}

// Sync keeps a slave's tables as its master's. Start and Stop may be called again as the role changes. Java:
// SlaveSynchronize.
type Sync struct {
	d        Deps
	loops    worker.Group
	wake     chan struct{} // capacity 1: the master is another one
	unknown  chan struct{} // capacity 1: the log names a topic that is not known here
	progress *Progress
	heard    *deliveries // the loop's; what this log does not have the copies of yet
	measured time.Time   // the loop's; when the master was asked what waits in its timers

	mu     sync.Mutex
	master string // guarded by mu; host:port, empty while it is not known
	state  State  // guarded by mu
}

// State is how it goes.
type State struct {
	Master string    // host:port; empty: not known
	Synced time.Time // when all tables were the master's the last time; zero: never
	Err    error     // of the last look; nil when it went well
}

// New prepares a Sync.
func New(d Deps) *Sync {
	if d.Period == 0 {
		d.Period = Period
	}
	if d.Progress == nil {
		d.Progress = &Progress{}
	}
	return &Sync{d: d, wake: make(chan struct{}, 1), unknown: make(chan struct{}, 1), progress: d.Progress}
}

// Progress is what clients committed here and the master does not know yet.
func (s *Sync) Progress() *Progress { return s.progress }

// Follow says where the master is, host:port; empty when there is none. Any goroutine; it does not block.
func (s *Sync) Follow(master string) {
	s.mu.Lock()
	changed := s.master != master
	s.master = master
	s.mu.Unlock()
	if changed {
		s.d.Log.Info().Str("master", master).Msg("this slave's tables follow another master")
		signal.Raise(s.wake)
	}
}

// Soon has the master's topics looked at soon: its log names one that is not known here. Any goroutine; it does not
// block.
func (s *Sync) Soon() { signal.Raise(s.unknown) }

// State is how it goes, as of now.
func (s *Sync) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state
	st.Master = s.master
	return st
}

// Start begins to look at the master's tables; without effect while it runs.
func (s *Sync) Start() { s.loops.Start(s.run) }

// Stop ends that and waits for it.
func (s *Sync) Stop() { s.loops.Stop() }

func (s *Sync) run(stop <-chan struct{}) {
	ctx, cancel := worker.Until(stop)
	defer cancel()
	t, made := time.NewTimer(0), time.NewTimer(often)
	defer t.Stop()
	defer made.Stop()
	var last string // the master of the last look at all tables
	for {
		select {
		case <-stop:
			return
		case <-s.unknown:
			began := time.Now()
			_, _ = s.lookAt(ctx, s.topics) // told already
			if !worker.Rest(max(soon, maxShare*time.Since(began)), stop) {
				return
			}
			continue
		case <-made.C:
			began := time.Now()
			_, _ = s.lookAt(ctx, s.topics, s.groups) // told already
			made.Reset(max(often, maxShare*time.Since(began)))
			continue
		case <-s.wake:
			if s.State().Master == last {
				continue // the look at the start found it
			}
		case <-t.C:
		}
		began := time.Now()
		last = s.State().Master
		s.look(ctx)
		t.Reset(max(s.d.Period, maxShare*time.Since(began)))
	}
}

// look brings all tables to the master's state.
func (s *Sync) look(ctx context.Context) {
	err, looked := s.lookAt(ctx, s.topics, s.groups, s.offsets, s.modes, s.users, s.timerMetrics, s.delivered)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Err = err; err == nil && looked {
		s.state.Synced = time.Now()
	}
}

// lookAt brings tables to the master's state, each by itself: what fails does not hold up the others. looked is false
// when there is no master.
func (s *Sync) lookAt(ctx context.Context, tables ...func(context.Context, string) error) (err error, looked bool) {
	s.mu.Lock()
	master := s.master
	s.mu.Unlock()
	if master == "" {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	var errs []error
	for _, take := range tables {
		if err := take(ctx, master); err != nil {
			errs = append(errs, err)
		}
	}
	err = errors.Join(errs...)
	if err != nil && ctx.Err() == nil { // a master that is away gives the same error for each table
		s.d.Throttled.Warn("slave sync").Str("master", master).Err(errs[0]).Int("failed", len(errs)).
			Msg("cannot take over all of the master's tables")
	}
	return err, true
}
