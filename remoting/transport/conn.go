package transport

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one connection, accepted or dialled. Who makes one (Options.New) embeds it; the zero value is ready for that.
type Conn struct {
	sock       socket     // event loop only
	waker      waker      // of the network's socket below it; immutable
	gnet       gnetSocket // what sock is; immutable
	engine     *Engine    // immutable
	loop       *Loop      // immutable
	recv       Receiver   // immutable
	remote     netip.AddrPort
	remoteText string       // immutable, as Java prints it: ip:port
	held       bool         // in coalescer.held; event loop only
	flow       flow         // event loop only
	known      bool         // its first byte has been looked at; event loop only
	tls        *tlsSocket   // nil for a plain connection; event loop only
	lastActive atomic.Int64 // ms since 1970 of the last traffic in or out
	unsent     atomic.Int64 // bytes that the socket had kept after the last flush; counted in the budget

	mu     sync.Mutex
	out    *Buffer // guarded by mu; frames waiting for the loop to write them, nil when none
	woken  bool    // guarded by mu; the loop will flush without being asked
	closed bool    // guarded by mu
	charge int     // guarded by mu; bytes of out that the budget counts
	acks   acks    // guarded by mu
}

// Buffer holds frames that wait to be written.
type Buffer struct{ B []byte }

// keptBuffer is the largest output buffer that goes back to the pool, in bytes.
const keptBuffer = 1 << 20

var buffers = sync.Pool{New: func() any { return &Buffer{B: make([]byte, 0, 4096)} }}

func releaseBuffer(o *Buffer) {
	if cap(o.B) <= keptBuffer {
		o.B = o.B[:0]
		buffers.Put(o)
	}
}

// RemoteAddr returns the peer's address as ip:port.
func (c *Conn) RemoteAddr() string { return c.remoteText }

// RemoteAddrPort returns the peer's address.
func (c *Conn) RemoteAddrPort() netip.AddrPort { return c.remote }

// Loop returns the connection's event loop.
func (c *Conn) Loop() *Loop { return c.loop }

// Receiver returns who takes what comes in.
func (c *Conn) Receiver() Receiver { return c.recv }

// LastActive is when something came in or went out the last time, ms since 1970.
func (c *Conn) LastActive() int64 { return c.lastActive.Load() }

func (c *Conn) touch(now time.Time) { c.lastActive.Store(now.UnixMilli()) }

// Close closes the connection; safe to call more than once.
func (c *Conn) Close() { _ = c.waker.Close() }

// Closed tells whether the connection has ended.
func (c *Conn) Closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Backlog returns how many bytes wait for the peer to read them, as far as is known outside of the event loop: what the
// last flush could not write and what was added since. Who produces much for one peer looks here before it adds more.
// Java: Channel.isWritable.
func (c *Conn) Backlog() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := int(c.unsent.Load())
	if n > 0 && !c.closed {
		_ = c.waker.Wake() // the loop looks again: the peer may have read meanwhile
	}
	if c.out != nil {
		n += len(c.out.B)
	}
	return n
}

// Begin locks the output and returns the buffer to append one frame to; nil when the connection has ended, and then
// nothing is locked. End or EndFiles has to follow, soon.
func (c *Conn) Begin() *Buffer {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	if c.out == nil {
		c.out = buffers.Get().(*Buffer)
	}
	return c.out
}

// EndFiles ends what Begin began with a frame whose body is in files; parts is the same in memory, for what the kernel
// does not take. Event loop only.
func (c *Conn) EndFiles(parts [][]byte, files []FileRange) {
	out, charge := c.takeOut() // under the lock: no other frame may come between this header and its body
	c.mu.Unlock()
	c.engine.budget.outbound.Add(-int64(charge))
	c.sendFiles(out, parts, files)
}

// End hands over to the loop what was appended since Begin. onLoop: the caller runs on it, and a turn of it will end.
func (c *Conn) End(onLoop bool) {
	size, over := len(c.out.B), false
	if size >= c.charge+chargeStep {
		over = c.chargeOut(size)
	}
	wake := !onLoop && !c.woken
	if wake {
		c.woken = true
	}
	c.mu.Unlock()
	switch {
	case size > c.engine.opts.MaxOutbound || over:
		c.overflow(size)
	case wake:
		_ = c.waker.Wake()
	case onLoop && size > flushAt:
		c.flush(false)
	}
}

// flushAt is how much one turn of the loop gathers before it writes, in bytes.
const flushAt = 256 << 10

// chargeStep is how much of what waits to be written the budget does not know, in bytes.
const chargeStep = 64 << 10

// chargeOut counts what waits to be written. It tells that all connections together keep too much waiting, and this
// one its share. The caller holds mu.
func (c *Conn) chargeOut(size int) (over bool) {
	b := &c.engine.budget
	before := int64(c.charge) + c.unsent.Load() // without this answer, which the peer could not read yet
	b.outbound.Add(int64(size - c.charge))
	c.charge = size
	return before > backlogLimit && b.over()
}

// takeOut takes what waits to be written, and what the budget counts of it. The caller holds mu.
func (c *Conn) takeOut() (out *Buffer, charge int) {
	out, charge = c.out, c.charge
	c.out, c.charge = nil, 0
	return out, charge
}

// Cork keeps frames of other goroutines back until Uncork, so that many of them leave in one write. It is a hint: the
// loop may send earlier.
func (c *Conn) Cork() {
	c.mu.Lock()
	c.woken = true
	c.mu.Unlock()
}

// Uncork sends what Cork kept back.
func (c *Conn) Uncork() {
	c.mu.Lock()
	pending := c.out != nil && !c.closed
	c.woken = pending
	c.mu.Unlock()
	if pending {
		_ = c.waker.Wake()
	}
}
