package cluster

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/broker/signal"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// Registrar keeps the broker known at every NameServer. Each has a goroutine of its own, so that one that is dead or
// slow does not hold up the others. Java: BrokerController.registerBrokerAll, BrokerOuterAPI.
type Registrar struct {
	d     Deps
	list  atomic.Pointer[[]*namesrvLink] // replaced as a whole by follow
	moves sync.Mutex                     // held over a change of list
	stop  chan struct{}
	wg    sync.WaitGroup
	ran   bool

	stateVersion atomic.Int64 // what the registrations carry at least, see overtake
}

// namesrvLink registers at one NameServer: in full at the start and every registerNameServerPeriod, one topic at once
// when it is created or changed, in full again when the connection broke.
type namesrvLink struct {
	r       *Registrar
	addr    string
	wake    chan struct{}      // pending has something
	again   chan struct{}      // the connection ended
	ask     chan struct{}      // where the master is
	anew    chan struct{}      // the broker is another one now
	quit    chan struct{}      // closed when the configuration does not name it any more
	failed  bool               // link goroutine only; the last registration or look failed
	lost    bool               // link goroutine only; the NameServer may have forgotten us
	whole   time.Time          // link goroutine only; when all topics were registered
	sent    compat.DataVersion // link goroutine only; the version registered last
	rival   rival              // link goroutine only
	health  linkHealth
	beating atomic.Bool // a heartbeat is on its way
	// somebody has waited in vain, or the last registration failed: nobody waits until one succeeds
	slow atomic.Bool

	mu      sync.Mutex
	pending map[string]*protocol.TopicConfig // guarded by mu; topics to tell about
	told    chan struct{}                    // guarded by mu; closed when what is pending now has been told
	telling chan struct{}                    // guarded by mu; the same for the round on its way, nil when there is none
}

// NewRegistrar prepares the registration at the NameServers at addrs (host:port).
func NewRegistrar(d Deps, addrs []string) *Registrar {
	r := &Registrar{d: d, stop: make(chan struct{})}
	links := make([]*namesrvLink, 0, len(addrs))
	for _, addr := range addrs {
		links = append(links, r.newLink(addr))
	}
	r.list.Store(&links)
	return r
}

func (r *Registrar) newLink(addr string) *namesrvLink {
	return &namesrvLink{r: r, addr: addr, wake: make(chan struct{}, 1), again: make(chan struct{}, 1),
		ask:     make(chan struct{}, 1),
		anew:    make(chan struct{}, 1),
		quit:    make(chan struct{}),
		pending: map[string]*protocol.TopicConfig{}, told: make(chan struct{})}
}

// links are the NameServers of this moment; not to be changed.
func (r *Registrar) links() []*namesrvLink { return *r.list.Load() }

// Publish tells the NameServers about one topic, soon and in the background.
func (r *Registrar) Publish(t *protocol.TopicConfig) {
	for _, l := range r.links() {
		l.mu.Lock()
		l.pending[t.TopicName] = t
		l.mu.Unlock()
		signal.Raise(l.wake)
	}
}

// publishWait bounds how long an answer waits for the NameServers to know a new topic, and startWait how long the
// start does.
const (
	publishWait = time.Second
	startWait   = 3 * time.Second
)

// Settled waits until the NameServers know the topics published so far, for publishWait at most: Java registers a new
// topic before it answers, so a client that asks for the route right after its send finds it. A NameServer that hangs
// makes one wait, not all that come after it. Blocking workers and goroutines of their own only.
func (r *Registrar) Settled() { r.SettledWithin(publishWait) }

// SettledWithin is Settled with another limit.
func (r *Registrar) SettledWithin(limit time.Duration) {
	var t *time.Timer
	for _, l := range r.links() {
		ch := l.open()
		if ch == nil || l.slow.Load() {
			continue
		}
		if t == nil {
			t = time.NewTimer(limit)
			defer t.Stop()
		}
		select {
		case <-ch:
		case <-t.C:
			l.slow.Store(true)
			return
		case <-r.stop:
			return
		}
	}
}

// Unsettled tells whether a NameServer has to be told of a topic and can be expected to take it soon.
func (r *Registrar) Unsettled() bool {
	for _, l := range r.links() {
		if l.open() != nil && !l.slow.Load() {
			return true
		}
	}
	return false
}

// open returns what is closed once everything published so far has been told, nil when nothing is open.
func (l *namesrvLink) open() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) > 0 {
		return l.told
	}
	return l.telling
}

// Disconnected is told when a connection to a NameServer ends; that one dropped our routes at that moment.
func (r *Registrar) Disconnected() {
	for _, l := range r.links() {
		signal.Raise(l.again)
	}
}

// AskMaster registers a slave again without topics, soon and in the background, because of the answer: Deps.Master
// hears where its master is.
func (r *Registrar) AskMaster() {
	for _, l := range r.links() {
		signal.Raise(l.ask)
	}
}

// Outdate makes registrations of other brokers that have a smaller state version, the epoch of a master, count for
// nothing where both want the same place.
func (r *Registrar) Outdate(stateVersion int64) {
	for {
		have := r.stateVersion.Load()
		if stateVersion <= have || r.stateVersion.CompareAndSwap(have, stateVersion) {
			return
		}
	}
}

// Anew registers in full, soon and in the background: the broker has another role.
func (r *Registrar) Anew() {
	for _, l := range r.links() {
		signal.Raise(l.anew)
	}
}

// Start registers everywhere and waits a moment for it, so that a client that sees the broker's port open finds its
// routes.
func (r *Registrar) Start() {
	r.ran = true
	for _, l := range r.links() {
		l.start()
	}
	r.SettledWithin(startWait)
}

func (l *namesrvLink) start() {
	l.takePending() // the first round is on its way from here on
	l.r.wg.Add(1)
	go l.run()
}

// Follow goes on with the NameServers at addrs: it registers at those that are new and unregisters, in the
// background, at those that are not named any more. After start only; behind stopAndLeave it does nothing. Java:
// BrokerOuterAPI.updateNameServerAddressList.
func (r *Registrar) Follow(addrs []string) {
	r.moves.Lock()
	defer r.moves.Unlock()
	select {
	case <-r.stop:
		return
	default:
	}
	var next []*namesrvLink
	old := slices.Clone(r.links())
	for _, addr := range addrs {
		if i := slices.IndexFunc(old, func(l *namesrvLink) bool { return l.addr == addr }); i >= 0 {
			next = append(next, old[i])
			old = slices.Delete(old, i, i+1)
			continue
		}
		l := r.newLink(addr)
		next = append(next, l)
		l.start()
	}
	r.list.Store(&next)
	for _, l := range old {
		close(l.quit)
	}
}

// retryDelay is the pause before registering again after a connection ended, and between attempts that fail.
const retryDelay = time.Second

func (l *namesrvLink) run() {
	defer l.r.wg.Done()
	period := min(max(l.r.d.Self().RegisterPeriod, 10*time.Second), 60*time.Second)
	l.sendAll() // start has begun the round
	if !l.failed {
		l.check()
	}
	tick := time.NewTimer(l.next(period))
	defer tick.Stop()
	for {
		select {
		case <-l.r.stop:
			return
		case <-l.quit:
			l.leave(context.Background())
			return
		case <-l.wake:
			l.incremental()
			if l.failed {
				tick.Reset(retryDelay)
			}
			continue
		case <-l.again:
			l.lost = true
			tick.Reset(retryDelay)
			continue
		case <-l.ask:
			if !l.failed && !l.lost { // else it registers in a second anyway
				l.noteSent(l.sendTopics(l.sent, nil, false))
			}
			continue
		case <-l.anew:
			l.lost = true // no NameServer takes this for what it has
			l.full()
			tick.Reset(l.next(period))
			continue
		case <-tick.C:
		}
		if l.failed || time.Since(l.whole) >= period {
			l.full()
		}
		if !l.failed {
			l.check()
		}
		tick.Reset(l.next(period))
	}
}

// next is the time until the link registers again, or looks at its route.
func (l *namesrvLink) next(period time.Duration) time.Duration {
	if l.failed {
		return retryDelay
	}
	return min(l.r.d.LookPeriod, max(retryDelay, period-time.Since(l.whole)))
}

func (l *namesrvLink) full() {
	l.takePending()
	l.sendAll()
}

// sendAll ends a round with a full registration.
func (l *namesrvLink) sendAll() {
	version, all := l.r.d.Topics.Snapshot()
	renew := l.lost || l.failed || version.Counter != l.sent.Counter || version.Timestamp != l.sent.Timestamp
	err := l.sendTopics(version, all, renew)
	if l.failed = err != nil; !l.failed {
		l.lost, l.whole = false, time.Now()
	}
	l.noteSent(err)
	l.toldAll()
}

func (l *namesrvLink) incremental() {
	// first: a change that it counts is pending by now, so no NameServer takes a version without its changes
	version := l.r.d.Topics.CurrentVersion()
	if topics := l.takePending(); len(topics) > 0 {
		err := l.sendTopics(version, topics, true)
		l.failed = err != nil
		l.noteSent(err)
	}
	l.toldAll()
}

// takePending empties the list of topics to tell about; toldAll follows when they have been told.
func (l *namesrvLink) takePending() map[string]*protocol.TopicConfig {
	l.mu.Lock()
	defer l.mu.Unlock()
	topics := l.pending
	l.telling = l.told
	l.pending, l.told = map[string]*protocol.TopicConfig{}, make(chan struct{})
	return topics
}

// toldAll lets those go on who wait for the topics taken last.
func (l *namesrvLink) toldAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slow.Store(l.failed)
	close(l.telling)
	l.telling = nil
}

// leaveTimeout bounds how long a stopping broker waits for a NameServer.
const leaveTimeout = 2 * time.Second

// StopAndLeave ends the links and unregisters, so that clients stop coming at once.
func (r *Registrar) StopAndLeave(ctx context.Context) {
	if !r.ran {
		return
	}
	r.moves.Lock()
	close(r.stop)
	r.moves.Unlock()
	r.wg.Wait()
	var wg sync.WaitGroup
	for _, l := range r.links() {
		wg.Go(func() { l.leave(ctx) })
	}
	wg.Wait()
}

// leave unregisters, for leaveTimeout at most.
func (l *namesrvLink) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	d, h := &l.r.d, l.r.d.Self().Identity
	if _, err := remoting.Call(ctx, d.Client, l.addr, wire.ReqUnregisterBroker, wire.UnregisterBrokerRequest, &h,
		nil); err != nil {
		d.Throttled.Warn("unregister").Err(err).Str("namesrv", l.addr).Msg("cannot unregister")
	}
}
