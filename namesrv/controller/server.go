package controller

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/namesrv/controller/consensus"
	"gorocket/namesrv/controller/liveness"
	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/eventlog"
	"gorocket/remoting/guard"
	"gorocket/remoting/metrics"
	"gorocket/remoting/secure"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
	"gorocket/store/vfs"
)

// Server is one controller (ControllerManager.java). New validates, Start runs, Stop hands the leadership over and
// drains; it starts once.
type Server struct {
	log     zerolog.Logger
	noise   *throttle.Log     // for lines that peers cause
	crowd   *throttle.Log     // for lines about registered brokers, which may be many at once
	fs      vfs.FS            // immutable, as are the next four
	network remoting.Network  // nil: the kernel's
	stores  *consensus.Stores // nil: files
	peers   []consensus.Peer
	self    consensus.Peer

	cfg   atomic.Pointer[Config] // immutable value, replaced as a whole
	cfgMu sync.Mutex             // one update of cfg and its file at a time

	sets  *replicas.Table
	alive *liveness.Table
	looks chan string // broker sets whose master may be gone

	handOvers chan struct{} // one element for each that is under way
	changing  sync.Mutex    // held over a change of the members
	notices   atomic.Int64  // on their way

	transport *consensus.Transport                                 // immutable after Start
	node      atomic.Pointer[consensus.Node]                       // nil while the folder is being opened
	server    *remoting.Server                                     // immutable after Start
	client    *remoting.Client                                     // immutable after Start
	certs     *secure.Keeper                                       // immutable after Start
	guard     func(*remoting.Conn, *wire.Command) remoting.Refusal // immutable after Start; nil: nobody is asked
	failed    chan error                                           // one element
	counts    counts
	exporter  *metrics.Exporter // nil without metrics; immutable after Start
	born      time.Time         // immutable after Start
	longAgo   bool              // tests: as if born long ago; immutable

	adoptMu sync.Mutex
	adopted map[string]time.Time // guarded by adoptMu; when this one first saw an adopted set

	mu      sync.Mutex
	started bool           // guarded by mu
	cancel  func()         // guarded by mu; ends the workers
	workers sync.WaitGroup // loops, and notices on their way
}

// Options are what a controller takes from the machine. The zero value is the real one; simulations give others.
type Options struct {
	FS      vfs.FS            // of the configuration; nil: the operating system's
	Network remoting.Network  // what connections run over; nil: the kernel's
	Stores  *consensus.Stores // nil: files below controllerStorePath
}

// New checks the configuration. Nothing is opened or bound yet. Errors name the configuration key.
func New(cfg Config, log zerolog.Logger) (*Server, error) { return NewWith(cfg, log, Options{}) }

// NewWith is New on another machine.
func NewWith(cfg Config, log zerolog.Logger, o Options) (*Server, error) {
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	if err := cfg.Close(&cfg, &cfg.Settings); err != nil {
		return nil, fmt.Errorf("controller: %w", err)
	}
	peers, self, err := cfg.validate()
	if err != nil {
		return nil, fmt.Errorf("controller: %w", err)
	}
	s := &Server{log: log, noise: throttle.New(log, linesPerSecond, time.Second),
		crowd: throttle.New(log, brokersPerSecond, time.Second), fs: o.FS, network: o.Network,
		stores: o.Stores, peers: peers, self: self, sets: replicas.NewTable(), alive: liveness.NewTable(),
		looks: make(chan string, maxLooks), handOvers: make(chan struct{}, maxHandOvers),
		adopted: map[string]time.Time{}, failed: make(chan error, 1)}
	s.cfg.Store(&cfg)
	return s, nil
}

// linesPerSecond is how many lines peers may cause, brokersPerSecond how many are about registered brokers.
const (
	linesPerSecond   = 5
	brokersPerSecond = 500
)

// Start opens the member's folder, binds its port and serves. ctx bounds the start only. After an error nothing runs.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return errors.New("controller: started before")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.born = time.Now()
	if err := s.startNetwork(); err != nil {
		return fmt.Errorf("controller: %w", err)
	}
	err := s.checkSelf(ctx)
	if err == nil {
		err = s.startNode()
	}
	if err != nil {
		return errors.Join(err, s.server.Stop(ctx), s.client.Stop())
	}
	run, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.workers.Go(func() { s.watchBrokers(run) })
	s.workers.Go(func() { s.elections(run) })
	s.started = true
	s.startMetrics()
	s.certs.Start()
	s.log.Info().Str("addr", s.self.Addr).Str("id", s.self.ID).Msg("The Controller Server boot success")
	return nil
}

// startNetwork binds the port. Requests that come before the node is there are answered as by a member without a
// leader.
func (s *Server) startNetwork() error {
	table, err := remoting.NewTable(s.entries()...)
	if err != nil {
		return err
	}
	none, err := remoting.NewTable()
	if err != nil {
		return err
	}
	if s.guard, err = guard.ForServer(s.config().AuthenticationEnabled, s.config().Signing, s.log, nil); err != nil {
		return err
	}
	if s.certs, err = secure.New(s.config().Settings, secure.FromJava(), s.certificates); err != nil {
		return err
	}
	s.oldCertificate()
	o := remoting.Options{TLS: s.certs.TLS(), Network: s.network, Sign: guard.Sign(s.config().Credentials()),
		Events: remoting.Events{Failed: s.fail}}
	if s.client, err = remoting.NewClient(none, o); err != nil {
		return err
	}
	s.transport = consensus.NewTransport(s.self, s.config().Group, consensus.Remote(s.client))
	if err := s.client.Start(); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.self.Addr)
	if err == nil {
		s.server, err = remoting.NewServer(table, s.options(), net.JoinHostPort(s.config().BindAddress, port))
	}
	if err == nil {
		err = s.server.Start()
	}
	if err != nil {
		return errors.Join(err, s.client.Stop())
	}
	return nil
}

// selfTimeout bounds the question whether this process answers at its own address.
const selfTimeout = 500 * time.Millisecond

// checkSelf refuses to be the second member with an id, or one that others look for elsewhere.
func (s *Server) checkSelf(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, selfTimeout)
	defer cancel()
	err := s.transport.CheckSelf(ctx)
	if foreign := (*consensus.ForeignError)(nil); errors.As(err, &foreign) {
		return fmt.Errorf("controller: config key controllerDLegerSelfId: value %q: controllerDLegerPeers %s: %w", s.self.ID,
			s.config().Peers, err)
	}
	if err != nil {
		s.log.Warn().Err(err).Str("addr", s.self.Addr).Str("controllerDLegerSelfId", s.self.ID).
			Msg("this controller does not reach itself at its address among controllerDLegerPeers: do the others?")
	}
	return nil
}

func (s *Server) startNode() error {
	c := s.config()
	node, err := consensus.Open(consensus.Config{Group: c.Group, Self: s.self.ID, Peers: s.peers, Join: c.Join,
		Dir: c.StorePath, Stores: s.stores, Transport: s.transport, Machine: machine{s.sets}, Log: s.log,
		Timeout: millis(int64(c.ElectionTimeout))}, s.lead)
	if err != nil {
		return err
	}
	s.node.Store(node)
	if has := node.Members(); len(has) > 0 && !slices.Equal(has, consensus.Sorted(slices.Clone(s.peers))) {
		s.log.Warn().Any("members", has).Any("controllerDLegerPeers", s.peers).
			Msg("the group's log has other members than the file, and the log counts: see gorocket controller members")
	}
	return nil
}

func (s *Server) options() remoting.Options {
	c := s.config()
	lines := eventlog.Log{Log: s.log, Noise: s.noise}
	return remoting.Options{Workers: c.ThreadPoolNums, QueueCapacity: c.RequestThreadPoolQueueCapacity,
		MaxConnections: c.MaxConnections, MaxWaiting: c.MaxWaitingBytes, TLS: s.certs.TLS(), Network: s.network,
		FrameTimeout: millis(int64(c.FrameTimeout)), MaxHeader: c.MaxHeaderBytes, Guard: s.guard,
		Events: lines.Events(s.fail, s.connClosed, func() { s.counts.refused.Add(1) })}
}

// certificates logs that the files of TLS were read again, or cannot be used; what was read before stays then.
func (s *Server) certificates(err error) {
	if err != nil {
		s.log.Error().Err(err).Msg(remoting.LogBadCertificate)
	} else {
		s.log.Info().Msg(remoting.LogNewCertificate)
		s.oldCertificate()
	}
}

// oldCertificate warns of a certificate that ends soon.
func (s *Server) oldCertificate() {
	if err := s.certs.Expiring(time.Now()); err != nil {
		s.log.Warn().Err(err).Msg(remoting.LogOldCertificate)
	}
}

// fail notes that the network has ended, which nobody asked for.
func (s *Server) fail(err error) {
	s.log.Error().Err(err).Msg(remoting.LogFailed)
	select {
	case s.failed <- err:
	default:
	}
}

// Failed delivers the reason why the server cannot go on, if that comes to pass; the process should end then.
func (s *Server) Failed() <-chan error { return s.failed }

// Addr is where brokers and other controllers reach this one, host:port.
func (s *Server) Addr() string { return s.self.Addr }

// Config is the configuration in use.
func (s *Server) Config() Config { return *s.config() }

// MetricsAddr is where /metrics and /health are served, host:port; "" without metrics. After Start.
func (s *Server) MetricsAddr() string { return s.exporter.Addr("127.0.0.1") }

// config is the present configuration; it is immutable, updates replace it.
func (s *Server) config() *Config { return s.cfg.Load() }

// lead notes that this one begins to lead, or ends to. Its goroutine is the node's.
func (s *Server) lead(leads bool) {
	if !leads {
		s.log.Warn().Msg("this controller no longer leads")
		return
	}
	s.counts.elections.Add(1)
	s.log.Info().Int("brokerSets", len(s.sets.All())).Msg("this controller leads")
}

// Stop hands the leadership over, closes the port and all connections, then ends the workers. Calling it again, or
// before Start, does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		return nil
	}
	s.exporter.Stop(ctx)
	s.cancel()
	s.cancel = nil
	err := s.node.Load().Close() // while the others can still be reached
	err = errors.Join(err, s.server.Stop(ctx))
	s.workers.Wait() // before the client, which they use
	s.certs.Stop()
	return errors.Join(err, s.client.Stop())
}
