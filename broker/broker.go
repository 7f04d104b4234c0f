package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/cluster"
	"gorocket/broker/config"
	"gorocket/broker/delay"
	"gorocket/broker/exporter"
	"gorocket/broker/hold"
	"gorocket/broker/members"
	"gorocket/broker/meta"
	"gorocket/broker/overload"
	"gorocket/broker/pop"
	"gorocket/broker/replicas"
	"gorocket/broker/replication"
	"gorocket/broker/service"
	"gorocket/broker/slave"
	"gorocket/broker/static"
	"gorocket/broker/stats"
	"gorocket/broker/trans"
	"gorocket/broker/worker"
	"gorocket/compat/stamp"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/auth/plain"
	"gorocket/remoting/secure"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/epoch"
	"gorocket/store/timer"
	"gorocket/store/vfs"
)

// Broker is one message broker. New validates, Start opens the store and serves, Stop drains. Java: BrokerController.
type Broker struct {
	live      atomic.Pointer[config.Config] // replaced by UPDATE_BROKER_CONFIG; what it points to is immutable
	log       zerolog.Logger
	throttled *throttle.Log

	topics       *meta.Topics
	groups       *meta.Groups
	offsets      *meta.Offsets
	filters      *expressions
	progress     slave.Progress // of consumers of a slave
	pulled       *meta.Offsets  // where the next pull will be, in memory only; Java: pullOffsetTable
	consumers    *clients.Consumers
	producers    *clients.Producers
	locks        *clients.OrderLocks
	notices      *clients.Notices
	holds        *hold.Table
	pops         *pop.Service
	schedule     *delay.Levels
	timers       *timer.Timers // nil with timerWheelEnable=false; immutable after Start
	timerDelays  stats.PerTopic[stats.Histogram]
	deadLetters  stats.DeadLetters
	trans        *trans.Service
	register     *cluster.Registrar
	replica      *replication.Service // nil before Start
	members      *members.Service
	escape       *cluster.Escape // nil before Start
	hearing      atomic.Bool     // online does not let it serve yet
	online       worker.Group    // what makes a master that comes back a part of the cluster
	persist      *meta.Persister
	stats        *stats.Totals
	windows      stats.Windows // sampled by sampleStats
	overload     *overload.Guard
	modes        *meta.Modes
	users        *auth.Store
	guard        *auth.Service // nil before serve, and where nobody is asked who they are and what they may do
	routes       *cluster.Routes
	mappings     *static.Service
	peers        *cluster.Peers
	forwards     *asides
	cold         *asides
	services     *service.Services
	replicas     *replicas.Service // nil without enableControllerMode, and before serve
	epochs       *epoch.File       // nil without enableControllerMode, and before serve
	powerLost    atomic.Bool       // see replicas.State
	missing      missingTopics
	known        atomic.Bool // with enableControllerMode: the NameServers are told of this broker
	finding      atomic.Bool // the master is being asked where its haListenPort is
	again        chan truncation
	turns        atomic.Int64 // with enableControllerMode: masters that it followed, or was
	changes      *stats.Roles // of the process
	confMu       sync.Mutex   // held over a change of live
	store        *store.Store
	server       *remoting.Server
	client       *remoting.Client
	certs        *secure.Keeper              // nil before serve
	addresses    stamp.Watch                 // of the file of -c
	admin        atomic.Pointer[configAdmin] // nil before serve
	plain        *plain.Service              // nil without aclEnable, and before Start
	haPeer       *secure.Peer                // nil before serve, and without haTlsEnable
	systemTopics map[string]bool             // immutable after New

	fs         vfs.FS           // of the store and the tables; immutable
	now        func() time.Time // the wall clock; immutable after Start
	network    remoting.Network // nil: the kernel's; immutable
	lookPeriod time.Duration    // how often a route is looked at; set before Start
	storeHost  netip.AddrPort   // immutable; what message ids carry
	started    time.Time

	asking   atomic.Pointer[remoting.Server] // who keeps acknowledgements; nil before serve
	exporter *exporter.Exporter              // nil before Start

	failed   chan error // one element: why the broker cannot go on
	stopOnce sync.Once
	stop     chan struct{}
	wg       sync.WaitGroup
}

// Options are what a broker takes from the machine. The zero value is the real one; tests give others.
type Options struct {
	FS      vfs.FS           // of the store and of the tables below config/; nil: the operating system's
	Now     func() time.Time // the wall clock, by which messages and clients age; nil: time.Now
	Network remoting.Network // what connections run over; nil: the kernel's

	changes *stats.Roles // what is counted on, of a broker that is opened anew; nil: nothing was
}

// New checks the configuration and prepares a broker; nothing is opened or bound yet.
func New(cfg config.Config, log zerolog.Logger) (*Broker, error) { return NewWith(cfg, log, Options{}) }

// NewWith is New on another file system, or by another clock.
func NewWith(cfg config.Config, log zerolog.Logger, o Options) (*Broker, error) {
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := cfg.Complete(); err != nil {
		return nil, err
	}
	ip, err := resolve(cfg.BrokerIP1)
	if err != nil {
		return nil, fmt.Errorf("broker: brokerIP1=%s: %w", cfg.BrokerIP1, err)
	}
	b := &Broker{log: log, stop: make(chan struct{}), failed: make(chan error, 1), again: make(chan truncation, 1),
		changes: cmp.Or(o.changes, new(stats.Roles)),
		fs:      o.FS, now: o.Now, network: o.Network, lookPeriod: cluster.CheckPeriod,
		storeHost: netip.AddrPortFrom(ip.Unmap(), uint16(cfg.ListenPort))}
	b.live.Store(&cfg)
	b.throttled = throttle.New(log, 1, 10*time.Second)
	b.topics = meta.NewTopics()
	b.systemTopics = b.topics.AddSystem(systemTopics(b.cfg()))
	b.groups = meta.NewGroups(func() bool { return b.cfg().AutoCreateSubscriptionGroup })
	b.topics.Limit = func() int { return b.cfg().MaxTopicNum }
	b.groups.Limit = func() int { return b.cfg().MaxSubscriptionGroupNum }
	b.topics.Light, b.groups.Light = cfg.EnableLmq, cfg.EnableLmq
	b.offsets, b.pulled = meta.NewOffsets(), meta.NewOffsets()
	b.offsets.Limit = func() int { return b.cfg().MaxConsumerOffsetNum }
	b.pulled.Limit = b.offsets.Limit
	b.notices = clients.NewNotices(func() bool { return b.cfg().NotifyConsumerIDsChangedEnable })
	b.consumers = clients.NewConsumers(b.notices.Change, cfg.MaxClientGroups)
	b.producers, b.locks = clients.NewProducers(), clients.NewOrderLocks()
	b.producers.Limit = func() int { return b.cfg().MaxProducerNum }
	b.locks.Now = b.now
	b.locks.Limit = func() int { return b.cfg().MaxOrderLockNum }
	b.holds = hold.NewTable(b.holdDeps())
	b.stats, b.overload = stats.NewTotals(), overload.New(&b.live, b.throttled)
	b.users = auth.NewStore()
	if b.users.First, err = cfg.FirstUsers(); err != nil {
		return nil, err
	}
	b.modes, b.routes = meta.NewModes(), cluster.NewRoutes(b.askQueues, b.wg.Go, b.stop)
	b.forwards, b.cold = newAsides(maxForwards, &b.wg), newAsides(maxCold, &b.wg)
	b.mappings = static.NewService(b.staticDeps())
	b.trans = trans.NewService(b.transDeps())
	if b.filters, err = b.newExpressions(); err != nil {
		return nil, err
	}
	b.consumers.Gone = b.filters.unregister
	if b.schedule, err = b.newLevels(cfg.MessageDelayLevel); err != nil {
		return nil, err
	}
	b.members = members.New(b.memberDeps())
	b.services = service.New(b.serviceDeps())
	b.pops = pop.New(b.popDeps())
	return b, nil
}

// Config returns the effective configuration.
func (b *Broker) Config() config.Config { return *b.cfg() }

// liveConfig is a configuration that may change.
type liveConfig struct {
	live *atomic.Pointer[config.Config]
}

// cfg is the configuration of this moment. It must not be changed.
func (l liveConfig) cfg() *config.Config { return l.live.Load() }

// config is the configuration as handlers are given it.
func (b *Broker) config() liveConfig { return liveConfig{&b.live} }

// cfg is the configuration of this moment. It must not be changed.
func (b *Broker) cfg() *config.Config { return b.live.Load() }

// Store returns the store, for checks and tools in the same process; nil before Start.
func (b *Broker) Store() *store.Store { return b.store }

// MetricsAddr is where /metrics and /health are served, host:port; empty without metrics. After Start.
func (b *Broker) MetricsAddr() string { return b.exporter.Addr() }

// MetricsErr tells why there are no metrics although they are configured, nil when there are. After Start.
func (b *Broker) MetricsErr() error { return b.exporter.Err() }

// Start opens the store, recovers it, serves both ports and registers at the NameServers. After an error nothing is
// left running.
func (b *Broker) Start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			b.abandon()
		}
	}()
	if err = b.openStore(); err != nil {
		return err
	}
	if err = b.loadTables(); err != nil {
		return err
	}
	if err = b.openAccounts(); err != nil {
		return err
	}
	if err = b.openTimers(); err != nil {
		return err
	}
	b.services.Open(b.store, b.timers)
	b.openPops()
	if err = b.store.Start(); err != nil {
		return err
	}
	b.persist.Start()
	if b.timers != nil {
		if err = b.timers.Start(); err != nil {
			return fmt.Errorf("broker: timers: %w", err)
		}
	}
	if !b.cfg().IsSlave() && !b.asksSlaves() {
		b.work()
	}
	b.holds.Start()
	b.notices.Start(b.consumers, b.producers)
	b.started = time.Now()
	if err = b.serve(); err != nil {
		return err
	}
	if !b.controlled() {
		if err = b.replica.Start(); err != nil {
			return fmt.Errorf("broker: haListenPort=%d: %w", b.cfg().HAListenPort, err)
		}
	}
	b.exporter = exporter.New(b.exporterDeps())
	b.exporter.Start()
	switch {
	case b.controlled():
		b.replicas.Start()
	case b.asksSlaves():
		b.online.Start(b.comeOnline, b.tellEnds)
	default:
		b.online.Start(b.tellEnds)
		b.join()
	}
	if !b.cfg().IsSlave() { // a slave has its master's
		b.mappings.Start()
	}
	b.followAddresses()
	b.wg.Add(2)
	go b.expireClients()
	go b.sampleStats()
	return nil
}

// openStore opens and recovers the store. Recovery must know which topics have batch queues before the tables are
// loaded, which happens under the store's lock only; that attribute never changes.
func (b *Broker) openStore() (err error) {
	early, err := meta.ReadTopics(b.fs, b.cfg().StorePathRootDir)
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	ev := b.storeEvents()
	ev.IsBatchTopic = func(topic string) bool {
		return meta.IsBatch(early.Get(topic)) ||
			meta.IsBatch(b.topics.Get(topic))
	}
	cfg := b.cfg().Config
	cfg.MaxOpenConsumeQueueFiles = b.queueFiles()
	b.store, err = store.Open(cfg, b.fs, ev)
	b.overload.Open(b.store)
	return err
}

// loadTables reads config/*.json. A file that exists and cannot be read, nor its .bak, stops the start: guessing would
// lose offsets.
func (b *Broker) loadTables() error {
	cfg := b.cfg()
	b.persist = meta.NewPersister(b.fs, cfg.StorePathRootDir, func(file string, err error) {
		b.throttled.Warn("persist").Err(err).Str("file", file).Msg("cannot write table; trying again")
	})
	b.persist.Told = b.restored
	b.topics.Changed = b.persist.Add("topics.json", 0, b.topics.Encode)
	b.mappings.Changed = b.persist.Add("topicQueueMapping.json", 0, b.mappings.Encode)
	b.groups.Changed = b.persist.Add("subscriptionGroup.json", 0, b.groups.Encode)
	b.offsets.Changed = b.persist.Add("consumerOffset.json", ms(cfg.FlushConsumerOffsetInterval), b.offsets.Encode)
	b.progress.Changed = b.persist.Add("slaveProgress.json", ms(cfg.FlushConsumerOffsetInterval), b.progress.Encode)
	b.offsets.Light = cfg.EnableLmq
	if cfg.EnableLmq {
		plain := b.offsets.Changed
		light := b.persist.Add("lmqConsumerOffset.json", ms(cfg.FlushConsumerOffsetInterval), b.offsets.EncodeLight)
		b.offsets.Changed = func() { plain(); light() }
	}
	b.filters.changed = b.persist.Add("consumerFilter.json", flushFilters, b.filters.Encode)
	// permissions first: see auth.Store
	b.users.GrantsChanged = b.persist.AddPrivate("acls.json", b.users.EncodeACLs)
	b.users.UsersChanged = b.persist.AddPrivate("users.json", b.users.EncodeUsers)
	b.modes.Changed = b.persist.Add("messageRequestMode.json", 0, b.modes.Encode)
	b.pops.OrderFile(b.persist.Add("consumerOrderInfo.json", ms(cfg.FlushConsumerOffsetInterval), b.pops.EncodeOrders))
	b.schedule.Changed = b.persist.Add("delayOffset.json", ms(cfg.FlushDelayOffsetInterval), b.schedule.Durable)
	b.trans.Counts.Changed = b.persist.Add("transactionMetrics", ms(cfg.TransactionMetricFlushInterval),
		b.trans.Counts.Encode)
	b.trans.Acted.Changed = b.persist.Add("actedTransactions.json", 0, b.trans.Acted.Encode)
	for _, t := range []struct {
		file string
		load func([]byte) error
	}{{"topics.json", b.topics.Load}, {"topicQueueMapping.json", b.mappings.Load},
		{"subscriptionGroup.json", b.groups.Load}, {"consumerOffset.json", b.offsets.Load},
		{"lmqConsumerOffset.json", b.offsets.LoadLight}, {"delayOffset.json", b.schedule.Load},
		{"slaveProgress.json", b.progress.Load}, {"messageRequestMode.json", b.modes.Load},
		{"consumerOrderInfo.json", b.pops.LoadOrders},
		{"consumerFilter.json", b.filters.load}, {"users.json", b.users.LoadUsers}, {"acls.json", b.users.LoadACLs},
		{"transactionMetrics", b.trans.Counts.Load}, {"actedTransactions.json", b.trans.Acted.Load}} {
		if err := b.persist.Load(t.file, t.load); err != nil {
			return fmt.Errorf("broker: config/%s below %s: %w", t.file, cfg.StorePathRootDir, err)
		}
	}
	if err := b.users.Begin(); err != nil {
		return fmt.Errorf("broker: the first users: %w", err)
	}
	for _, name := range b.topics.Odd {
		b.log.Error().Str("topic", fmt.Sprintf("%.300q", name)).
			Msg("topics.json: a topic that cannot be: left out if no folder can have its name, else cut to 65536 queues")
	}
	if !cfg.IsSlave() {
		b.beMaster()
	}
	b.topics.AddSystem(systemTopics(cfg))
	b.topics.Changed()
	b.groups.Changed()
	return nil
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// Stop leaves the NameServers, closes the connections, writes the tables and closes the store. Safe to call more than
// once.
func (b *Broker) Stop(ctx context.Context) (err error) {
	b.stopOnce.Do(func() {
		b.handOver()
		b.online.Stop()
		b.members.Stop()
		if b.register != nil {
			b.register.StopAndLeave(ctx)
		}
		err = b.shutdown(ctx)
	})
	return err
}

// abandon undoes a start that failed half way.
func (b *Broker) abandon() {
	b.stopOnce.Do(func() { _ = b.shutdown(context.Background()) })
}

// shutdown ends everything that runs, in an order in which nobody is called after its end.
func (b *Broker) shutdown(ctx context.Context) error {
	if b.controlled() {
		b.replicas.Stop()
	}
	b.online.Stop()
	b.members.Stop()
	close(b.stop)
	b.addresses.Stop()
	if b.replica != nil {
		b.replica.Stop()
	}
	b.notices.Stop()
	b.mappings.Stop()
	var errs []error
	b.holds.Stop()
	b.pops.Stop()
	b.exporter.Stop(ctx)
	if b.server != nil {
		errs = append(errs, b.server.Stop(ctx))
	}
	b.schedule.Stop()
	if b.timers != nil {
		errs = append(errs, b.timers.Stop())
	}
	b.trans.Stop()
	b.wg.Wait()
	if b.certs != nil {
		b.certs.Stop()
	}
	if b.plain != nil {
		b.plain.Stop()
	}
	if b.client != nil {
		errs = append(errs, b.client.Stop())
	}
	if b.persist != nil {
		b.persist.Close()
	}
	b.endPopped()
	if b.store != nil {
		errs = append(errs, b.store.Stop(ctx))
	}
	return errors.Join(errs...)
}

// expireClients forgets clients without heartbeats, and order locks that nobody renews. Java:
// ClientHousekeepingService.
func (b *Broker) expireClients() {
	defer b.wg.Done()
	t := time.NewTicker(10 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-t.C:
			b.locks.Expire()
			limit := b.now().Add(-ms(b.cfg().ChannelExpiredTimeout)).UnixMilli()
			for _, c := range append(b.consumers.Expired(limit), b.producers.Expired(limit)...) {
				c.Close()
			}
		}
	}
}
