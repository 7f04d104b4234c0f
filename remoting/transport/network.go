package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/panjf2000/gnet/v2"
)

// Network is what an engine's connections run over instead of the kernel's TCP: one in memory, for a simulation. Its
// connections have *net.TCPAddr for addresses; one that is a TryWriter too loses nothing that was written before Close.
type Network interface {
	Listen(addr string) (net.Listener, error)
	Dial(ctx context.Context, addr string) (net.Conn, error)
}

// TryWriter is a connection that can take bytes without waiting for its peer.
type TryWriter interface {
	// TryWrite takes what there is room for and returns how much that was; it does not wait.
	TryWrite(p []byte) (int, error)
}

// loops runs event loops and hands connections to them: gnet's, or netLoops.
type loops interface {
	Start() error
	Stop() error
	// enroll hands nc over and waits until it is open; d is nil for one that was accepted. It owns nc.
	enroll(nc net.Conn, d *dialling) error
}

// netLoops are event loops over a Network: a goroutine for each, which all that happens comes to in a queue, one that
// reads for each connection, and one that writes while its peer is slow.
type netLoops struct {
	e    *Engine
	all  []*netLoop
	next atomic.Uint32
	wg   sync.WaitGroup
}

func newNetLoops(e *Engine) *netLoops {
	n := &netLoops{e: e}
	for range max(1, e.opts.Loops) {
		n.all = append(n.all, &netLoop{wake: make(chan struct{}, 1), socks: map[*netSocket]struct{}{}})
	}
	return n
}

// Start implements loops.
func (n *netLoops) Start() error {
	for _, l := range n.all {
		n.wg.Go(l.run)
	}
	return nil
}

// Stop implements loops: it closes all connections and returns when no goroutine is left.
func (n *netLoops) Stop() error {
	for _, l := range n.all {
		_ = l.do(l.end)
	}
	n.wg.Wait()
	return nil
}

func (n *netLoops) enroll(nc net.Conn, d *dialling) error {
	l := n.all[int(n.next.Add(1))%len(n.all)]
	s := &netSocket{n: n, nc: nc, loop: l, reads: true, more: make(chan struct{}, 1), ended: make(chan struct{})}
	done := make(chan struct{})
	err := l.do(func() {
		l.socks[s] = struct{}{}
		s.conn = n.e.begin(l, nc.RemoteAddr(), nc.LocalAddr(), d, func(*Conn) socket { return s })
		n.wg.Go(s.read)
		close(done)
	})
	if err != nil {
		return errors.Join(err, nc.Close())
	}
	<-done
	return nil
}

// netLoop is one loop.
type netLoop struct {
	wake  chan struct{}           // capacity 1: there are tasks
	socks map[*netSocket]struct{} // open ones; loop only

	mu    sync.Mutex
	tasks []func() // guarded by mu
	ended bool     // guarded by mu: no task is taken any more
}

var errLoopEnded = errors.New("remoting: the event loop has ended")

// do has the loop call fn. Any goroutine.
func (l *netLoop) do(fn func()) error {
	l.mu.Lock()
	ended := l.ended
	if !ended {
		l.tasks = append(l.tasks, fn)
	}
	l.mu.Unlock()
	if ended {
		return errLoopEnded
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

// Execute implements executor.
func (l *netLoop) Execute(ctx context.Context, r gnet.Runnable) error {
	return l.do(func() { _ = r.Run(ctx) })
}

func (l *netLoop) run() {
	for range l.wake {
		for {
			l.mu.Lock()
			tasks, ended := l.tasks, l.ended
			l.tasks = nil
			l.mu.Unlock()
			if len(tasks) == 0 {
				if ended {
					return
				}
				break
			}
			for _, fn := range tasks {
				fn()
			}
		}
	}
}

// end closes all connections, and takes no task any more; those that are there still run.
func (l *netLoop) end() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	for s := range l.socks {
		s.shut(nil)
	}
	select {
	case l.wake <- struct{}{}: // run looks once more
	default:
	}
}

// netSocket is a connection on a netLoop.
type netSocket struct {
	n     *netLoops
	nc    net.Conn
	loop  *netLoop
	conn  *Conn // loop only, as are the next four
	in    []byte
	reads bool // more may be read
	full  bool // the reader waits for that
	shutd bool // closed
	more  chan struct{}
	ended chan struct{}
	woken atomic.Bool // the loop will look at the connection

	mu      sync.Mutex
	out     []byte // guarded by mu; what nc did not take at once
	writing bool   // guarded by mu; a goroutine writes it
}

// netChunk is how much is read at once, in bytes.
const netChunk = 32 << 10

// read brings what comes in to the loop, piece by piece.
func (s *netSocket) read() {
	buf := make([]byte, netChunk)
	for {
		k, err := s.nc.Read(buf)
		if s.loop.do(func() { s.came(buf[:k], err) }) != nil || err != nil {
			return
		}
		select {
		case <-s.more:
		case <-s.ended:
			return
		}
	}
}

// came takes what was read. Loop only.
func (s *netSocket) came(p []byte, err error) {
	if s.shutd {
		return
	}
	s.in = append(s.in, p...)
	if len(p) > 0 && !s.conn.serve() {
		s.shut(nil)
		return
	}
	if err != nil {
		s.shut(err)
		return
	}
	if s.full = !s.reads; !s.full {
		s.more <- struct{}{}
	}
}

// shut ends the connection; err is nil when this end closes it. Loop only.
func (s *netSocket) shut(err error) {
	if s.shutd {
		return
	}
	s.shutd = true
	close(s.ended)
	_ = s.nc.Close()
	delete(s.loop.socks, s)
	s.n.e.closed(s.conn, err)
}

func (s *netSocket) Write(p []byte) (k int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shutd {
		return 0, net.ErrClosed
	}
	if t, ok := s.nc.(TryWriter); ok && len(s.out) == 0 {
		if k, err = t.TryWrite(p); err != nil {
			return k, err
		}
	}
	if s.out = append(s.out, p[k:]...); len(s.out) > 0 && !s.writing {
		s.writing = true
		s.n.wg.Go(s.drain)
	}
	return len(p), nil
}

// drain writes what nc did not take at once. Its own goroutine.
func (s *netSocket) drain() {
	for {
		s.mu.Lock()
		p := s.out[:min(len(s.out), netChunk)]
		s.writing = len(p) > 0
		s.mu.Unlock()
		if len(p) == 0 {
			return
		}
		if _, err := s.nc.Write(p); err != nil {
			return // the reader meets it too
		}
		s.mu.Lock()
		s.out = append([]byte(nil), s.out[len(p):]...)
		s.mu.Unlock()
		_ = s.Wake()
	}
}

func (s *netSocket) SendFile([]FileRange) int { return 0 }

func (s *netSocket) Buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.out)
}

func (s *netSocket) Unread() int { return len(s.in) }

func (s *netSocket) Peek(n int) ([]byte, error) {
	if n < 0 {
		return s.in, nil
	}
	if n > len(s.in) {
		return nil, io.ErrShortBuffer
	}
	return s.in[:n], nil
}

func (s *netSocket) Discard(n int) (int, error) {
	if n <= 0 || n >= len(s.in) {
		n = len(s.in)
		s.in = s.in[:0]
		return n, nil
	}
	s.in = s.in[n:]
	return n, nil
}

func (s *netSocket) SetReading(on bool) bool {
	if s.reads = on; on && s.full {
		s.full = false
		s.more <- struct{}{}
	}
	return true
}

func (s *netSocket) Wake() error {
	if s.woken.Swap(true) {
		return nil
	}
	return s.loop.do(func() {
		s.woken.Store(false)
		if !s.shutd && !s.conn.serve() {
			s.shut(nil)
		}
	})
}

func (s *netSocket) Close() error { return s.loop.do(func() { s.shut(nil) }) }
