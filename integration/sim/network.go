package sim

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// network is TCP in memory: what a host sends on one connection comes in its order, after a delay of its own; a
// direction that is cut keeps what is sent until it is mended, as the kernel's repetitions do.
type network struct {
	mu    sync.Mutex
	rnd   *rand.Rand               // guarded by mu
	hosts map[string]*nic          // by IP: the present run of each host; guarded by mu
	cut   map[[2]string]bool       // from, to; guarded by mu
	slow  map[string]time.Duration // by IP: added to the delay of what it sends and gets; guarded by mu
	port  int                      // of the last connection that was dialled; guarded by mu
}

func newNetwork(seed uint64) *network {
	return &network{rnd: rand.New(rand.NewPCG(seed, 1)), hosts: map[string]*nic{}, cut: map[[2]string]bool{},
		slow: map[string]time.Duration{}, port: 40000}
}

// Delays of one piece of a connection.
const (
	leastDelay = 50 * time.Microsecond
	mostDelay  = 900 * time.Microsecond
	lateDelay  = 30 * time.Millisecond // of one piece in lateOneIn
	lateOneIn  = 100
	mended     = 200 * time.Millisecond // after a cut, until the kernel sends again
	window     = 256 << 10              // bytes that a connection holds for one that does not read
)

// delay is that of the next piece. Caller holds mu.
func (n *network) delay(from, to string) time.Duration {
	d := leastDelay + time.Duration(n.rnd.Int64N(int64(mostDelay)))
	if n.rnd.IntN(lateOneIn) == 0 {
		d += time.Duration(n.rnd.Int64N(int64(lateDelay)))
	}
	return d + n.slow[from] + n.slow[to]
}

// block cuts or mends the direction from a host to another.
func (n *network) block(from, to string, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := [2]string{from, to}
	if n.cut[key] == on {
		return
	}
	if on {
		n.cut[key] = true
		return
	}
	delete(n.cut, key)
	if h := n.hosts[to]; h != nil {
		for _, c := range h.conns {
			if c.remote.IP.String() == from && len(c.queue) > 0 && !c.armed {
				c.arm(time.Duration(n.rnd.Int64N(int64(mended))))
			}
		}
	}
}

// drag adds d to the delay of all that a host sends and gets.
func (n *network) drag(host string, d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.slow[host] = d
}

// attach is a new run of a host.
func (n *network) attach(host string) *nic {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := &nic{n: n, host: host, listeners: map[int]*listener{}, ended: make(chan struct{})}
	n.hosts[host] = h
	return h
}

// nic is the network as one run of a host has it: transport.Network and ha.Network.
type nic struct {
	n         *network
	host      string
	dead      bool              // guarded by n.mu: the run has ended
	ended     chan struct{}     // closed then
	listeners map[int]*listener // by port; guarded by n.mu
	conns     []*conn           // its ends, in the order in which they were made; guarded by n.mu
}

// end ends the run: a killed process resets its connections, a machine without power says nothing.
func (h *nic) end(power bool) {
	n := h.n
	n.mu.Lock()
	defer n.mu.Unlock()
	if h.dead {
		return
	}
	h.dead = true
	close(h.ended)
	for _, l := range h.listeners {
		l.shut()
	}
	h.listeners = map[int]*listener{}
	for _, c := range h.conns {
		if !c.closed && !power {
			c.peer.put(piece{end: syscall.ECONNRESET})
		}
		c.closed = true
		c.stir()
	}
	h.conns = nil
}

// Listen implements transport.Network.
func (h *nic) Listen(addr string) (net.Listener, error) {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	h.n.mu.Lock()
	defer h.n.mu.Unlock()
	if h.dead || h.listeners[port] != nil {
		return nil, fmt.Errorf("listen %s: %w", addr, syscall.EADDRINUSE)
	}
	l := &listener{h: h, addr: &net.TCPAddr{IP: net.ParseIP(h.host), Port: port}, came: make(chan *conn, 64),
		ended: make(chan struct{})}
	h.listeners[port] = l
	return l, nil
}

// Dial implements transport.Network.
func (h *nic) Dial(ctx context.Context, addr string) (net.Conn, error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	for try := 100 * time.Millisecond; ; try *= 2 {
		c, wait, err := h.dial(host, port)
		if err != nil {
			return nil, fmt.Errorf("dial %s: %w", addr, err)
		}
		if c != nil {
			return c, rest(ctx, wait)
		}
		if err := rest(ctx, try); err != nil {
			return nil, fmt.Errorf("dial %s: %w", addr, err)
		}
	}
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// dial makes a connection, which is there after wait; nil when nobody answers.
func (h *nic) dial(host string, port int) (c *conn, wait time.Duration, err error) {
	n := h.n
	n.mu.Lock()
	defer n.mu.Unlock()
	to := n.hosts[host]
	switch {
	case h.dead:
		return nil, 0, net.ErrClosed
	case to == nil || n.cut[[2]string{h.host, host}] || n.cut[[2]string{host, h.host}]:
		return nil, 0, nil
	case to.dead && to.listeners == nil:
		return nil, 0, nil
	}
	l := to.listeners[port]
	if l == nil {
		return nil, 0, syscall.ECONNREFUSED
	}
	n.port++
	from := &net.TCPAddr{IP: net.ParseIP(h.host), Port: n.port}
	a := &conn{h: h, local: from, remote: l.addr}
	b := &conn{h: to, local: l.addr, remote: from}
	a.peer, b.peer = b, a
	for _, c := range []*conn{a, b} {
		c.readable, c.room = make(chan struct{}, 1), make(chan struct{}, 1)
		c.h.conns = append(c.h.conns, c)
	}
	select {
	case l.came <- b:
	default:
		return nil, 0, syscall.ECONNREFUSED
	}
	return a, n.delay(h.host, host) + n.delay(host, h.host), nil
}

// listener is a port that takes connections.
type listener struct {
	h     *nic
	addr  *net.TCPAddr
	came  chan *conn
	ended chan struct{}
	once  sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.came:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *listener) Addr() net.Addr { return l.addr }

func (l *listener) Close() error {
	l.h.n.mu.Lock()
	defer l.h.n.mu.Unlock()
	if l.h.listeners[l.addr.Port] == l {
		delete(l.h.listeners, l.addr.Port)
	}
	l.shut()
	return nil
}

// shut ends Accept. Caller holds n.mu.
func (l *listener) shut() { l.once.Do(func() { close(l.ended) }) }

// conn is one end of a connection. Its fields are guarded by the network's mu but for the immutable ones.
type conn struct {
	h              *nic         // immutable, as are the next four
	local, remote  *net.TCPAddr //
	peer           *conn        //
	readable, room chan struct{}

	in     []byte    // has come and was not read
	flying int       // bytes in queue
	queue  []piece   // on its way to this end, in its order
	armed  bool      // a timer will deliver
	last   time.Time // when the last piece of queue comes
	end    error     // io.EOF or a reset, behind in
	closed bool      // by this end
	gone   bool      // the peer knows nothing of this connection any more
	rd, wd time.Time // deadlines
}

// piece is what was written at once, or the end of a connection.
type piece struct {
	at   time.Time
	data []byte
	end  error
}

// put sends a piece to this end. Caller holds n.mu.
func (c *conn) put(p piece) {
	n := c.h.n
	p.at = time.Now().Add(n.delay(c.remote.IP.String(), c.h.host))
	if p.at.Before(c.last) {
		p.at = c.last
	}
	c.last = p.at
	c.queue = append(c.queue, p)
	c.flying += len(p.data)
	if !c.armed {
		c.arm(time.Until(p.at))
	}
}

// arm has deliver run. Caller holds n.mu.
func (c *conn) arm(d time.Duration) {
	c.armed = true
	time.AfterFunc(d, c.deliver)
}

// deliver takes what has come.
func (c *conn) deliver() {
	n := c.h.n
	n.mu.Lock()
	defer n.mu.Unlock()
	c.armed = false
	now := time.Now()
	for len(c.queue) > 0 {
		p := c.queue[0]
		if n.cut[[2]string{c.remote.IP.String(), c.h.host}] {
			return // block goes on
		}
		if d := p.at.Sub(now); d > 0 {
			c.arm(d)
			return
		}
		c.queue = c.queue[1:]
		c.take(p)
	}
}

// take is a piece that has come. Caller holds n.mu.
func (c *conn) take(p piece) {
	c.flying -= len(p.data)
	switch {
	case c.h.dead || c.closed:
		again := c.h.n.hosts[c.h.host]
		if p.end == nil && (!c.h.dead || again != c.h) && !c.peer.closed { // who is here now knows no such connection
			c.peer.put(piece{end: syscall.ECONNRESET})
		}
		return
	case c.end != nil:
		return
	}
	c.in = append(c.in, p.data...)
	if c.end = p.end; c.end == syscall.ECONNRESET {
		c.in = nil
	}
	c.stir()
}

// stir wakes who reads or writes. Caller holds n.mu.
func (c *conn) stir() {
	raise(c.readable)
	raise(c.room)
}

func raise(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Read implements net.Conn; one goroutine at a time.
func (c *conn) Read(b []byte) (int, error) {
	for {
		k, err, deadline := c.read(b)
		if k > 0 || err != nil {
			return k, err
		}
		if wait(c.readable, deadline) {
			return 0, os.ErrDeadlineExceeded
		}
	}
}

func (c *conn) read(b []byte) (k int, err error, deadline time.Time) {
	c.h.n.mu.Lock()
	defer c.h.n.mu.Unlock()
	switch {
	case c.closed:
		return 0, net.ErrClosed, c.rd
	case len(c.in) > 0:
		k = copy(b, c.in)
		c.in = slices.Delete(c.in, 0, k)
		raise(c.peer.room)
		return k, nil, c.rd
	case c.end != nil:
		return 0, c.end, c.rd
	}
	return 0, nil, c.rd
}

// wait waits until ch is raised; true when the deadline comes first.
func wait(ch chan struct{}, deadline time.Time) (late bool) {
	if deadline.IsZero() {
		<-ch
		return false
	}
	t := time.NewTimer(time.Until(deadline))
	defer t.Stop()
	select {
	case <-ch:
		return false
	case <-t.C:
		return true
	}
}

// Write implements net.Conn; one goroutine at a time.
func (c *conn) Write(b []byte) (k int, err error) {
	for k < len(b) {
		n, err := c.TryWrite(b[k:])
		if k += n; err != nil {
			return k, err
		}
		if n > 0 {
			continue
		}
		c.h.n.mu.Lock()
		deadline := c.wd
		c.h.n.mu.Unlock()
		if wait(c.room, deadline) {
			return k, os.ErrDeadlineExceeded
		}
	}
	return k, nil
}

// TryWrite implements transport.TryWriter.
func (c *conn) TryWrite(b []byte) (int, error) {
	c.h.n.mu.Lock()
	defer c.h.n.mu.Unlock()
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case c.end == syscall.ECONNRESET:
		return 0, syscall.EPIPE
	}
	k := min(len(b), window-c.peer.flying-len(c.peer.in))
	if k > 0 {
		c.peer.put(piece{data: slices.Clone(b[:k])})
	}
	return max(k, 0), nil
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.h.n.mu.Lock()
	defer c.h.n.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	c.peer.put(piece{end: io.EOF})
	c.stir()
	if i := slices.Index(c.h.conns, c); i >= 0 {
		c.h.conns = slices.Delete(c.h.conns, i, i+1)
	}
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.h.n.mu.Lock()
	defer c.h.n.mu.Unlock()
	c.rd = t
	raise(c.readable) // who waits looks at the deadline anew
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.h.n.mu.Lock()
	defer c.h.n.mu.Unlock()
	c.wd = t
	raise(c.room)
	return nil
}
