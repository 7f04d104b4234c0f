package replicas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/signal"
	"gorocket/broker/worker"
	"gorocket/remoting"
	"gorocket/remoting/throttle"
	"gorocket/store/ha"
	"gorocket/store/vfs"
)

// Settings is what the configuration says now.
type Settings struct {
	Cluster, Broker string
	Addr            string   // of this broker, host:port
	Controllers     []string // host:port (controllerAddr)
	ByName          bool     // a host of it stands for several controllers (fetchControllerAddrByDnsLookup)

	Beat        time.Duration // between heartbeats (brokerHeartbeatInterval)
	Timeout     time.Duration // silence that makes the controllers take it for dead (controllerHeartBeatTimeoutMills)
	Poll        time.Duration // between questions who is master (syncBrokerMetadataPeriod)
	Check       time.Duration // between a master's looks who has fallen behind (checkSyncStateSetPeriod)
	FindLeader  time.Duration // between questions which controller leads (syncControllerMetadataPeriod)
	NotCaughtUp time.Duration // after which a slave leaves the set (haMaxTimeSlaveNotCatchup)

	Priority int32 // brokerElectionPriority
	Learner  bool  // asyncLearner
	AllAck   bool  // allAckInSyncStateSet
}

// Master is who the controllers say is master; the zero value is nobody.
type Master struct {
	ID    int64
	Addr  string // host:port
	Epoch int32
}

// State is how far a broker's log is.
type State struct {
	Epoch          int32 // of the newest master in it, -1: none
	End, Confirmed int64
	// Sick: its disk has failed or hangs; the controllers are to take it for dead
	Sick bool
	// PowerLost: this start found that what had been acknowledged may be gone from the log, and no master has begun
	// since
	PowerLost bool
}

// Role makes the broker what the controllers say. One goroutine calls it, but for State.
type Role interface {
	State() State
	// Lead makes it the master of an epoch. Nothing has happened after an error.
	Lead(m Master) error
	// Follow makes it a slave, also of a master that it knows. Nothing may be acknowledged when it returns, whatever
	// the error.
	Follow(m Master) error
	// Fence has a master refuse sends (on), or take them again. Who waits for an acknowledgement may get it yet: slaves
	// go on following.
	Fence(on bool) error
	// Slaves are those that follow this master's log now.
	Slaves() []ha.SlaveState
	// Counted runs when other brokers count than before, see Set.
	Counted()
}

// Deps is what a Service needs.
type Deps struct {
	Settings  func() Settings
	FS        vfs.FS
	File      string // of the identity (storePathBrokerIdentity)
	Client    *remoting.Client
	Role      Role
	Log       zerolog.Logger
	Throttled *throttle.Log
}

// Service is a broker among the replicas of its set. Open, Start, Stop; the other methods may be called by any
// goroutine.
type Service struct {
	d      Deps
	ctl    controllers
	loops  worker.Group
	wake   chan struct{} // capacity 1: something has to be looked at now
	orders chan order
	set    Set

	who *Identity // immutable after Open; nil: the controllers have to give an id. Changed by the loop only

	mu     sync.Mutex
	id     int64           // guarded by mu; 0 until it is known
	known  bool            // guarded by mu; the controllers have taken this broker's registration
	told   *notice         // guarded by mu; the newest that somebody said of the set, until it is looked at; or nil
	now    Master          // guarded by mu; what the broker is by
	fenced bool            // guarded by mu
	heard  time.Time       // guarded by mu; when a question was sent that a leading controller answered
	beats  map[string]bool // guarded by mu; controllers that a heartbeat is on its way to
	err    error           // guarded by mu; why it is not what it should be
	since  time.Time       // guarded by mu; of err

	loop loopState
}

// notice is what a controller says of the set.
type notice struct {
	master   Master
	set      []int64
	setEpoch int32
	asked    time.Time // when the question was sent that this answers; zero: nobody asked
}

// before tells that another notice is newer.
func (n notice) before(other notice) bool {
	if n.master.Epoch != other.master.Epoch {
		return n.master.Epoch < other.master.Epoch
	}
	return n.setEpoch < other.setEpoch
}

// loopState belongs to the loop.
type loopState struct {
	registered      bool
	wanted          notice // what the controllers said last
	polled, checked time.Time
	told            *notice        // asked about until a controller that leads has said as much; nil: no such
	members         map[int64]bool // brokers of the set that are alive to the controllers, as they said at learned
	learned         time.Time
	toldAt, sought  time.Time // when it came; when the last question because of one was sent
	quiet           time.Time // until then this master takes no messages: another one is going to be elected
}

// New prepares a Service.
func New(d Deps) *Service {
	s := &Service{d: d, wake: make(chan struct{}, 1), orders: make(chan order), beats: map[string]bool{}}
	s.ctl = controllers{client: d.Client, list: func() ([]string, bool) {
		set := d.Settings()
		return set.Controllers, set.ByName
	}}
	return s
}

// Open reads the identity. An *IdentityError, with the name of the file, when it is not this broker's.
func (s *Service) Open() (err error) {
	set := s.d.Settings()
	s.who, err = readIdentity(s.d.FS, s.d.File, set.Cluster, set.Broker, false)
	if err == nil && s.who != nil {
		s.id = s.who.ID
	}
	return err
}

// Start begins.
func (s *Service) Start() { s.loops.Start(s.run, s.runBeats) }

// Stop returns when nothing is asked or changed any more.
func (s *Service) Stop() { s.loops.Stop() }

// Leave ends the connections to the controllers: they take this broker for gone at once, and not when its heartbeats
// are missing. After Stop.
func (s *Service) Leave() { s.ctl.leave() }

// ID is this broker's id, 0 until the controllers gave one.
func (s *Service) ID() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id
}

// Master is who the broker takes for master, the zero value until it knows.
func (s *Service) Master() Master {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Set is the sync state set, of a master.
func (s *Service) Set() *Set { return &s.set }

// Others are the brokers that have to have a message, without this one.
func (s *Service) Others() []int64 { return s.set.Others(s.ID()) }

// Err is why the broker is not what it should be, nil when it is.
func (s *Service) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Fenced tells that this broker is master, and refuses messages because another one may be elected.
func (s *Service) Fenced() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fenced
}

// Told hears who is master, with a set of an epoch (NOTIFY_BROKER_ROLE_CHANGED): from a controller, or from anybody. It
// has the controllers asked, and nothing else. It does not block.
func (s *Service) Told(m Master, setEpoch int32) {
	s.mu.Lock()
	if n := (notice{master: m, setEpoch: setEpoch}); m.ID > 0 && (s.told == nil || !n.before(*s.told)) {
		s.told = &n
	}
	s.mu.Unlock()
	signal.Raise(s.wake)
}

// Look has the loop look at once: a slave came, caught up or went.
func (s *Service) Look() { signal.Raise(s.wake) }

// run does everything until Stop.
func (s *Service) run(stop <-chan struct{}) {
	ctx, cancel := worker.Until(stop)
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-s.wake:
		case <-timer.C:
		case o := <-s.orders:
			o.done <- s.handOver(ctx, &o)
			continue
		}
		if err := s.turn(ctx); ctx.Err() == nil { // what a stop broke off is no fault
			s.note(err)
		}
		timer.Reset(s.rest())
	}
}

// turn is one look at everything. A master's lease comes first, and no question outlasts it.
func (s *Service) turn(ctx context.Context) error {
	s.takeTold(time.Now())
	s.lease()
	ctx, cancel := s.withinLease(ctx)
	defer cancel()
	if !s.loop.registered {
		if err := s.register(ctx); err != nil {
			return err
		}
		s.beat(ctx) // who is elected has to be alive
	}
	set, now := s.d.Settings(), time.Now()
	period := set.Poll
	if s.leads() { // its lease
		period = set.Beat
	}
	var err error
	if s.Master().Epoch == 0 || now.Sub(s.loop.polled) >= period-set.Beat/2 {
		s.loop.polled = now
		if err = s.poll(ctx); err != nil { // tried again at the next turn, but not by whoever wakes this loop
			s.loop.polled = now.Add(set.Beat - period)
		}
	}
	if applied := s.apply(); applied != nil && !(applied == errPowerLost && errors.Is(err, errNoMaster)) {
		err = applied // but for one whose power was lost, when nobody is master any more: it may be elected
	}
	s.lease()
	if s.leads() {
		if changed := s.checkSet(ctx, now); changed != nil {
			err = changed
		}
	}
	return err
}

// takeTold has the controllers asked what they say to a notice: what they answer counts. A notice may have waited in a
// process that was suspended, or be a stranger's. The one that is asked may be behind the one that sent it, so it is
// asked again for a while.
func (s *Service) takeTold(now time.Time) {
	s.mu.Lock()
	told := s.told
	s.told = nil
	s.mu.Unlock()
	if told != nil && (s.loop.told == nil || !told.before(*s.loop.told)) {
		s.loop.told, s.loop.toldAt = told, now
	}
	switch {
	case s.loop.told == nil || now.Sub(s.loop.sought) < noticeRest:
	case now.Sub(s.loop.toldAt) > s.d.Settings().Timeout:
		s.loop.told = nil
	default:
		s.loop.polled, s.loop.sought = time.Time{}, now
	}
}

// noticeRest is between questions because of notices, of which a stranger may send any number.
const noticeRest = 100 * time.Millisecond

// errNoSet says that a controller makes this broker master, but does not say who has to have what it acknowledges.
var errNoSet = errors.New("a controller says that this broker is master, of a sync state set that it is not in")

// want notes what the controllers say, if it is news.
func (s *Service) want(n notice) error {
	if told := s.loop.told; told != nil && !n.before(*told) {
		s.loop.told = nil
	}
	if n.master.ID <= 0 || n.before(s.loop.wanted) {
		return nil
	}
	if n.master.ID == s.ID() && !slices.Contains(n.set, n.master.ID) {
		return errNoSet
	}
	s.loop.wanted = n
	return nil
}

// leads tells that this broker is master.
func (s *Service) leads() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.ID > 0 && s.now.ID == s.id
}

// apply makes the broker what is wanted.
func (s *Service) apply() error {
	want, now := s.loop.wanted, s.Master()
	m := want.master
	switch {
	case m.ID == 0:
		return nil
	case m == now:
		if _, epoch := s.set.Agreed(); m.ID == s.ID() && want.setEpoch > epoch {
			s.count(want.set, want.setEpoch)
		}
		return nil
	case m.ID != s.ID():
		err := s.d.Role.Follow(m)
		if err != nil { // it is no master any more all the same
			s.becomeNobody()
		}
		s.become(m, err)
		return err
	case m.Addr != s.d.Settings().Addr:
		err := &TwinError{ID: m.ID, Addr: m.Addr}
		if !s.leads() {
			return err
		}
		defer s.becomeNobody()
		return errors.Join(err, s.d.Role.Follow(Master{}))
	}
	if st := s.d.Role.State(); st.PowerLost && m.Epoch <= st.Epoch {
		return errPowerLost
	}
	if time.Since(want.asked) > s.d.Settings().lease() {
		return errNotAsked
	}
	s.set.replace(want.set, want.setEpoch)
	err := s.d.Role.Lead(m)
	s.become(m, err)
	if err == nil {
		s.d.Role.Counted()
	}
	return err
}

// errNotAsked says that this broker is to be master, and that its lease was over before it could be: it may be so no
// more.
var errNotAsked = errors.New("this broker is to be master, by an answer of the controllers that is too old")

// TwinError says that the controllers know another broker by this one's id: two brokers have one identity file, one of
// them a copy.
type TwinError struct {
	ID   int64
	Addr string // of the other one
}

func (e *TwinError) Error() string {
	return fmt.Sprintf("broker %d of this set is at %s, as the controllers know it, and that is another broker: its "+
		"identity (storePathBrokerIdentity) was copied with the store, and may be here once only", e.ID, e.Addr)
}

// becomeNobody notes that the broker is neither master nor slave.
func (s *Service) becomeNobody() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.fenced = Master{}, false
}

// become notes what the broker is now.
func (s *Service) become(m Master, err error) {
	s.loop.quiet = time.Time{}
	s.mu.Lock()
	id := s.id
	if err == nil {
		s.now, s.fenced, s.heard = m, false, s.loop.wanted.asked
	}
	s.mu.Unlock()
	ev := s.d.Log.Info()
	if err != nil {
		ev = s.d.Log.Error().Err(err)
	}
	role := "slave"
	if m.ID == id {
		role = "master"
	}
	ev.Str("role", role).Int64("brokerId", id).Int64("master", m.ID).Str("addr", m.Addr).Int32("epoch", m.Epoch).
		Msg("the controllers say who is master")
}

// count takes over another set.
func (s *Service) count(set []int64, epoch int32) {
	s.set.replace(set, epoch)
	s.d.Log.Info().Ints64("set", set).Int32("epoch", epoch).Msg("another sync state set")
	s.d.Role.Counted()
}
