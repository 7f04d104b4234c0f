package remoting

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"gorocket/remoting/transport"
)

// Server accepts connections on one or more addresses and dispatches their requests. Java: NettyRemotingServer.
type Server struct {
	engine  *engine
	addrs   []string // immutable
	started bool     // immutable after Start
	once    sync.Once
}

// readBuffer is what a loop reads at once, in bytes: what does not end in it is copied together with what follows, so
// it holds many large frames.
const readBuffer = 256 << 10

// NewServer prepares a server; nothing is bound yet. addrs are host:port.
func NewServer(table *Table, opts Options, addrs ...string) (*Server, error) {
	if len(addrs) == 0 {
		return nil, errors.New("remoting: a server needs an address to listen on")
	}
	e, err := newEngine(table, opts, readBuffer)
	return &Server{engine: e, addrs: addrs}, err
}

// Start binds the addresses and serves. It returns once connections are accepted, or with the reason why not.
func (s *Server) Start() error {
	if err := s.engine.start(s.addrs...); err != nil {
		return fmt.Errorf("remoting: cannot listen on %v: %w", s.addrs, err)
	}
	s.started = true
	return nil
}

// Addrs returns where connections are accepted, in the order of NewServer's addresses: with the ports that the system
// has chosen for those that were 0. After Start.
func (s *Server) Addrs() []string { return s.engine.net.Addrs() }

// Stop closes the listeners and all connections and waits for the workers. Safe to call more than once.
func (s *Server) Stop(ctx context.Context) (err error) {
	s.once.Do(func() {
		if s.started {
			err = s.engine.net.Stop(ctx)
			s.engine.stopWorkers()
		}
	})
	return err
}

// Connections returns how many connections are open.
func (s *Server) Connections() int { return s.engine.net.Connections() }

// Health tells why the server does not serve, nil when it does: an event loop has ended or does not turn. Any
// goroutine.
func (s *Server) Health() error { return s.engine.net.Health() }

// Waiting calls fn with the code of every request that waits for a worker, at most QueueCapacity for each of the two
// kinds; fn must be quick: nobody else gets a worker meanwhile.
func (s *Server) Waiting(fn func(code int32)) {
	s.engine.pooled.each(fn)
	s.engine.blocking.each(fn)
}

// Figures returns the figures of this moment, for metrics.
func (s *Server) Figures() transport.Figures { return s.engine.net.Figures() }
