package remoting

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
	"gorocket/remoting/wire/template"
)

// engine is what server and client share: connections, decoding, dispatch, workers.
type engine struct {
	opts     Options
	table    *Table
	net      *transport.Engine
	pooled   *workerPool
	blocking *workerPool
	conns    atomic.Uint64 // connections so far
}

// loopState is what one event loop reuses from request to request. Event loop only.
type loopState struct {
	ctx   Context
	in    wire.Interner
	codec template.Codec
}

// newEngine prepares an engine whose loops read readBuffer bytes at once, 0 for the usual.
func newEngine(table *Table, opts Options, readBuffer int) (*engine, error) {
	opts.defaults(cpus)
	e := &engine{opts: opts, table: table}
	ev := opts.Events
	o := transport.Options{Loops: opts.EventLoops, ReadBuffer: readBuffer,
		MaxFrame: opts.MaxFrame, MaxOutbound: opts.MaxOutbound, MaxWaiting: opts.MaxWaiting,
		MaxConnections: opts.MaxConnections, IdleTimeout: opts.IdleTimeout, FrameTimeout: opts.FrameTimeout,
		Barrier: opts.Barrier, TLS: opts.TLS, Network: opts.Network, New: e.newConn,
		Events: transport.Events{TooMany: ev.TooMany, AcceptFailed: ev.AcceptFailed, Failed: ev.Failed}}
	if opts.Acks != nil {
		o.Acks = settler{e}
	}
	var err error
	e.net, err = transport.New(o)
	return e, err
}

// start binds addrs, if there are any, and serves.
func (e *engine) start(addrs ...string) error {
	limits := waitLimits{e.opts.Overdue, e.overdue}
	e.pooled = newWorkerPool(&e.opts, e.net.Budget(), e.runPooled, limits)
	e.blocking = newWorkerPool(&e.opts, e.net.Budget(), e.runPooled, limits)
	err := e.net.Start(addrs...)
	if err != nil {
		e.stopWorkers()
	}
	return err
}

// stopWorkers lets the workers finish. No loop runs any more, so nothing is submitted.
func (e *engine) stopWorkers() {
	e.pooled.stop()
	e.blocking.stop()
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
	ctx.Received = c.net.LastActive()
	ctx.entry, ctx.let = e.entryFor(c, cmd.Code), false
	if ctx.entry.Mode == Inline && e.opts.Guard != nil && len(frame) > maxInlineGuarded {
		e.submit(e.pooled, ctx, frame)
		return nil
	}
	switch ctx.entry.Mode {
	case Inline:
		ctx.offload = false
		e.call(ctx)
		if ctx.offload {
			e.submit(e.pooled, ctx, frame)
		}
	case Pooled:
		e.submit(e.pooled, ctx, frame)
	case Blocking:
		e.submit(e.blocking, ctx, frame)
	}
	return nil
}

// maxInlineGuarded is the largest frame whose signature is looked at on an event loop, in bytes: about 0.1 ms.
const maxInlineGuarded = 128 << 10

func (e *engine) entryFor(c *Conn, code int32) *Entry {
	if entry := e.table.Lookup(code); entry != nil && !(c.fast && entry.NotFast) {
		return entry
	}
	if e.table.Fallback != nil {
		return &Entry{Code: code, Handle: e.table.Fallback}
	}
	return &unsupportedEntry
}

var unsupportedEntry = Entry{Handle: Unsupported}

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
	e.refuse(ctx, ctx.code, cause,
		fmt.Sprintf("[%s]broker busy, start flow control for a while, period in queue: %dms, size of queue: %d",
			cause, waited.Milliseconds(), waiting))
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
	if e.opts.Guard == nil || ctx.let || e.admits(ctx) {
		ctx.entry.Handle(ctx)
	}
}

// admits asks the guard about a request, once however often its handler runs, and answers one that is not let in.
func (e *engine) admits(ctx *Context) bool {
	refused := e.opts.Guard(ctx.conn, ctx.Req)
	if ctx.let = refused == (Refusal{}); !ctx.let {
		ctx.Status(refused.Code, refused.Remark)
	}
	return ctx.let
}

func (e *engine) panicked(ctx *Context, v any) {
	if e.opts.Events.Panicked != nil {
		e.opts.Events.Panicked(ctx.conn, ctx.cmd.Code, v, debug.Stack())
	}
	ctx.Status(wire.SystemError, "internal error, see the server's log")
}
