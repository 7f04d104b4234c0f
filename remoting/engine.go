package remoting

import (
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"gorocket/remoting/wire"
	"gorocket/remoting/wire/template"
)

// engine is what server and client share: gnet's callbacks, decoding, dispatch, workers, the guard.
type engine struct {
	gnet.BuiltinEventEngine
	opts     Options
	table    *Table
	pooled   *workerPool
	blocking *workerPool
	loops    sync.Map // gnet.EventLoop -> *loopState
	budget   budget
	counts   counts
	open     atomic.Int64 // connections
	handing  atomic.Int64 // ms since 1970: since when a connection has been waiting for a loop to take it, 0 for none
	failed   atomic.Pointer[error]

	guardStop chan struct{}
	guardDone chan struct{}

	mu    sync.Mutex
	conns map[*Conn]struct{} // guarded by mu
}

// loopState is what one event loop reuses from request to request. Event loop only.
type loopState struct {
	ctx     Context
	in      wire.Interner
	codec   template.Codec
	promise int64 // the highest of this turn, 0: none
	turn    turn
	watched []*Conn // on which something waits
	spare   []byte  // for the next large frame, nil when there is none

	loopWatch
	el    gnet.EventLoop // immutable
	epoll int            // immutable; descriptor, -1: unknown
}

func newEngine(table *Table, opts Options) *engine {
	opts.defaults(cpus)
	e := &engine{opts: opts, table: table, conns: map[*Conn]struct{}{}}
	e.budget.limit = opts.MaxWaiting
	e.guardStop, e.guardDone = make(chan struct{}), make(chan struct{})
	return e
}

func (e *engine) start() {
	limits := waitLimits{e.opts.Overdue, e.overdue}
	e.pooled = newWorkerPool(&e.opts, &e.budget, e.runPooled, limits)
	e.blocking = newWorkerPool(&e.opts, &e.budget, e.runPooled, limits)
	go e.guard()
}

// stop ends workers and the guard; gnet has stopped already, so nothing is submitted any more.
func (e *engine) stop() {
	close(e.guardStop)
	<-e.guardDone
	e.pooled.stop()
	e.blocking.stop()
}

// OnOpen is gnet's callback for a new connection, on its loop.
func (e *engine) OnOpen(gc gnet.Conn) ([]byte, gnet.Action) {
	c := &Conn{gc: gc, engine: e, loop: e.loopOf(gc.EventLoop())}
	c.remote = addrPort(gc.RemoteAddr())
	c.remoteText = c.remote.String()
	c.fast = e.opts.FastPort != 0 && int(addrPort(gc.LocalAddr()).Port()) == e.opts.FastPort
	c.touch(time.Now())
	dropZones(gc)
	dialled, _ := gc.Context().(chan *Conn)
	gc.SetContext(c)
	e.open.Add(1)
	c.loop.conns.Add(1)
	e.mu.Lock()
	e.conns[c] = struct{}{}
	e.mu.Unlock()
	if e.opts.Events.Opened != nil {
		e.opts.Events.Opened(c)
	}
	if dialled != nil {
		dialled <- c
	}
	return nil, gnet.None
}

func (e *engine) loopOf(el gnet.EventLoop) *loopState {
	if l, ok := e.loops.Load(el); ok {
		return l.(*loopState)
	}
	l := &loopState{el: el, epoll: epollOf(el)}
	l.ctx.In = &l.in
	got, _ := e.loops.LoadOrStore(el, l)
	return got.(*loopState)
}

func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// dropZones takes the zones of IPv6 addresses out of what gnet keeps: it would put their memory, which is not its
// own, into its pool of buffers.
func dropZones(gc gnet.Conn) {
	for _, a := range [...]net.Addr{gc.LocalAddr(), gc.RemoteAddr()} {
		if t, ok := a.(*net.TCPAddr); ok {
			t.Zone = ""
		}
	}
}

// OnClose is gnet's callback at the end of a connection, on its loop.
func (e *engine) OnClose(gc gnet.Conn, err error) gnet.Action {
	c, ok := gc.Context().(*Conn)
	if !ok {
		return gnet.None
	}
	e.mu.Lock()
	delete(e.conns, c)
	e.mu.Unlock()
	e.open.Add(-1)
	c.loop.conns.Add(-1)
	c.markClosed()
	e.release(c)
	if e.opts.Events.Closed != nil {
		e.opts.Events.Closed(c, err)
	}
	return gnet.None
}

// OnTraffic is gnet's callback when bytes came in or somebody called Wake, on the connection's loop.
func (e *engine) OnTraffic(gc gnet.Conn) gnet.Action {
	c, ok := gc.Context().(*Conn)
	if !ok {
		return gnet.Close
	}
	now := time.Now()
	c.loop.turn.begin(c, now)
	c.beginTurn()
	err := e.readFrames(gc, c, now)
	if err == nil && !c.flow.gone {
		e.settle(c, now)
	}
	if later := c.loop.turn.end(c); later && err == nil {
		return gnet.None
	}
	if !c.flush(true) {
		return gnet.None // closed already, or being closed
	}
	if err != nil {
		if e.opts.Events.BadFrame != nil {
			e.opts.Events.BadFrame(c, err)
		}
		return gnet.Close
	}
	return gnet.None
}

// readFrames handles every whole frame that has come. The frame whose head was left over from an earlier turn comes
// first and alone, because it has to be copied together; what stands behind it lies in the loop's read buffer in one
// piece. Slices from Peek live until Discard.
func (e *engine) readFrames(gc gnet.Conn, c *Conn, now time.Time) error {
	f, buffered := &c.flow, gc.InboundBuffered()
	if buffered > f.left {
		c.touch(now)
	}
	f.more, f.timer = false, false
	if buffered < wire.LengthSize && f.part == nil {
		f.begin(now)
		return nil
	}
	limit := e.budget.backlog()
	if c.blocked(limit) {
		f.more = true
		return nil
	}
	if whole, err := e.readFirst(gc, c, buffered); !whole || err != nil {
		f.begin(now)
		return err
	}
	if f.since = 0; gc.InboundBuffered() == 0 {
		f.cut = 0
		return nil
	}
	return e.readRest(gc, c, now, limit)
}

// readFirst handles the first frame, if it is whole.
func (e *engine) readFirst(gc gnet.Conn, c *Conn, buffered int) (whole bool, err error) {
	f := &c.flow
	if f.part != nil {
		if !c.gather() {
			return false, nil
		}
		frame := f.part
		f.part = nil
		err = e.dispatch(c, frame)
		c.loop.giveBack(frame)
		return true, err
	}
	head, err := gc.Peek(wire.LengthSize)
	if err != nil {
		return false, err
	}
	if f.cut, err = wire.FrameLength(head, e.opts.MaxFrame); err != nil || buffered < f.cut {
		return false, err
	}
	frame, err := gc.Peek(f.cut)
	if err != nil {
		return false, err
	}
	if err = e.dispatch(c, frame); err != nil {
		return true, err
	}
	_, err = gc.Discard(f.cut)
	return true, err
}

// begin notes that a frame is not whole.
func (f *flow) begin(now time.Time) {
	if f.since == 0 {
		f.since = now.UnixMilli()
	}
}

// readRest handles the whole frames behind the first one, as far as the turn's budget goes.
func (e *engine) readRest(gc gnet.Conn, c *Conn, now time.Time, limit int64) (err error) {
	all, err := gc.Peek(-1)
	if err != nil {
		return err
	}
	f, rest, budget := &c.flow, all, c.loop.budget()
	for i := 0; ; i++ {
		if f.cut, err = wire.FrameLength(rest, e.opts.MaxFrame); err != nil {
			return err
		}
		if f.cut == 0 || f.cut > len(rest) {
			f.begin(now)
			break
		}
		if i%looked == looked-1 && time.Since(now) > budget || c.unsent.Load() > limit {
			f.more = true
			break
		}
		if err = e.dispatch(c, rest[:f.cut:f.cut]); err != nil {
			return err
		}
		rest = rest[f.cut:]
	}
	if used := len(all) - len(rest); used > 0 {
		_, err = gc.Discard(used) // not of 0 bytes: that means all
	}
	return err
}

// dispatch decodes one frame and runs or queues its handler. Event loop only.
func (e *engine) dispatch(c *Conn, frame []byte) error {
	ctx := &c.loop.ctx
	cmd := &ctx.cmd
	if n := wire.HeaderLength(frame); n > e.opts.MaxHeader { // before it costs anything
		return wire.HeaderTooLong(n, e.opts.MaxHeader, len(frame))
	}
	if err := c.loop.codec.Decode(frame, cmd, &c.backoff); err != nil {
		return err
	}
	if cmd.IsResponse() {
		c.complete(cmd)
		return nil
	}
	ctx.Req = cmd
	ctx.Replier = Replier{conn: c, opaque: cmd.Opaque, form: cmd.Serialize, oneway: cmd.IsOneway(), onLoop: true}
	ctx.Received = c.lastActive.Load()
	ctx.entry = e.entryFor(c, cmd.Code)
	switch ctx.entry.Mode {
	case Inline:
		ctx.again = false
		e.call(ctx)
		if ctx.again {
			e.submit(e.pooled, ctx, frame)
		}
	case Pooled:
		e.submit(e.pooled, ctx, frame)
	case Blocking:
		e.submit(e.blocking, ctx, frame)
	}
	return nil
}

func (e *engine) entryFor(c *Conn, code int32) *Entry {
	if entry := e.table.Lookup(code); entry != nil && !(c.fast && entry.NotFast) {
		return entry
	}
	if e.table.Fallback != nil {
		return &Entry{Code: code, Handle: e.table.Fallback}
	}
	return &unsupportedEntry
}

var unsupportedEntry = Entry{Handle: unsupported}

func (e *engine) submit(p *workerPool, ctx *Context, frame []byte) {
	if p.submit(ctx, frame) {
		return
	}
	e.refuse(ctx, ctx.cmd.Code, Overload, "[OVERLOAD]system busy, start flow control for a while")
}

// Overload is the cause of refusals for want of room in the queue.
const Overload = "OVERLOAD"

func (e *engine) refuse(ctx *Context, code int32, cause, remark string) {
	if e.opts.Events.Refused != nil {
		e.opts.Events.Refused(ctx.conn, code, cause)
	}
	ctx.Status(wire.SystemBusy, remark)
}

// overdue answers a request that has waited too long for a worker. Java: BrokerFastFailure.cleanExpiredRequestInQueue.
func (e *engine) overdue(ctx *Context, cause string, waited time.Duration, waiting int) {
	e.refuse(ctx, ctx.code, cause, fmt.Sprintf("[%s]broker busy, start flow control for a while, period in queue: %dms, size of queue: %d", cause, waited.Milliseconds(), waiting))
}

// runPooled handles a request on a worker. The frame was decoded once on the loop, so it decodes again.
func (e *engine) runPooled(ctx *Context) {
	if wire.Decode(ctx.frame, &ctx.cmd) != nil {
		return
	}
	ctx.Req = &ctx.cmd
	e.call(ctx)
}

// call runs a handler; a panic is answered, reported and survived.
func (e *engine) call(ctx *Context) {
	defer func() {
		if v := recover(); v != nil {
			e.panicked(ctx, v)
		}
	}()
	ctx.entry.Handle(ctx)
}

func (e *engine) panicked(ctx *Context, v any) {
	if e.opts.Events.Panicked != nil {
		e.opts.Events.Panicked(ctx.conn, ctx.cmd.Code, v, debug.Stack())
	}
	ctx.Status(wire.SystemError, "internal error, see the server's log")
}

// overflow closes a connection whose peer does not read its answers.
func (e *engine) overflow(c *Conn, bytes int) {
	e.counts.slow.Add(1)
	if e.opts.Events.Overflow != nil {
		e.opts.Events.Overflow(c, bytes)
	}
	c.abandon()
}

// closeIdle closes connections without traffic for IdleTimeout. Java: IdleStateHandler in NettyRemotingServer.
func (e *engine) closeIdle(now time.Time) {
	for _, c := range e.idleSince(now.Add(-e.opts.IdleTimeout).UnixMilli()) {
		c.Close()
	}
}

func (e *engine) idleSince(ms int64) (idle []*Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.conns {
		if c.lastActive.Load() < ms {
			idle = append(idle, c)
		}
	}
	return idle
}

// connections returns how many connections are open.
func (e *engine) connections() int { return int(e.open.Load()) }
