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
	engine *engine
	addrs  []string
	gnet   gnet.Engine
	done   chan error
	once   sync.Once
}

// readBuffer is what a loop reads at once, in bytes: what does not end in it is copied together with what follows, so it holds many large frames.
const readBuffer = 256 << 10

// NewServer prepares a server; nothing is bound yet. addrs are host:port.
func NewServer(table *Table, opts Options, addrs ...string) (*Server, error) {
	if len(addrs) == 0 {
		return nil, errors.New("remoting: a server needs an address to listen on")
	}
	return &Server{engine: newEngine(table, opts), addrs: addrs, done: make(chan error, 1)}, nil
}

// Start binds the addresses and serves. It returns once connections are accepted, or with the reason why not.
func (s *Server) Start() error {
	urls := make([]string, len(s.addrs))
	for i, a := range s.addrs {
		urls[i] = "tcp://" + a
	}
	s.engine.start()
	go func() {
		s.done <- gnet.Rotate(s.engine, urls, gnet.WithNumEventLoop(s.engine.opts.EventLoops), gnet.WithReuseAddr(true), gnet.WithReadBufferCap(readBuffer),
			gnet.WithTCPNoDelay(gnet.TCPNoDelay), gnet.WithLoadBalancing(gnet.LeastConnections), gnet.WithLogger(silent{}))
	}()
	select {
	case s.gnet = <-s.engine.booted:
		return nil
	case err := <-s.done:
		s.done <- err
		s.engine.stop()
		return fmt.Errorf("remoting: cannot listen on %v: %w", s.addrs, err)
	}
}

// Stop closes the listeners and all connections and waits for the workers. Safe to call more than once.
func (s *Server) Stop(ctx context.Context) (err error) {
	s.once.Do(func() {
		if s.gnet.Validate() != nil {
			return
		}
		stopped := make(chan error, 1)
		go func() { stopped <- s.gnet.Stop(ctx) }() // it looks twice a second only; the end of Rotate comes at once
		select {
		case <-s.done:
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

// silent keeps gnet's own messages out of the log: what matters comes through Events.
type silent struct{}

func (silent) Debugf(string, ...any) {}
func (silent) Infof(string, ...any)  {}
func (silent) Warnf(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}
