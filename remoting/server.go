package remoting

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/panjf2000/gnet/v2"
)

// Server accepts connections on one or more addresses and dispatches their requests. Java: NettyRemotingServer.
type Server struct {
	engine    *engine
	addrs     []string     // immutable
	gnet      *gnet.Client // gnet's loops without listeners; immutable after Start
	acceptors []*acceptor  // immutable after Start
	once      sync.Once
}

// readBuffer is what a loop reads at once, in bytes: what does not end in it is copied together with what follows, so it holds many large frames.
const readBuffer = 256 << 10

// NewServer prepares a server; nothing is bound yet. addrs are host:port.
func NewServer(table *Table, opts Options, addrs ...string) (*Server, error) {
	if len(addrs) == 0 {
		return nil, errors.New("remoting: a server needs an address to listen on")
	}
	return &Server{engine: newEngine(table, opts), addrs: addrs}, nil
}

// Start binds the addresses and serves. It returns once connections are accepted, or with the reason why not.
func (s *Server) Start() (err error) {
	defer func() {
		if err != nil {
			s.closeListeners()
			s.acceptors = nil
			err = fmt.Errorf("remoting: cannot listen on %v: %w", s.addrs, err)
		}
	}()
	for _, addr := range s.addrs {
		l, err := listen(addr)
		if err != nil {
			return err
		}
		s.acceptors = append(s.acceptors, &acceptor{engine: s.engine, l: l})
	}
	s.gnet, err = gnet.NewClient(s.engine, gnet.WithNumEventLoop(s.engine.opts.EventLoops), gnet.WithReadBufferCap(readBuffer),
		gnet.WithTCPNoDelay(gnet.TCPNoDelay), gnet.WithLogger(silent{}))
	if err != nil {
		return err
	}
	if err = s.gnet.Start(); err != nil {
		return err
	}
	s.engine.start()
	for _, a := range s.acceptors {
		a.gnet = s.gnet
		a.start()
	}
	return nil
}

// closeListeners undoes a start that failed.
func (s *Server) closeListeners() {
	for _, a := range s.acceptors {
		_ = a.l.Close()
	}
}

// Stop closes the listeners and all connections and waits for the workers. Safe to call more than once.
func (s *Server) Stop(ctx context.Context) (err error) {
	s.once.Do(func() {
		if len(s.acceptors) == 0 {
			return
		}
		stopped := make(chan error, 1)
		go func() { // a loop that hangs or has ended would keep us
			for _, a := range s.acceptors {
				a.close()
			}
			stopped <- s.gnet.Stop()
		}()
		select {
		case err = <-stopped:
		case <-ctx.Done():
			err = ctx.Err()
		}
		s.engine.stop()
	})
	return err
}

// Connections returns how many connections are open.
func (s *Server) Connections() int { return s.engine.connections() }

// Health tells why the server does not serve, nil when it does: an event loop has ended or does not turn. Any
// goroutine.
func (s *Server) Health() error { return s.engine.health() }

// silent keeps gnet's own messages out of the log: what matters comes through Events.
type silent struct{}

func (silent) Debugf(string, ...any) {}
func (silent) Infof(string, ...any)  {}
func (silent) Warnf(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}
