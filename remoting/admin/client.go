package admin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// Defaults of Options.
const (
	DefaultTimeout  = 5 * time.Second // Java: DefaultMQAdminExt.timeoutMillis
	DefaultParallel = 32
)

// Options say whom a Client asks, and how.
type Options struct {
	NameServers []string      // host:port; may be empty for calls that name a broker or a controller
	Timeout     time.Duration // of one request to one server; default DefaultTimeout
	Parallel    int           // requests at once, of one call; default DefaultParallel
	Sign        remoting.Signer
	TLS         *tls.Config // nil: plain connections
}

// Client asks servers. Open makes one, Close ends it.
type Client struct {
	opts   Options
	client *remoting.Client
	good   atomic.Int32 // the NameServer that answered last

	mu    sync.Mutex
	names map[string]string // guarded by mu; broker address → broker name, for errors
}

// Error is an answer other than SUCCESS, or none.
type Error struct {
	Broker  string // name of the broker at Addr, "" when it is none or not known
	Addr    string
	Request int32 // request code
	Code    int32 // of the answer; -1: there was none
	Remark  string
	Cause   error // why there was no answer
}

func (e *Error) Error() string {
	who := e.Addr
	if e.Broker != "" {
		who = e.Broker + " (" + e.Addr + ")"
	}
	if e.Cause != nil {
		return fmt.Sprintf("%s, request %d: %v", who, e.Request, e.Cause)
	}
	return fmt.Sprintf("%s answered code %d to request %d: %s", who, e.Code, e.Request, e.Remark)
}

func (e *Error) Unwrap() error { return e.Cause }

// CodeOf is the response code in err, -1 when it has none.
func CodeOf(err error) int32 {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return -1
}

// ErrNoNameServer is returned by calls that need a NameServer where none is given.
var ErrNoNameServer = errors.New("no NameServer is given: use -n host:port or set NAMESRV_ADDR")

// Open makes a client; it does not connect yet.
func Open(opts Options) (*Client, error) {
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	if opts.Parallel <= 0 {
		opts.Parallel = DefaultParallel
	}
	ro := remoting.Options{EventLoops: 1, Workers: 2, Sign: opts.Sign}
	if opts.TLS != nil {
		ro.TLS = remoting.DialTLS(opts.TLS)
	}
	table, err := remoting.NewTable()
	if err != nil {
		return nil, err
	}
	cl, err := remoting.NewClient(table, ro)
	if err != nil {
		return nil, err
	}
	if err := cl.Start(); err != nil {
		return nil, err
	}
	return &Client{opts: opts, client: cl, names: map[string]string{}}, nil
}

// Close ends all connections.
func (c *Client) Close() error { return c.client.Stop() }

// NameServers lists the NameServers that the client asks.
func (c *Client) NameServers() []string { return slices.Clone(c.opts.NameServers) }

// SplitAddrs cuts "a:1;b:2" into addresses.
func SplitAddrs(text string) (addrs []string) {
	for _, a := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
		addrs = append(addrs, strings.TrimPrefix(a, "http://"))
	}
	return addrs
}

// ask sends a request to addr and waits for its answer. Errors are *Error.
func ask[T any](ctx context.Context, c *Client, addr string, code int32, ht *wire.HeaderType[T], h *T, body []byte) (
	*wire.Command, error) {
	return askFor(ctx, c, addr, c.opts.Timeout, code, ht, h, body)
}

// askFor is ask with a time of its own.
func askFor[T any](ctx context.Context, c *Client, addr string, timeout time.Duration, code int32,
	ht *wire.HeaderType[T], h *T, body []byte) (*wire.Command, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, &Error{Addr: addr, Request: code, Code: -1, Cause: errors.New("this is no host:port")}
	}
	resp, err := remoting.Call(ctx, c.client, addr, code, ht, h, body)
	if err == nil {
		return resp, nil
	}
	e := &Error{Broker: c.name(addr), Addr: addr, Request: code, Code: -1, Cause: err}
	var answered *remoting.ResponseError
	if errors.As(err, &answered) {
		e.Code, e.Remark, e.Cause = answered.Code, answered.Remark, nil
	}
	return nil, e
}

// plain is ask for requests without a header.
func (c *Client) plain(ctx context.Context, addr string, code int32, body []byte) (*wire.Command, error) {
	return ask(ctx, c, addr, code, wire.None, new(wire.NoHeader), body)
}

// askNames asks one NameServer: the one that answered last, else the others. An answer with an error code counts.
func askNames[T any](ctx context.Context, c *Client, code int32, ht *wire.HeaderType[T], h *T, body []byte) (
	resp *wire.Command, err error) {
	n := len(c.opts.NameServers)
	if n == 0 {
		return nil, ErrNoNameServer
	}
	first := int(c.good.Load())
	for i := range n {
		at := (first + i) % n
		resp, err = ask(ctx, c, c.opts.NameServers[at], code, ht, h, body)
		if err == nil || CodeOf(err) >= 0 {
			c.good.Store(int32(at))
			return resp, err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// decode reads the body of an answer into v.
func decode[V any](resp *wire.Command, err error, v *V) error {
	if err != nil {
		return err
	}
	if len(resp.Body) == 0 {
		return nil
	}
	if err := compat.Unmarshal(resp.Body, v); err != nil {
		return fmt.Errorf("the answer cannot be read as %T: %w", *v, err)
	}
	return nil
}

// name is the name of the broker at addr, "" when no answer told it yet.
func (c *Client) name(addr string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.names[addr]
}

// learn remembers which brokers are where.
func (c *Client) learn(b *protocol.BrokerData) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, addr := range b.BrokerAddrs {
		c.names[addr] = b.BrokerName
	}
}

// Each calls f for each of items, parallel at once, and returns its errors in the order of items, nil where f returned
// none. It waits for all of them.
func Each[T any](parallel int, items []T, f func(i int, item T) error) []error {
	errs := make([]error, len(items))
	if len(items) == 1 {
		errs[0] = f(0, items[0])
		return errs
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(parallel, len(items)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(items); i = int(next.Add(1)) - 1 {
				errs[i] = f(i, items[i])
			}
		})
	}
	wg.Wait()
	return errs
}

// Parallel is how many requests of one call are under way at once.
func (c *Client) Parallel() int { return c.opts.Parallel }
