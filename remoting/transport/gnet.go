package transport

import (
	"context"
	"net"
	"net/netip"

	"github.com/panjf2000/gnet/v2"
)

// gnetSocket is a connection of gnet.
type gnetSocket struct {
	gnet.Conn
	epoll int // descriptor of its loop, -1: unknown
}

func (s *gnetSocket) Buffered() int { return s.OutboundBuffered() }
func (s *gnetSocket) Unread() int   { return s.InboundBuffered() }
func (s *gnetSocket) Wake() error   { return s.Conn.Wake(nil) }

func (s *gnetSocket) SendFile(files []FileRange) int {
	if s.OutboundBuffered() > 0 {
		return 0
	}
	return sendRanges(s.Fd(), files)
}

// handler is what gnet calls, always on a connection's loop.
type handler struct {
	gnet.BuiltinEventEngine
	e *Engine
}

// gnetLoops are gnet's loops without listeners: connections are handed to them.
type gnetLoops struct{ *gnet.Client }

func (g gnetLoops) enroll(nc net.Conn, d *dialling) (err error) {
	if d == nil {
		_, err = g.Enroll(nc)
	} else {
		_, err = g.EnrollContext(nc, d)
	}
	return err
}

func newGnetLoops(e *Engine) (g gnetLoops, err error) {
	opts := []gnet.Option{gnet.WithNumEventLoop(e.opts.Loops), gnet.WithTCPNoDelay(gnet.TCPNoDelay),
		gnet.WithLogger(silent{})}
	if e.opts.ReadBuffer > 0 {
		opts = append(opts, gnet.WithReadBufferCap(e.opts.ReadBuffer))
	}
	g.Client, err = gnet.NewClient(&handler{e: e}, opts...)
	return g, err
}

// dialling is the context of a connection that was dialled, until it is open.
type dialling struct {
	opened chan<- *Conn
	tls    *tlsSocket // nil: plain
}

// OnOpen is called for a new connection.
func (h *handler) OnOpen(gc gnet.Conn) ([]byte, gnet.Action) {
	dialled, _ := gc.Context().(*dialling)
	h.e.begin(gc.EventLoop(), gc.RemoteAddr(), gc.LocalAddr(), dialled, func(c *Conn) socket {
		dropZones(gc)
		gc.SetContext(c)
		c.gnet = gnetSocket{gc, c.loop.epoll}
		return &c.gnet
	})
	return nil, gnet.None
}

// OnClose is called at the end of a connection.
func (h *handler) OnClose(gc gnet.Conn, err error) gnet.Action {
	if c, ok := gc.Context().(*Conn); ok {
		h.e.closed(c, err)
	}
	return gnet.None
}

// OnTraffic is called when bytes came in or somebody called Wake.
func (h *handler) OnTraffic(gc gnet.Conn) gnet.Action {
	c, ok := gc.Context().(*Conn)
	if !ok || !c.serve() {
		return gnet.Close
	}
	return gnet.None
}

func (e *Engine) loopOf(el executor) *Loop {
	if l, ok := e.loops.Load(el); ok {
		return l.(*Loop)
	}
	fresh := &Loop{el: el, epoll: epollOf(el)}
	fresh.acks.loop, fresh.acks.engine = fresh, e
	got, _ := e.loops.LoadOrStore(el, fresh)
	return got.(*Loop)
}

// execute has gnet call r on the loop once the connections that are ready have been handled. Any goroutine.
func (l *Loop) execute(r gnet.Runnable) error { return l.el.Execute(context.Background(), r) }

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

// silent keeps gnet's own messages out of the log: what matters comes through Events and Receiver.
type silent struct{}

func (silent) Debugf(string, ...any) {}
func (silent) Infof(string, ...any)  {}
func (silent) Warnf(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}
