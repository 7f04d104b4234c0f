package namesrv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/eventlog"
	"gorocket/remoting/guard"
	"gorocket/remoting/metrics"
	"gorocket/remoting/secure"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
	"gorocket/store/vfs"
)

// Server is one NameServer (NamesrvController.java). New validates, Start runs, Stop drains; it starts once.
type Server struct {
	log    zerolog.Logger
	noise  *throttle.Log // for lines that peers cause
	files  files
	kv     *kvStore
	routes *routes

	cfg   atomic.Pointer[Config] // immutable value, replaced as a whole
	cfgMu sync.Mutex             // one update of cfg and its file at a time

	departures *unregisterQueue
	notices    chan *minIDChange
	failed     chan error                                           // one element
	server     *remoting.Server                                     // immutable after Start
	client     *remoting.Client                                     // immutable after Start
	certs      *secure.Keeper                                       // immutable after Start
	guard      func(*remoting.Conn, *wire.Command) remoting.Refusal // immutable after Start; nil: nobody is asked
	addr       string                                               // immutable after Start
	counts     counts
	exporter   *metrics.Exporter // nil without metrics; immutable after Start
	metricsErr error             // why there are none; immutable after Start
	guest      Guest             // nil: none; immutable after Start
	born       time.Time         // immutable after Start

	mu      sync.Mutex
	started bool           // guarded by mu
	cancel  func()         // guarded by mu; ends the workers
	workers sync.WaitGroup // the three loops
}

// New checks the configuration. Nothing is opened or bound yet. Errors name the configuration key.
func New(cfg Config, log zerolog.Logger) (*Server, error) {
	return newServer(cfg, log, vfs.OS{})
}

// restored logs that a file does not hold what was written last.
func restored(log zerolog.Logger) func(vfs.Restored) {
	return func(r vfs.Restored) {
		log.Warn().Str("file", r.File).Str("readInstead", r.From).AnErr("reason", r.Why).Msg(r.String())
	}
}

func newServer(cfg Config, log zerolog.Logger, fs vfs.FS) (*Server, error) {
	err := cfg.Close(&cfg, &cfg.Settings)
	if err == nil {
		err = cfg.validate()
	}
	if err != nil {
		return nil, fmt.Errorf("namesrv: %w", err)
	}
	s := &Server{log: log, noise: throttle.New(log, linesPerSecond, time.Second), files: files{fs, restored(log)},
		routes: newRoutes(), notices: make(chan *minIDChange, maxPendingNotices), failed: make(chan error, 1)}
	s.cfg.Store(&cfg)
	s.kv = newKVStore(s.files, cfg.KVConfigPath, func() int { return s.config().MaxKVConfigBytes })
	s.departures = newUnregisterQueue(cfg.UnRegisterBrokerQueueCapacity, s.applyDepartures)
	return s, nil
}

// Start loads the KV configuration, binds the port and serves. ctx bounds the start only. After an error nothing runs.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return errors.New("namesrv: started before")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.kv.load(); err != nil {
		return fmt.Errorf("namesrv: KV config: %w", err)
	}
	if err := s.startNetwork(); err != nil {
		return fmt.Errorf("namesrv: %w", err)
	}
	s.startWorkers()
	s.started = true
	s.startMetrics()
	s.log.Info().Str("addr", s.addr).Msg("The Name Server boot success")
	return nil
}

// open is what every client asks for, and not each signs: routes.
func open() auth.Codes { return auth.Codes{wire.ReqGetRouteinfoByTopic: true} }

func (s *Server) startNetwork() error {
	table, err := remoting.NewTable(s.entries()...)
	if err != nil {
		return err
	}
	none, err := remoting.NewTable()
	if err != nil {
		return err
	}
	if s.guard, err = guard.ForServer(s.config().AuthenticationEnabled, s.config().Signing, s.log, open()); err != nil {
		return err
	}
	if s.certs, err = secure.New(s.config().Settings, secure.FromJava(), s.certificates); err != nil {
		return err
	}
	s.oldCertificate()
	events := remoting.Events{Failed: s.fail}
	o := remoting.Options{TLS: s.certs.TLS(), Sign: guard.Sign(s.config().Credentials()), Events: events}
	if s.client, err = remoting.NewClient(none, o); err != nil {
		return err
	}
	if err = s.client.Start(); err != nil {
		return err
	}
	s.born = time.Now()
	if err = s.listen(table); err != nil {
		return errors.Join(err, s.client.Stop())
	}
	s.certs.Start()
	return nil
}

// portTries is how often a free port is chosen: somebody else may take it before it is bound for good.
const portTries = 5

func (s *Server) listen(table *remoting.Table) error {
	cfg := s.config()
	addr := net.JoinHostPort(cfg.BindAddress, strconv.Itoa(cfg.ListenPort))
	if cfg.ListenPort != 0 {
		return s.bind(table, addr)
	}
	var err error
	for range portTries {
		free, ferr := freeAddr(addr)
		if ferr != nil {
			return ferr
		}
		if err = s.bind(table, free); err == nil {
			break
		}
	}
	return err
}

func (s *Server) bind(table *remoting.Table, addr string) error {
	server, err := remoting.NewServer(table, s.options(), addr)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	s.server, s.addr = server, addr
	return nil
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

// freeAddr lets the system choose a port.
func freeAddr(addr string) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *Server) options() remoting.Options {
	cfg := s.config()
	return remoting.Options{
		IdleTimeout: time.Duration(cfg.ServerChannelMaxIdleTimeSeconds) * time.Second, Workers: cfg.DefaultThreadPoolNums,
		QueueCapacity: cfg.DefaultThreadPoolQueueCapacity, MaxConnections: cfg.MaxConnections,
		MaxWaiting: leastWaiting(cfg.MaxWaitingBytes), TLS: s.certs.TLS(),
		FrameTimeout: time.Duration(cfg.FrameTimeout) * time.Millisecond, MaxHeader: cfg.MaxHeaderBytes,
		Guard: s.guard, Events: s.events(),
	}
}

// events are the lines about peers. They run on event loops.
func (s *Server) events() remoting.Events {
	lines := eventlog.Log{Log: s.log, Noise: s.noise}
	return lines.Events(s.fail, s.connClosed, func() { s.counts.refused.Add(1) })
}

// leastWaiting holds a limit that was given above what two frames need; 0 stays: the default.
func leastWaiting(n int64) int64 {
	if n == 0 {
		return 0
	}
	return max(n, 2*wire.MaxFrame)
}

// linesPerSecond is how many lines peers may cause.
const linesPerSecond = 5

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

// peerWarn begins a warning that peers can cause; too many of them are dropped and counted.
func (s *Server) peerWarn() *zerolog.Event { return s.noise.Warn("peer") }

func (s *Server) startWorkers() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.workers.Go(func() { s.departures.run(ctx.Done()) })
	s.workers.Go(func() { s.scanLoop(ctx.Done()) })
	s.workers.Go(func() { s.notifyLoop(ctx) })
}

// Addr is the address that the server listens on, host:port; "" before Start.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Stop closes the port and all connections, then ends the workers. Calling it again, or before Start, does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		return nil
	}
	s.exporter.Stop(ctx)
	err := s.server.Stop(ctx)
	s.cancel()
	s.cancel = nil
	s.workers.Wait() // before the client, which one of them uses
	s.certs.Stop()
	return errors.Join(err, s.client.Stop())
}
