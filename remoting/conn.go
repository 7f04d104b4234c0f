package remoting

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"gorocket/remoting/transport"
	"gorocket/remoting/wire/template"
)

// Conn is one connection, server or client side. Requests travel on it in both directions.
// Its methods may be called from any goroutine.
type Conn struct {
	net     transport.Conn
	engine  *engine          // immutable
	loop    *loopState       // immutable
	fast    bool             // immutable; came in on the fast port
	id      uint64           // immutable
	backoff template.Backoff // event loop only

	// Attachment belongs to the server's owner (the broker keeps its client entry here). Set by Store, read by Load.
	Attachment atomic.Value

	mu    sync.Mutex
	calls callTable // guarded by mu, which is taken inside transport.Conn's lock
}

// ID is the connection's number, from 1 on. The engine gives none twice.
func (c *Conn) ID() uint64 { return c.id }

// RemoteAddr returns the peer's address as ip:port.
func (c *Conn) RemoteAddr() string { return c.net.RemoteAddr() }

// RemoteAddrPort returns the peer's address.
func (c *Conn) RemoteAddrPort() netip.AddrPort { return c.net.RemoteAddrPort() }

// Close closes the connection; safe to call more than once.
func (c *Conn) Close() { c.net.Close() }

// Closed tells whether the connection has ended.
func (c *Conn) Closed() bool { return c.net.Closed() }

// Backlog returns how many bytes wait for the peer to read them, as far as is known. Who produces much for one peer
// looks here before it adds more. Java: Channel.isWritable.
func (c *Conn) Backlog() int { return c.net.Backlog() }

// Cork keeps answers from other goroutines back until Uncork, so that many of them leave in one write. It is a hint:
// the loop may send earlier.
func (c *Conn) Cork() { c.net.Cork() }

// Uncork sends what Cork kept back.
func (c *Conn) Uncork() { c.net.Uncork() }

// receiver is a Conn as transport sees it.
type receiver Conn

func (e *engine) newConn() (*transport.Conn, transport.Receiver) {
	c := &Conn{engine: e, id: e.conns.Add(1)}
	return &c.net, (*receiver)(c)
}

// Opened gives the connection the state of its loop.
func (r *receiver) Opened(local netip.AddrPort) {
	c := (*Conn)(r)
	l := c.net.Loop()
	if l.Local == nil {
		state := new(loopState)
		state.ctx.In = &state.in
		l.Local = state
	}
	c.loop = l.Local.(*loopState)
	c.fast = c.engine.opts.FastPort != 0 && int(local.Port()) == c.engine.opts.FastPort
	if opened := c.engine.opts.Events.Opened; opened != nil {
		opened(c)
	}
}

// Frame handles a request, or hands an answer to the call that waits for it.
func (r *receiver) Frame(frame []byte) error { return r.engine.dispatch((*Conn)(r), frame) }

func (r *receiver) BadFrame(err error) {
	if bad := r.engine.opts.Events.BadFrame; bad != nil {
		bad((*Conn)(r), err)
	}
}

func (r *receiver) Overflow(bytes int) {
	if overflow := r.engine.opts.Events.Overflow; overflow != nil {
		overflow((*Conn)(r), bytes)
	}
}

// Closed fails the calls that wait.
func (r *receiver) Closed(err error) {
	c := (*Conn)(r)
	c.mu.Lock()
	calls := c.calls.drain()
	c.mu.Unlock()
	for _, call := range calls {
		call.finish(nil, ErrConnClosed)
	}
	if closed := c.engine.opts.Events.Closed; closed != nil {
		closed(c, err)
	}
}
