package remoting

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/panjf2000/gnet/v2"

	"gorocket/remoting/wire"
)

// Client keeps one connection per peer and calls peers on it; peers may send requests back, which the table answers.
// Java: NettyRemotingClient.
type Client struct {
	engine *engine
	gnet   *gnet.Client
	once   sync.Once

	mu    sync.Mutex
	conns map[string]*Conn         // guarded by mu; by address
	locks map[string]chan struct{} // guarded by mu; with an element while an address is dialled
}

// NewClient prepares a client. table answers requests that peers send on our connections; it may be empty.
func NewClient(table *Table, opts Options) (*Client, error) {
	opts.EventLoops = max(opts.EventLoops, 1)
	opts.Workers = max(opts.Workers, 2)
	if opts.MaxHeader <= 0 {
		opts.MaxHeader = wire.HeaderMask // the answer to a large batch has the ids of all its messages there
	}
	cl := &Client{engine: newEngine(table, opts), conns: map[string]*Conn{}, locks: map[string]chan struct{}{}}
	g, err := gnet.NewClient(cl.engine, gnet.WithNumEventLoop(cl.engine.opts.EventLoops), gnet.WithTCPNoDelay(gnet.TCPNoDelay), gnet.WithLogger(silent{}))
	cl.gnet = g
	return cl, err
}

// Start makes the client's event loop run.
func (cl *Client) Start() error {
	cl.engine.start()
	return cl.gnet.Start()
}

// Stop closes all connections. Safe to call more than once.
func (cl *Client) Stop() (err error) {
	cl.once.Do(func() {
		err = cl.gnet.Stop()
		cl.engine.stop()
	})
	return err
}

// Conn returns the open connection to addr (host:port), dialling if there is none. ctx bounds the wait.
func (cl *Client) Conn(ctx context.Context, addr string) (*Conn, error) {
	cl.mu.Lock()
	l := cl.locks[addr]
	if l == nil {
		l = make(chan struct{}, 1)
		cl.locks[addr] = l
	}
	cl.mu.Unlock()
	select {
	case l <- struct{}{}:
	case <-ctx.Done(): // somebody with more time dials an address that does not answer
		return nil, fmt.Errorf("remoting: connect to %s: %w", addr, ctx.Err())
	}
	defer func() { <-l }()
	if c := cl.existing(addr); c != nil {
		return c, nil
	}
	c, err := cl.dial(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("remoting: connect to %s: %w", addr, err)
	}
	cl.mu.Lock()
	cl.conns[addr] = c
	cl.mu.Unlock()
	return c, nil
}

func (cl *Client) existing(addr string) *Conn {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if c := cl.conns[addr]; c != nil && !c.Closed() {
		return c
	}
	return nil
}

func (cl *Client) dial(ctx context.Context, addr string) (*Conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	opened, failed := make(chan *Conn, 1), make(chan error, 1)
	go func() { // it waits for the loop, which may be slow; the context ends our wait
		if _, err := cl.gnet.EnrollContext(nc, opened); err != nil {
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

// Call invokes a request at addr and turns an answer other than SUCCESS into a *ResponseError.
func Call[T any](ctx context.Context, cl *Client, addr string, code int32, h *wire.HeaderType[T], v *T, body []byte) (*wire.Command, error) {
	c, err := cl.Conn(ctx, addr)
	if err != nil {
		return nil, err
	}
	resp, err := Invoke(ctx, c, code, h, v, body)
	if err != nil {
		return nil, fmt.Errorf("remoting: request %d to %s: %w", code, addr, err)
	}
	if resp.Code != wire.Success {
		return nil, &ResponseError{Addr: addr, Code: resp.Code, Remark: resp.Remark}
	}
	return resp, nil
}
