package kills

import (
	"io"
	"net"
	"sync"
)

// front is where workers reach a broker that is not killed: when it closes, they take it for gone.
type front struct {
	l     net.Listener
	to    string
	mu    sync.Mutex
	conns map[net.Conn]struct{} // guarded by mu; nil when closed
	wg    sync.WaitGroup
}

func newFront(to string) (*front, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{l: l, to: to, conns: map[net.Conn]struct{}{}}
	f.wg.Go(f.accept)
	return f, nil
}

func (f *front) addr() string { return f.l.Addr().String() }

func (f *front) accept() {
	for {
		in, err := f.l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", f.to)
		if err != nil || !f.keep(in, out) {
			in.Close()
			continue
		}
		f.wg.Go(func() { pump(in, out) })
		f.wg.Go(func() { pump(out, in) })
	}
}

// keep notes connections, unless the front is closed.
func (f *front) keep(conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		if f.conns == nil {
			c.Close()
			continue
		}
		f.conns[c] = struct{}{}
	}
	return f.conns != nil
}

func pump(dst, src net.Conn) {
	_, _ = io.Copy(dst, src) // one end has gone: so does the other
	dst.Close()
	src.Close()
}

func (f *front) close() {
	f.l.Close()
	f.mu.Lock()
	for c := range f.conns {
		c.Close()
	}
	f.conns = nil
	f.mu.Unlock()
	f.wg.Wait()
}
