package broker

import (
	"context"
	"hash/crc32"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/body"
	"gorocket/remoting"
)

// registrar keeps the broker known at every NameServer: in full at the start and every registerNameServerPeriod, one topic at once
// when it is created, in full again when a connection broke. Java: BrokerController.registerBrokerAll, BrokerOuterAPI.
type registrar struct {
	b     *Broker
	peers []string // immutable

	mu      sync.Mutex
	pending map[string]*body.TopicConfig // guarded by mu; topics to tell about
	told    chan struct{}                // guarded by mu; closed when what is pending now has been told
	telling chan struct{}                // guarded by mu; the same for what is on its way, nil when nothing is

	wake     chan struct{} // pending has something
	again    chan struct{} // a NameServer connection ended
	stop     chan struct{}
	done     chan struct{}
	ran      bool
	failures map[string]bool // registrar goroutine only; NameServers whose last registration failed
}

func newRegistrar(b *Broker) *registrar {
	peers, _ := b.cfg.NameServers()
	return &registrar{b: b, peers: peers, pending: map[string]*body.TopicConfig{}, told: make(chan struct{}), wake: make(chan struct{}, 1), again: make(chan struct{}, 1),
		stop: make(chan struct{}), done: make(chan struct{}), failures: map[string]bool{}}
}

// publish tells the NameServers about one topic, soon and in the background.
func (r *registrar) publish(t *body.TopicConfig) {
	r.mu.Lock()
	r.pending[t.TopicName] = t
	r.mu.Unlock()
	poke(r.wake)
}

// settled waits until the NameServers know the topics published so far, for publishWait at most: Java registers a new topic before it answers,
// so a client that asks for the route right after its send finds it. Not on an event loop.
func (r *registrar) settled() {
	r.mu.Lock()
	told := r.telling
	if len(r.pending) > 0 {
		told = r.told
	}
	r.mu.Unlock()
	if told == nil {
		return
	}
	t := time.NewTimer(publishWait)
	defer t.Stop()
	select {
	case <-told:
	case <-t.C:
	case <-r.stop:
	}
}

// publishWait bounds how long the answer to a send that created a topic waits for the NameServers.
const publishWait = time.Second

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// namesrvClosed is called when a connection to a NameServer ends; it dropped our routes at that moment.
func (b *Broker) namesrvClosed(*remoting.Conn, error) {
	if b.register != nil {
		poke(b.register.again)
	}
}

// start registers once before it returns, so that a client that sees the broker's port open finds its routes, and then keeps on.
func (r *registrar) start() {
	r.ran = true
	r.full()
	go r.run()
}

// reconnectDelay is the pause before registering again after a connection ended, and between attempts that fail.
const reconnectDelay = time.Second

func (r *registrar) run() {
	defer close(r.done)
	period := min(max(ms(r.b.cfg.RegisterNameServerPeriod), 10*time.Second), 60*time.Second)
	tick := time.NewTimer(period)
	defer tick.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-r.wake:
			r.incremental()
			continue
		case <-r.again:
			tick.Reset(reconnectDelay)
			continue
		case <-tick.C:
		}
		r.full()
		tick.Reset(period)
		if len(r.failures) > 0 {
			tick.Reset(reconnectDelay)
		}
	}
}

func (r *registrar) full() {
	r.takePending()
	version, all := r.b.topics.snapshot()
	r.send(version, all)
	r.toldAll()
}

// takePending empties the list of topics to tell about; toldAll follows when they have been told.
func (r *registrar) takePending() map[string]*body.TopicConfig {
	r.mu.Lock()
	defer r.mu.Unlock()
	topics := r.pending
	r.telling = r.told
	r.pending, r.told = map[string]*body.TopicConfig{}, make(chan struct{})
	return topics
}

// toldAll lets those go on who wait for the topics taken last.
func (r *registrar) toldAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.telling)
	r.telling = nil
}

func (r *registrar) incremental() {
	if topics := r.takePending(); len(topics) > 0 {
		r.send(r.b.topics.currentVersion(), topics)
	}
	r.toldAll()
}

// send registers at all NameServers in parallel.
func (r *registrar) send(version body.DataVersion, topics map[string]*body.TopicConfig) {
	w := body.NewRegisterBrokerBody()
	w.TopicConfigSerializeWrapper.DataVersion = version
	w.TopicConfigSerializeWrapper.TopicConfigTable = r.permitted(topics)
	data, err := w.Encode()
	if err != nil {
		r.b.log.Error().Err(err).Msg("BUG: cannot encode the registration")
		return
	}
	h := remoting.RegisterBrokerRequestHeader{BrokerIdentityHeader: r.identity(), HAServerAddr: r.b.cfg.HAAddr(), BodyCRC32: int32(crc32.ChecksumIEEE(data) & 0x7FFFFFFF)}
	errs := make([]error, len(r.peers))
	var wg sync.WaitGroup
	for i, addr := range r.peers {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), ms(r.b.cfg.RegisterBrokerTimeoutMills))
			defer cancel()
			_, errs[i] = remoting.Call(ctx, r.b.client, addr, remoting.ReqRegisterBroker, remoting.RegisterBrokerRequest, &h, data)
		})
	}
	wg.Wait()
	for i, addr := range r.peers {
		r.note(addr, errs[i])
	}
}

// note remembers who failed and logs changes only.
func (r *registrar) note(addr string, err error) {
	if err != nil {
		if !r.failures[addr] {
			r.b.log.Warn().Err(err).Str("namesrv", addr).Msg("cannot register at a NameServer; trying again every second")
		}
		r.failures[addr] = true
		return
	}
	if r.failures[addr] {
		r.b.log.Info().Str("namesrv", addr).Msg("registered again at the NameServer")
	}
	delete(r.failures, addr)
}

func (r *registrar) identity() remoting.BrokerIdentityHeader {
	c := &r.b.cfg
	return remoting.BrokerIdentityHeader{BrokerName: c.BrokerName, BrokerAddr: c.Addr(), ClusterName: c.BrokerClusterName, BrokerID: c.BrokerID}
}

// permitted narrows each topic's permission to the broker's when that is not read and write.
func (r *registrar) permitted(topics map[string]*body.TopicConfig) map[string]*body.TopicConfig {
	perm := r.b.cfg.BrokerPermission
	if perm&body.PermRead != 0 && perm&body.PermWrite != 0 {
		return topics
	}
	out := make(map[string]*body.TopicConfig, len(topics))
	for name, t := range topics {
		c := *t
		c.Perm &= perm
		out[name] = &c
	}
	return out
}

// leaveTimeout bounds how long a stopping broker waits for a NameServer.
const leaveTimeout = 2 * time.Second

// stopAndLeave ends the registrar and unregisters, so that clients stop coming at once.
func (r *registrar) stopAndLeave(ctx context.Context) {
	if !r.ran {
		return
	}
	close(r.stop)
	<-r.done
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	h := r.identity()
	var wg sync.WaitGroup
	for _, addr := range r.peers {
		wg.Go(func() {
			if _, err := remoting.Call(ctx, r.b.client, addr, remoting.ReqUnregisterBroker, remoting.UnregisterBrokerRequest, &h, nil); err != nil {
				r.b.throttled.warn("unregister", func(e *zerolog.Event) { e.Err(err).Str("namesrv", strings.Clone(addr)).Msg("cannot unregister") })
			}
		})
	}
	wg.Wait()
}
