package remoting

import (
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"gorocket/remoting/wire"
	"gorocket/remoting/wire/template"
)

// Conn is one connection, server or client side. Requests travel on it in both directions.
// Its methods may be called from any goroutine unless they say otherwise.
type Conn struct {
	gc         gnet.Conn // methods marked concurrency-safe only, outside of the loop
	engine     *engine
	loop       *loopState
	remote     netip.AddrPort   // immutable
	remoteText string           // immutable, as Java prints it: ip:port
	fast       bool             // immutable; came in on the fast port
	backoff    template.Backoff // event loop only
	kept       bool             // in turn.kept; event loop only
	flow       flow             // event loop only
	lastActive atomic.Int64     // ms since 1970 of the last traffic in or out
	unsent     atomic.Int64     // bytes that gnet held after the last flush; counted in the budget

	// Attachment belongs to the server's owner (the broker keeps its client entry here). Set by Store, read by Load.
	Attachment atomic.Value

	mu     sync.Mutex
	out    *outBuffer // guarded by mu; frames waiting for the loop to write them, nil when none
	woken  bool       // guarded by mu; the loop will flush without being asked
	closed bool       // guarded by mu
	calls  callTable  // guarded by mu
	charge int        // guarded by mu; bytes of out that the budget counts
}

type outBuffer struct{ b []byte }

// keptOutBuffer is the largest output buffer that goes back to the pool, in bytes.
const keptOutBuffer = 1 << 20

var outBuffers = sync.Pool{New: func() any { return &outBuffer{b: make([]byte, 0, 4096)} }}

func releaseOut(o *outBuffer) {
	if cap(o.b) <= keptOutBuffer {
		o.b = o.b[:0]
		outBuffers.Put(o)
	}
}

// RemoteAddr returns the peer's address as ip:port.
func (c *Conn) RemoteAddr() string { return c.remoteText }

// RemoteAddrPort returns the peer's address.
func (c *Conn) RemoteAddrPort() netip.AddrPort { return c.remote }

// Close closes the connection; safe to call more than once.
func (c *Conn) Close() { _ = c.gc.Close() }

// Closed tells whether the connection has ended.
func (c *Conn) Closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Backlog returns how many bytes wait for the peer to read them, as far as is known outside of the event loop: what the last flush could not write and what
// was added since. Who produces much for one peer looks here before it adds more. Java: Channel.isWritable.
func (c *Conn) Backlog() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := int(c.unsent.Load())
	if n > 0 && !c.closed {
		_ = c.gc.Wake(nil) // the loop looks again: the peer may have read meanwhile
	}
	if c.out != nil {
		n += len(c.out.b)
	}
	return n
}

func (c *Conn) touch(now time.Time) { c.lastActive.Store(now.UnixMilli()) }

// respond encodes a response behind what already waits on the connection.
func (c *Conn) respond(r *Replier, code int32, remark string, h wire.Header, body Body) {
	if code != wire.Success {
		c.answered(code, remark)
	}
	if r.oneway {
		return
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	out, n := c.buffer(), body.size()
	start := len(out.b)
	plain := h.Info != nil && r.onLoop && r.form == wire.SerializeJSON && code == wire.Success && remark == ""
	if !plain || !c.loop.codec.AppendAnswer(&out.b, h, r.opaque, n) {
		out.b = wire.AppendFrame(out.b, r.form, r.head(code, remark), h, n)
	}
	out.b = append(out.b, body.Bytes...)
	if len(body.Parts) == 0 {
		c.finish(r.onLoop, nil)
		return
	}
	if r.onLoop && worthSendfile(&body) {
		c.finish(true, &body)
		return
	}
	if out.b, n = appendParts(out.b, body.Parts); n < len(body.Parts) {
		head := r.head(wire.SystemError, unreadableRemark)
		out.b = wire.AppendFrame(out.b[:start], r.form, head, wire.Header{}, 0)
	}
	c.finish(r.onLoop, nil)
}

// unreadableRemark goes with SYSTEM_ERROR when a message could not be read after all.
const unreadableRemark = "a message cannot be read: an I/O error of the disk, or its file has become shorter, see the server's log"

// appendParts appends memory that may be mapped files, and tells how many of parts it could copy: a page that the disk does not give would end the
// process otherwise.
func appendParts(dst []byte, parts [][]byte) (out []byte, n int) {
	if len(parts) == 0 {
		return dst, 0
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			if _, fault := v.(interface{ Addr() uintptr }); !fault {
				panic(v)
			}
		}
	}()
	out = dst
	for _, p := range parts {
		out = append(out, p...)
		n++
	}
	return out, n
}

func (c *Conn) respondFields(r *Replier, code int32, remark string, fields []wire.StringField, body []byte) {
	if code != wire.Success {
		c.answered(code, remark)
	}
	if r.oneway {
		return
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	out := c.buffer()
	w := wire.BeginHeader(out.b, r.form, r.head(code, remark))
	for _, f := range fields {
		w.Field(f.Key, f.Value)
	}
	out.b = append(w.Finish(len(body)), body...)
	c.finish(r.onLoop, nil)
}

// answered tells about a refusal, if anybody wants to know.
func (c *Conn) answered(code int32, remark string) {
	if tell := c.engine.opts.Events.Answered; tell != nil {
		tell(c, code, remark)
	}
}

// buffer returns what waits on the connection, to append to. The caller holds mu, and the connection is open.
func (c *Conn) buffer() *outBuffer {
	if c.out == nil {
		c.out = outBuffers.Get().(*outBuffer)
	}
	return c.out
}

// finish hands the frame to the loop; body is there when it leaves by sendfile, on the loop. The caller holds mu;
// finish releases it.
func (c *Conn) finish(onLoop bool, body *Body) {
	if body != nil {
		out, charge := c.takeOut() // under the lock: no other frame may come between this header and its body
		c.mu.Unlock()
		c.engine.budget.outbound.Add(-int64(charge))
		c.sendFiles(out, body)
		return
	}
	size, over := len(c.out.b), false
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
		c.engine.overflow(c, size)
	case wake:
		_ = c.gc.Wake(nil)
	case onLoop && size > flushAt:
		c.flush(false)
	}
}

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

// flushAt is how much one turn of the loop gathers before it writes, in bytes.
const flushAt = 256 << 10

// Cork keeps answers from other goroutines back until Uncork, so that many of them leave in one write. It is a hint: the loop may send earlier.
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
		_ = c.gc.Wake(nil)
	}
}

// beginTurn makes other goroutines leave the flushing to the end of this turn. Event loop only.
func (c *Conn) beginTurn() {
	c.mu.Lock()
	c.woken = true
	c.mu.Unlock()
}

// hasAnswers tells whether something waits to be written.
func (c *Conn) hasAnswers() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out != nil
}

// flush writes everything that waits, in one system call as a rule. Event loop only. It tells whether the connection is still open.
func (c *Conn) flush(endOfTurn bool) bool {
	if !c.keepPromise() {
		return false
	}
	c.mu.Lock()
	out, charge := c.takeOut()
	if endOfTurn {
		c.woken = false
	}
	closed := c.closed
	c.mu.Unlock()
	if out == nil {
		if c.unsent.Load() > 0 && !closed {
			c.wrote()
		}
		return !closed
	}
	if !closed {
		_, err := c.gc.Write(out.b)
		closed = err != nil
	}
	releaseOut(out)
	if charge > 0 {
		c.engine.budget.outbound.Add(-int64(charge))
	}
	return !closed && c.mayWait()
}

// mayWait looks at what gnet could not write, and closes the connection when that is too much. Event loop only.
func (c *Conn) mayWait() bool {
	before := int(c.unsent.Load())
	n := c.wrote()
	if n <= c.engine.opts.MaxOutbound && (before <= backlogLimit || n < before || !c.engine.budget.over()) {
		return true
	}
	c.engine.overflow(c, n)
	return false
}

// takeOut takes what waits to be written, and what the budget counts of it. The caller holds mu.
func (c *Conn) takeOut() (out *outBuffer, charge int) {
	out, charge = c.out, c.charge
	c.out, c.charge = nil, 0
	return out, charge
}

// keepPromise makes what the answers of this turn say true; false when it cannot, and the connection is closed without them. Event loop only.
func (c *Conn) keepPromise() bool {
	promise := c.loop.promise
	if promise == 0 {
		return true
	}
	c.loop.promise = 0
	if c.engine.opts.Keep(promise) == nil {
		return true
	}
	c.abandon()
	c.loop.turn.abandon()
	return false
}

// abandon closes the connection and drops the answers that wait.
func (c *Conn) abandon() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.Close()
}

// markClosed ends the connection for all users and fails its open calls. Event loop only.
func (c *Conn) markClosed() {
	c.mu.Lock()
	c.closed = true
	out, charge := c.takeOut()
	calls := c.calls.drain()
	c.mu.Unlock()
	c.engine.budget.outbound.Add(-int64(charge))
	if out != nil {
		releaseOut(out)
	}
	for _, call := range calls {
		call.finish(nil, ErrConnClosed)
	}
}
