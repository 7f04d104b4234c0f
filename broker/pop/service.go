package pop

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/config"
	"gorocket/broker/filter"
	"gorocket/broker/meta"
	"gorocket/broker/stats"
	"gorocket/broker/worker"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/timer"
	"gorocket/store/vfs"
)

// Timers is what parks check points and acknowledgements until their time; *timer.Timers is one.
type Timers interface {
	SlotTime(deliverMs int64) int64
	Reject(slotMs int64) bool
	Figures() timer.Figures
}

// Deps is what POP needs of its broker. All of it is immutable after New and safe for any goroutine.
type Deps struct {
	Config    *atomic.Pointer[config.Config] // what it points to is immutable
	Now       func() time.Time               // the wall clock
	StoreHost netip.AddrPort                 // what stored messages carry

	FS          vfs.FS       // of the journal; nil: there is none
	Dir         string       // where it lies
	SaveOffsets func() error // writes Committed and the order file, and waits for the disk

	Topics    *meta.Topics
	Groups    *meta.Groups
	Committed *meta.Offsets
	Pulled    *meta.Offsets // where the next pop will be, and what was handed out
	Filters   *filter.Manager
	Stats     *stats.Totals

	// TopicMade is called when a retry topic was made; it returns when topics.json has it, or cannot have it soon. A kill
	// before that would leave messages in the log without a topic. May be nil.
	TopicMade func()
	Log       zerolog.Logger
	Throttled *throttle.Log
}

// Service hands messages out one by one. New prepares it, Open gives it the store, Start and Stop follow the broker's
// role, more than once. Its methods may be called from any goroutine; between Stop and Start pops find nothing.
type Service struct {
	d      Deps
	store  *store.Store // set by Open
	timers Timers       // nil with timerWheelEnable=false; set by Open

	lanes   *lanes
	orders  *orders
	pops    *waits       // pops that wait for messages
	asks    *waits       // NOTIFICATION
	points  atomic.Int64 // in all lanes
	next    atomic.Uint32
	subs    subscriptions
	revive  *reviver
	loops   worker.Group
	serves  atomic.Bool  // between Start and Stop
	flushed atomic.Int64 // when a flush was asked for, ms since 1970
	Counts  Counts

	bufs sync.Pool // *[]byte, for bodies of stored check points and acknowledgements

	journal *journal
	openMu  sync.Mutex  // held while the journal is opened and ended
	noted   atomic.Bool // it was opened since Start: who has something to note calls openJournal first
	settled atomic.Bool // the last Stop has stored everything: the journal is not needed any more
}

// New prepares the service; nothing runs yet.
func New(d Deps) *Service {
	s := &Service{d: d, lanes: newLanes(), orders: newOrders()}
	s.pops, s.asks = newWaits(s.pollLimits, false), newWaits(s.pollLimits, true)
	s.revive = &reviver{s: s}
	s.journal = &journal{fs: d.FS, dir: d.Dir, size: journalSize, work: make(chan struct{}, 1)}
	s.orders.note = s.noteOrder
	return s
}

// Open gives the service the store and the timers of a start; timers may be nil. Nobody calls it before.
func (s *Service) Open(st *store.Store, timers Timers) { s.store, s.timers = st, timers }

// OrderFile registers the table of what was popped in order: changed marks consumerOrderInfo.json. Before Start.
func (s *Service) OrderFile(changed func()) { s.orders.changed = changed }

// EncodeOrders is the content of consumerOrderInfo.json, LoadOrders takes it.
func (s *Service) EncodeOrders() ([]byte, error) { return s.orders.encode() }

// LoadOrders fills the table of what was popped in order from consumerOrderInfo.json.
func (s *Service) LoadOrders(data []byte) error { return s.orders.load(data) }

// wakers is how many goroutines answer pops that waited.
const wakers = 2

// Start begins to store, to revive and to wake. False when it runs already.
func (s *Service) Start() bool {
	if s.serves.Load() {
		return false
	}
	if err := s.restore(); err != nil {
		s.journalFails(err)
	}
	s.revive.begin()
	s.serves.Store(true)
	s.pops.open()
	s.asks.open()
	loops := []func(<-chan struct{}){s.runKeeper, s.revive.run, s.pops.watch, s.asks.watch}
	if s.journals() {
		loops = append(loops, s.runJournal)
	}
	for range wakers {
		loops = append(loops, s.pops.wake, s.asks.wake)
	}
	return s.loops.Start(loops...)
}

// Stop ends the goroutines, answers who waits, and stores what is in memory only, unless the store takes nothing any
// more: then the groups' committed offsets stand in front of it, and it is popped again. False when it does not run.
func (s *Service) Stop() bool {
	if !s.serves.Swap(false) {
		return false
	}
	s.pops.close()
	s.asks.close()
	s.loops.Stop()
	s.settled.Store(s.drain())
	s.openMu.Lock()
	defer s.openMu.Unlock()
	s.journal.end()
	s.noted.Store(false)
	return true
}

// Settled tells that the service was stopped, and that everything is in the revive topic or in committed offsets.
func (s *Service) Settled() bool { return s.settled.Load() && !s.serves.Load() }

func (s *Service) cfg() *config.Config { return s.d.Config.Load() }

func (s *Service) now() int64 { return s.d.Now().UnixMilli() }

func (s *Service) pollLimits() (each, all int) {
	c := s.cfg()
	return c.PopPollingSize, c.MaxPopPollingSize
}

// tableFull logs err, which says that a table takes no more; nil is nothing.
func (s *Service) tableFull(err error) {
	if err != nil {
		s.d.Throttled.Warn("tableFull").Err(err).Msg("a table is full")
	}
}

func (s *Service) forget(match func(laneKey) bool) {
	now := s.now()
	s.points.Add(-int64(s.lanes.forget(now, match)))
	s.orders.forget(now, match)
}

// Sizes are how many check points are in memory, how many requests wait, and of how many queues it is known what was
// popped in order.
func (s *Service) Sizes() (points, waiting int64, ordered int) {
	return s.points.Load(), s.pops.count.Load() + s.asks.count.Load(), s.orders.count()
}

// subscriptions keeps what pops ask for, as each brings its expression along.
type subscriptions struct {
	mu    sync.Mutex
	byTag map[string]*clients.Subscription // guarded by mu; by expression
}

// maxSubscriptions is how many expressions are kept; then they are forgotten together.
const maxSubscriptions = 1024

// everything is the subscription without an expression.
var everything, _ = clients.ParseSubscription("", "*", "TAG")
