package remoting

import (
	"context"
	"fmt"
	"sync"

	"gorocket/remoting/wire"
)

// Client keeps one connection per peer and calls peers on it; peers may send requests back, which the table answers.
// Java: NettyRemotingClient.
type Client struct {
	engine *engine
	once   sync.Once

	mu    sync.Mutex
	runs  bool                     // guarded by mu; Start succeeded
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
	e, err := newEngine(table, opts, 0)
	return &Client{engine: e, conns: map[string]*Conn{}, locks: map[string]chan struct{}{}}, err
}

// Start makes the client's event loop run.
func (cl *Client) Start() error {
	err := cl.engine.start()
	cl.mu.Lock()
	defer cl.mu.Unlock()
	cl.runs = err == nil
	return err
}

// Stop closes all connections. Safe to call more than once, and without a Start that succeeded.
func (cl *Client) Stop() (err error) {
	cl.once.Do(func() {
		cl.mu.Lock()
		runs := cl.runs
		cl.mu.Unlock()
		if runs {
			err = cl.engine.net.Stop(context.Background())
			cl.engine.stopWorkers()
		}
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
	if c := cl.Open(addr); c != nil {
		return c, nil
	}
	nc, err := cl.engine.net.Dial(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("remoting: connect to %s: %w", addr, err)
	}
	c := (*Conn)(nc.Receiver().(*receiver))
	cl.mu.Lock()
	cl.conns[addr] = c
	cl.mu.Unlock()
	return c, nil
}

// Open is the open connection to addr, nil when there is none.
func (cl *Client) Open(addr string) *Conn {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if c := cl.conns[addr]; c != nil && !c.Closed() {
		return c
	}
	return nil
}

// Call invokes a request at addr and turns an answer other than SUCCESS into a *ResponseError.
func Call[T any](ctx context.Context, cl *Client, addr string, code int32, h *wire.HeaderType[T], v *T,
	body []byte) (*wire.Command, error) {
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

// AskHeader sends a request that has neither header nor body, and decodes the header of the answer. Errors are those of
// Call, and that of the decoder.
func AskHeader[T any](ctx context.Context, cl *Client, addr string, code int32, answer *wire.HeaderType[T]) (h T,
	err error) {
	resp, err := Call(ctx, cl, addr, code, wire.None, new(wire.NoHeader), nil)
	if err == nil {
		err = answer.Decode(resp, nil, &h)
	}
	return h, err
}
