package console

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"html/template"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"gorocket/remoting/admin"
	"gorocket/remoting/auth"
	"gorocket/remoting/guard"
	"gorocket/remoting/metrics"
)

// Options say where the console listens, whom it asks and who may use it.
type Options struct {
	Host        string // address to listen on
	Port        int    // when it is taken, the next free one of ten; 0: any
	NameServers []string
	Credentials *auth.Credentials // as whom it asks where nobody logs in; nil: requests are not signed
	Login       bool              // users of ACL 2.0 log in, and each session asks as its user
	Dial        *tls.Config       // of connections to servers; nil: plain
	Serve       *tls.Config       // of browsers' connections; nil: plain HTTP
	Version     string
	Log         zerolog.Logger
}

// Limits of what browsers may cause.
const (
	readTimeout  = 10 * time.Second
	writeTimeout = 60 * time.Second
	idleTimeout  = 2 * time.Minute
	maxHeader    = 32 << 10
	maxForm      = 8 << 20 // bytes of a request's body: a test message with room for its encoding
	maxAtOnce    = 32      // requests that are worked on
	maxConns     = 256     // connections; more of them wait
	askTimeout   = 5 * time.Second
)

// Server is the console. New makes one, Start opens its port, Stop ends it.
type Server struct {
	opts     Options
	home     *backend  // asks as opts.Credentials
	nobody   *backend  // asks unsigned; nil where nobody logs in
	sessions *sessions // nil: nobody logs in
	slow     *slowdown
	key      [32]byte          // of the tokens; immutable
	static   map[string]*asset // immutable
	turns    chan struct{}     // has room for maxAtOnce
	// views are the templates by language and page. The first page makes them: a broker that nobody looks at starts
	// without.
	views func() (map[string]map[string]*template.Template, error)

	listener net.Listener  // since Start
	server   *http.Server  // since Start
	done     chan struct{} // closed when server has ended
	ending   chan struct{} // closed by Stop
	failed   chan error
}

// New makes a console that is not open yet.
func New(o Options) (*Server, error) {
	if len(o.NameServers) == 0 {
		return nil, errors.New("the console needs the address of a NameServer")
	}
	s := &Server{opts: o, slow: newSlowdown(time.Now), turns: make(chan struct{}, maxAtOnce), failed: make(chan error, 1)}
	if _, err := rand.Read(s.key[:]); err != nil {
		return nil, err
	}
	s.views = sync.OnceValues(parseViews)
	var err error
	if s.static, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.home, err = s.open(o.Credentials); err != nil {
		return nil, err
	}
	s.home.super = true
	if o.Login {
		s.sessions = newSessions(time.Now)
		if s.nobody, err = s.open(nil); err != nil {
			return nil, errors.Join(err, s.home.close())
		}
	}
	return s, nil
}

// open makes the client that asks as c.
func (s *Server) open(c *auth.Credentials) (*backend, error) {
	cl, err := admin.Open(admin.Options{NameServers: s.opts.NameServers, Timeout: askTimeout, Sign: guard.Sign(c),
		TLS: s.opts.Dial})
	if err != nil {
		return nil, err
	}
	return newBackend(cl), nil
}

// Start listens and serves.
func (s *Server) Start(context.Context) error {
	l, err := metrics.Listen(s.opts.Host, s.opts.Port)
	if err != nil {
		return err
	}
	s.listener, s.done, s.ending = l, make(chan struct{}), make(chan struct{})
	s.server = &http.Server{Handler: s.Handler(), ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: log.New(s.opts.Log, "console: ", 0)}
	l = newRoom(l, maxConns)
	if s.opts.Serve != nil {
		l = tls.NewListener(l, s.opts.Serve)
	}
	go s.sweep()
	go func() {
		defer close(s.done)
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.opts.Log.Error().Err(err).Msg("the console has ended")
		}
	}()
	if !s.loopback() && !s.opts.Login {
		s.opts.Log.Warn().Str("addr", l.Addr().String()).
			Msg("the console is open to other machines and nobody has to log in: it shows, and changes nothing")
	}
	return nil
}

// sweep ends sessions that are over, with the secrets that they hold.
func (s *Server) sweep() {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			s.sessions.of("")
		case <-s.ending:
			return
		}
	}
}

// Stop closes the port and all connections.
func (s *Server) Stop(context.Context) error {
	var err error
	if s.server != nil {
		close(s.ending)
		err = s.server.Close()
		<-s.done
	}
	if s.sessions != nil {
		s.sessions.endAll()
		err = errors.Join(err, s.nobody.close())
	}
	return errors.Join(err, s.home.close())
}

// Failed never delivers anything: servers go on without their console.
func (s *Server) Failed() <-chan error { return s.failed }

// URL is where the console is, as a browser of this machine reaches it.
func (s *Server) URL() string {
	scheme, host := "http", s.opts.Host
	if s.opts.Serve != nil {
		scheme = "https"
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(s.listener.Addr().(*net.TCPAddr).Port)) + "/"
}

// loopback tells whether only this machine reaches the console.
func (s *Server) loopback() bool { return Loopback(s.opts.Host) }

// Loopback tells whether only this machine reaches what listens at an address.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// mayAct tells whether a user may change something.
func (s *Server) mayAct(b *backend) bool {
	if s.opts.Login {
		return b != nil && b.super
	}
	return s.loopback()
}
