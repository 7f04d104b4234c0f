package remoting

import (
	"sync"
	"sync/atomic"
)

// workerPool runs pooled requests: a fixed number of goroutines, a bounded queue, bounded bytes.
type workerPool struct {
	queue    chan *Context
	bytes    atomic.Int64 // of frames queued or running
	maxBytes int64
	run      func(*Context)
	wg       sync.WaitGroup
	contexts sync.Pool
}

func newWorkerPool(workers, capacity int, maxBytes int64, run func(*Context)) *workerPool {
	p := &workerPool{queue: make(chan *Context, capacity), maxBytes: maxBytes, run: run}
	p.contexts.New = func() any { return &Context{In: new(Interner)} }
	p.wg.Add(workers)
	for range workers {
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
	ctx := p.contexts.Get().(*Context)
	ctx.Replier = from.Later()
	ctx.entry, ctx.Received = from.entry, from.Received
	ctx.frame = append(ctx.frame[:0], frame...)
	select {
	case p.queue <- ctx:
		return true
	default:
		p.bytes.Add(-n)
		p.recycle(ctx)
		return false
	}
}

// keptFrame is the largest frame buffer that a pooled context keeps, in bytes.
const keptFrame = 64 << 10

func (p *workerPool) recycle(ctx *Context) {
	ctx.cmd.Reset()
	ctx.Replier, ctx.entry, ctx.Req = Replier{}, nil, nil
	if cap(ctx.frame) > keptFrame {
		ctx.frame = nil
	}
	p.contexts.Put(ctx)
}

func (p *workerPool) work() {
	defer p.wg.Done()
	for ctx := range p.queue {
		n := int64(len(ctx.frame))
		p.run(ctx)
		p.bytes.Add(-n)
		p.recycle(ctx)
	}
}

func (p *workerPool) stop() {
	close(p.queue)
	p.wg.Wait()
}
