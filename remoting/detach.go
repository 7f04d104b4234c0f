package remoting

import (
	"slices"
	"sync/atomic"
	"time"
)

// Detached is a request that waits for something without keeping a worker. Exactly one of Resume and Drop has to be
// called.
type Detached struct {
	engine *engine
	ctx    *Context
	bytes  int64
	done   atomic.Bool
}

// Detach keeps the request of a handler that runs on a worker: the handler returns without an answer, and after
// Resume the request is handled once more. nil when too many bytes wait already, and on an event loop; then the
// handler has to go on.
func (c *Context) Detach() *Detached {
	if c.onLoop || len(c.frame) == 0 {
		return nil
	}
	e, n := c.conn.engine, int64(len(c.frame))
	if !e.net.Budget().Queue(n) {
		return nil
	}
	kept := &Context{Replier: c.Later(), entry: c.entry, let: c.let, frame: slices.Clone(c.frame), code: c.code}
	return &Detached{engine: e, ctx: kept, bytes: n}
}

// Resume has the request handled once more, on a worker. Any goroutine.
func (d *Detached) Resume() {
	d.Drop()
	d.ctx.Received = time.Now().UnixMilli()
	d.ctx.cmd.Code = d.ctx.code
	d.engine.submit(d.engine.pooled, d.ctx, d.ctx.frame)
}

// Drop gives the request's memory back: its handler goes on, or nobody will answer it.
func (d *Detached) Drop() {
	if d.done.CompareAndSwap(false, true) {
		d.engine.net.Budget().Unqueue(d.bytes)
	}
}
