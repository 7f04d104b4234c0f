package remoting

import (
	"sync"
	"sync/atomic"
	"time"

	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
)

// workerPool runs pooled requests: a fixed number of goroutines, a bounded queue, bounded bytes. What waits too long
// leaves the queue unserved.
type workerPool struct {
	capacity int   // immutable
	maxBytes int64 // immutable
	run      func(*Context)
	limits   waitLimits // immutable
	wg       sync.WaitGroup
	contexts sync.Pool
	budget   *transport.Budget // of the engine
	bytes    atomic.Int64      // of frames queued or running

	mu      sync.Mutex
	ready   sync.Cond // on mu: a request waits, or the pool is closed
	waiting waitList  // guarded by mu
	closed  bool      // guarded by mu
	sweeper *time.Timer
	sweeps  bool // guarded by mu; the sweeper will run
}

// sweepEvery is how often those who wait are looked at. Java: BrokerFastFailure.
const sweepEvery = 10 * time.Millisecond

// waitLimits end the wait of requests. Both functions or none.
type waitLimits struct {
	overdue func(code int32, waited time.Duration) (cause string) // "": it may wait on
	refuse  func(ctx *Context, cause string, waited time.Duration, waiting int)
}

func newWorkerPool(opts *Options, b *transport.Budget, run func(*Context), limits waitLimits) *workerPool {
	p := &workerPool{capacity: opts.QueueCapacity, maxBytes: opts.QueueBytes, run: run, limits: limits, budget: b}
	p.ready.L = &p.mu
	p.contexts.New = func() any { return new(Context) }
	p.sweeper = time.AfterFunc(time.Hour, p.sweep)
	p.wg.Add(opts.Workers)
	for range opts.Workers {
		go p.work()
	}
	return p
}

// submit queues a copy of the request; false when a limit is reached. Event loop only.
func (p *workerPool) submit(from *Context, frame []byte) bool {
	n := int64(len(frame))
	if p.bytes.Add(n) > p.maxBytes {
		p.bytes.Add(-n)
		return false
	}
	if !p.budget.Queue(n) {
		p.bytes.Add(-n)
		return false
	}
	ctx := p.contexts.Get().(*Context)
	ctx.Replier = from.Later()
	ctx.entry, ctx.Received, ctx.let = from.entry, from.Received, from.let
	ctx.frame, ctx.code = append(ctx.frame[:0], frame...), from.cmd.Code
	if p.push(ctx) {
		p.ready.Signal()
		return true
	}
	p.done(ctx)
	return false
}

func (p *workerPool) push(ctx *Context) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.waiting.len() >= p.capacity {
		return false
	}
	p.waiting.push(ctx)
	if !p.sweeps && p.limits.overdue != nil {
		p.sweeps = true
		p.sweeper.Reset(sweepEvery)
	}
	return true
}

// pop waits for the next request; nil when the pool is closed and none is left.
func (p *workerPool) pop() *Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.waiting.len() == 0 && !p.closed {
		p.ready.Wait()
	}
	return p.waiting.pop()
}

// keptFrame is the largest frame buffer that a pooled context keeps, in bytes.
const keptFrame = 64 << 10

// done ends a request.
func (p *workerPool) done(ctx *Context) {
	n := int64(len(ctx.frame))
	p.bytes.Add(-n)
	p.budget.Unqueue(n)
	ctx.cmd.Reset()
	ctx.Replier, ctx.entry, ctx.Req, ctx.In = Replier{}, nil, nil, nil
	if cap(ctx.frame) > keptFrame {
		ctx.frame = nil
	}
	p.contexts.Put(ctx)
}

func (p *workerPool) work() {
	defer p.wg.Done()
	in := new(wire.Interner) // the worker's: it is larger than most requests, of which many may wait
	for ctx := p.pop(); ctx != nil; ctx = p.pop() {
		ctx.In = in
		p.run(ctx)
		p.done(ctx)
	}
}

// each calls fn with the code of every request that waits; fn must be quick.
func (p *workerPool) each(fn func(code int32)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ctx := range p.waiting.items[p.waiting.head:] {
		fn(ctx.code)
	}
}

// sweep answers those who wait too long. It runs as long as anybody waits.
func (p *workerPool) sweep() {
	now := time.Now().UnixMilli()
	p.mu.Lock()
	over := p.waiting.takeIf(func(ctx *Context) bool {
		ctx.refused = p.limits.overdue(ctx.code, ctx.waited(now))
		return ctx.refused != ""
	})
	waiting := p.waiting.len()
	if p.sweeps = waiting > 0; p.sweeps {
		p.sweeper.Reset(sweepEvery)
	}
	p.mu.Unlock()
	for _, ctx := range over {
		p.limits.refuse(ctx, ctx.refused, ctx.waited(now), waiting)
		p.done(ctx)
	}
}

// waited is the time since the request came in.
func (c *Context) waited(now int64) time.Duration {
	return time.Duration(now-c.Received) * time.Millisecond
}

// stop serves what waits and ends the workers.
func (p *workerPool) stop() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.ready.Broadcast()
	p.wg.Wait()
	p.sweeper.Stop()
}
