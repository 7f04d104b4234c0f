package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Engine owns event loops, the connections on them, their budget, the acceptors and the guard.
type Engine struct {
	opts       Options
	run        loops       // immutable
	acceptors  []*acceptor // immutable after Start
	loops      sync.Map    // executor -> *Loop
	budget     Budget
	counts     counts
	handshakes *handshaker
	open       atomic.Int64 // connections
	handing    atomic.Int64 // ms since 1970: since when a connection has waited for a loop to take it, 0 for none
	failed     atomic.Pointer[error]

	guardStop chan struct{}
	guardDone chan struct{}

	handOver sync.RWMutex // held while a loop is handed a connection, and until nothing is handed over any more
	stopping bool         // guarded by handOver; what loops are handed now they may never take

	mu    sync.Mutex
	conns map[*Conn]struct{} // guarded by mu
}

// New prepares an engine; nothing is bound and nothing runs yet.
func New(opts Options) (*Engine, error) {
	e := &Engine{opts: opts, conns: map[*Conn]struct{}{}}
	e.budget.limit = opts.MaxWaiting
	e.handshakes = newHandshaker(runtime.NumCPU())
	e.guardStop, e.guardDone = make(chan struct{}), make(chan struct{})
	if opts.Network != nil {
		e.run = newNetLoops(e)
		return e, nil
	}
	g, err := newGnetLoops(e)
	e.run = g
	return e, err
}

// Start binds addrs (host:port), if there are any, and serves. It returns once connections are accepted, or with the
// reason why not: then nothing runs.
func (e *Engine) Start(addrs ...string) (err error) {
	defer func() {
		if err != nil {
			for _, a := range e.acceptors {
				_ = a.l.Close()
			}
			e.acceptors = nil
		}
	}()
	for _, addr := range addrs {
		l, err := e.listen(addr)
		if err != nil {
			return err
		}
		e.acceptors = append(e.acceptors, &acceptor{engine: e, l: l})
	}
	if err = e.run.Start(); err != nil {
		return err
	}
	go e.guard()
	for _, a := range e.acceptors {
		a.start()
	}
	return nil
}

// Addrs returns where connections are accepted, in the order of Start's addresses: with the ports that the system has
// chosen for those that were 0.
func (e *Engine) Addrs() (addrs []string) {
	for _, a := range e.acceptors {
		addrs = append(addrs, a.l.Addr().String())
	}
	return addrs
}

// Stop closes the listeners and all connections and ends the loops. After a Start that succeeded; once.
func (e *Engine) Stop(ctx context.Context) (err error) {
	stopped := make(chan error, 1)
	go func() { // a loop that hangs or has ended would keep us
		e.handOver.Lock()
		e.stopping = true
		e.handOver.Unlock()
		for _, a := range e.acceptors {
			a.close()
		}
		stopped <- e.run.Stop()
	}()
	select {
	case err = <-stopped:
	case <-ctx.Done():
		err = ctx.Err()
	}
	e.handshakes.close()
	close(e.guardStop)
	<-e.guardDone
	return err
}

// Dial connects to addr (host:port). ctx bounds the wait. It must not be called on an event loop.
func (e *Engine) Dial(ctx context.Context, addr string) (*Conn, error) {
	nc, err := e.dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	encrypted, err := e.dialled(ctx, nc)
	if err != nil {
		return nil, errors.Join(err, quietly(nc.Close()))
	}
	opened, failed := make(chan *Conn, 1), make(chan error, 1)
	go func() { // it waits for the loop, which may be slow; the context ends our wait
		if err := e.enroll(nc, &dialling{opened, encrypted}); err != nil {
			failed <- err
		}
	}()
	select {
	case c := <-opened:
		return c, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// enroll hands a connection that was dialled to a loop, unless the engine ends: a loop that has ended takes it never,
// and does not say so.
func (e *Engine) enroll(nc net.Conn, d *dialling) error {
	e.handOver.RLock()
	defer e.handOver.RUnlock()
	if e.stopping {
		return errors.Join(errStopping, quietly(nc.Close()))
	}
	return e.run.enroll(nc, d)
}

var errStopping = errors.New("transport: stopped")

func (e *Engine) dial(ctx context.Context, addr string) (net.Conn, error) {
	if e.opts.Network != nil {
		return e.opts.Network.Dial(ctx, addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

// begin makes a connection on the loop that calls it; d is nil for one that was accepted.
func (e *Engine) begin(el executor, remote, local net.Addr, d *dialling, sock func(c *Conn) socket) *Conn {
	c, recv := e.opts.New()
	c.engine, c.recv, c.loop = e, recv, e.loopOf(el)
	c.remote, c.known = addrPort(remote), d != nil
	c.remoteText = c.remote.String()
	c.sock = sock(c)
	c.waker = c.sock
	if c.known && d.tls != nil {
		c.tls = d.tls
		c.tls.raw, c.sock = c.sock, c.tls
		_ = c.waker.Wake() // the peer may have said something behind its handshake
	}
	e.opened(c, addrPort(local))
	if d != nil {
		d.opened <- c
	}
	return c
}

// opened begins a connection. On its loop.
func (e *Engine) opened(c *Conn, local netip.AddrPort) {
	c.touch(time.Now())
	e.open.Add(1)
	c.loop.conns.Add(1)
	e.mu.Lock()
	e.conns[c] = struct{}{}
	e.mu.Unlock()
	c.recv.Opened(local)
}

// closed ends a connection. On its loop.
func (e *Engine) closed(c *Conn, err error) {
	e.mu.Lock()
	delete(e.conns, c)
	e.mu.Unlock()
	e.open.Add(-1)
	c.loop.conns.Add(-1)
	c.markClosed()
	e.release(c)
	c.recv.Closed(err)
}

// Budget returns what all connections may keep waiting together.
func (e *Engine) Budget() *Budget { return &e.budget }

// Connections returns how many connections are open.
func (e *Engine) Connections() int { return int(e.open.Load()) }

// closeIdle closes connections without traffic for IdleTimeout. Java: IdleStateHandler in NettyRemotingServer.
func (e *Engine) closeIdle(now time.Time) {
	for _, c := range e.idleSince(now.Add(-e.opts.IdleTimeout).UnixMilli()) {
		c.Close()
	}
}

func (e *Engine) idleSince(ms int64) (idle []*Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.conns {
		if c.lastActive.Load() < ms {
			idle = append(idle, c)
		}
	}
	return idle
}

// fail reports the unexpected end of a loop, once.
func (e *Engine) fail(err error) {
	if e.failed.CompareAndSwap(nil, &err) && e.opts.Events.Failed != nil {
		e.opts.Events.Failed(err)
	}
}

// Health tells why the engine does not serve, nil when it does: an event loop has ended or does not turn. Any
// goroutine.
func (e *Engine) Health() error {
	if err := e.failed.Load(); err != nil {
		return *err
	}
	var late time.Duration
	e.loops.Range(func(_, v any) bool {
		late = max(late, time.Duration(v.(*Loop).late.Load()))
		return true
	})
	if at := e.handing.Load(); at > 0 {
		late = max(late, time.Since(time.UnixMilli(at)))
	}
	if late > stuckAfter {
		return fmt.Errorf("remoting: an event loop has not turned for %v", late.Round(time.Millisecond))
	}
	return nil
}
