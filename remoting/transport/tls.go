package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// TLS on the same port as plain connections: the first byte of a connection decides. A frame begins with the high byte
// of its length, which is 0 or 1; a handshake begins with 0x16. From then on the connection has another socket, and
// nothing above knows of it. Java: NettyRemotingServer.TlsModeHandler.

// TLSMode says which connections are accepted. Java: TlsMode.
type TLSMode uint8

// The modes.
const (
	TLSDisabled   TLSMode = iota // plain ones only
	TLSPermissive                // both
	TLSEnforcing                 // encrypted ones only
)

// TLS is what an engine needs for encrypted connections.
type TLS struct {
	Mode TLSMode
	// Server returns the configuration of the next connection that is accepted; nil when there is none, and it is
	// closed then. Event loop; it must not block.
	Server func() *tls.Config
	// Client returns that of the next connection that is dialled; nil: plain.
	Client func() *tls.Config
}

const (
	handshakeByte  = 0x16
	handshakeTime  = 10 * time.Second // for all of a handshake
	handshakeLimit = 512 << 10        // bytes that a peer may send before its handshake is over
	idlePlain      = 16 << 10         // the largest buffer that a connection keeps while nothing comes, in bytes
)

// ErrTLSRequired and ErrNoTLS are why connections are closed at their first byte.
var (
	ErrTLSRequired = errors.New("the connection is not encrypted, which tls.server.mode=enforcing asks for")
	ErrNoTLS       = errors.New("a TLS handshake, but there is no certificate")
)

// TLSError is why an encrypted connection was closed, or did not come about.
type TLSError struct {
	What string // the handshake, or the connection
	Err  error
}

func (e *TLSError) Error() string { return "TLS " + e.What + ": " + e.Err.Error() }

// Unwrap makes errors.Is see what is below.
func (e *TLSError) Unwrap() error { return e.Err }

// tlsSocket encrypts what goes through another socket. The handshake runs elsewhere, see handshaker; all else on the
// event loop.
type tlsSocket struct {
	raw   socket   // nil until a dialled connection has a loop
	dial  net.Conn // the network while a dialled connection has no loop, then nil
	conn  *tls.Conn
	open  bool       // the handshake is over; event loop only
	plain []byte     // decrypted; event loop only
	lent  *[]byte    // what plain begins in, of plainPool; nil: of nothing; event loop only
	at    int        // bytes before it were discarded; event loop only
	fin   error      // why nothing comes behind plain, nil: more may; event loop only
	count *Budget    // counts what comes in during the handshake, and records that are not whole; immutable
	held  int64      // bytes of it, later of a record that is not whole; event loop only
	rec   unfinished // event loop only

	shaking atomic.Bool             // the handshake is not over
	worker  *shaker                 // computes it; immutable
	resume  func() (struct{}, bool) // goes on with it; of the worker's thread
	yield   func(struct{}) bool     // leaves it; of the worker's thread
	result  error                   // of the library; of the worker's thread
	timer   *time.Timer             // of the handshake; immutable

	mu     sync.Mutex
	in     bytes.Buffer // encrypted, for the library; guarded by mu
	out    []byte       // what the handshake has written; guarded by mu
	waits  bool         // the handshake waits for the peer; guarded by mu
	late   bool         // handshakeTime has passed; guarded by mu
	closed bool         // guarded by mu
	over   bool         // the handshake has ended, with err; guarded by mu
	err    error        // guarded by mu
}

// identify looks at the first byte of a connection that was accepted. Event loop only.
func (c *Conn) identify() error {
	if c.known || c.sock.Unread() == 0 {
		return nil
	}
	c.known = true
	t := c.engine.opts.TLS
	if t == nil || t.Mode == TLSDisabled {
		return nil
	}
	b, err := c.sock.Peek(1)
	if err != nil {
		return err
	}
	if b[0] != handshakeByte {
		if t.Mode == TLSEnforcing {
			return ErrTLSRequired
		}
		return nil
	}
	cfg := t.Server()
	if cfg == nil {
		return ErrNoTLS
	}
	s := &tlsSocket{raw: c.sock, worker: c.engine.handshakes.worker(), count: &c.engine.budget}
	s.conn = tls.Server((*tlsWire)(s), cfg)
	c.tls, c.sock = s, s
	s.shaking.Store(true)
	s.timer = time.AfterFunc(handshakeTime, s.expire)
	s.worker.add(s)
	return nil
}

// dialled makes an encrypted connection of nc, which stays its network; nil when it is to be a plain one.
func (e *Engine) dialled(ctx context.Context, nc net.Conn) (*tlsSocket, error) {
	if e.opts.TLS == nil || e.opts.TLS.Client == nil {
		return nil, nil
	}
	cfg := e.opts.TLS.Client()
	if cfg == nil {
		return nil, nil
	}
	s := &tlsSocket{dial: nc, open: true, count: &e.budget}
	s.conn = tls.Client((*tlsWire)(s), cfg)
	if err := s.conn.HandshakeContext(ctx); err != nil {
		return nil, &TLSError{"handshake", err}
	}
	s.dial = nil
	return s, nil
}

// shake is the handshake of an accepted connection, as a coroutine of its worker.
func (s *tlsSocket) shake(yield func(struct{}) bool) {
	s.yield = yield
	s.result = s.conn.Handshake()
}

// shaken ends the handshake. On the worker's thread.
func (s *tlsSocket) shaken() {
	s.timer.Stop()
	s.shaking.Store(false) // before the loop may read
	s.mu.Lock()
	s.over, s.err = true, s.result
	s.mu.Unlock()
	_ = s.raw.Wake()
}

// goOn changes something that the handshake may wait for, and lets it go on. Any goroutine.
func (s *tlsSocket) goOn(change func()) {
	s.mu.Lock()
	change()
	waited := s.waits
	s.waits = false
	s.mu.Unlock()
	if waited {
		s.worker.add(s)
	}
}

// expire ends the handshake, as soon as it waits for its peer.
func (s *tlsSocket) expire() { s.goOn(func() { s.late = true }) }

// end ends a handshake whose connection is closed. Any goroutine.
func (s *tlsSocket) end() { s.goOn(func() { s.closed = true }) }

// pump takes what has come in, and decrypts it once the handshake is over. Event loop only; after an error, and once
// what was decrypted before fin has been handled, the connection has to be closed.
func (s *tlsSocket) pump() error {
	if s.fin != nil {
		return nil
	}
	if err := s.take(); err != nil || !s.open {
		return err
	}
	for {
		if s.at > 0 {
			s.plain, s.at = append(s.plain[:0], s.plain[s.at:]...), 0
		}
		s.makeRoom()
		n, err := s.conn.Read(s.plain[len(s.plain):cap(s.plain)])
		s.plain = s.plain[:len(s.plain)+n]
		if errors.Is(err, errWait) {
			s.shrink()
			return nil
		}
		if err != nil {
			s.fin = err
			if err != io.EOF {
				s.fin = &TLSError{"connection", err}
			}
			return nil
		}
	}
}

// take moves what the peer has sent to the library, and what its handshake says to the peer.
func (s *tlsSocket) take() error {
	b, err := s.raw.Peek(s.raw.Unread())
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.in.Write(b)
	size, out, over, why := s.in.Len(), s.out, s.over, s.err
	s.out = nil
	goesOn := s.waits && len(b) > 0
	s.waits = s.waits && !goesOn
	s.mu.Unlock()
	if goesOn {
		s.worker.add(s)
	}
	if s.rec.pass(b); s.open {
		s.hold(int64(s.rec.size))
	}
	if len(b) > 0 {
		if _, err := s.raw.Discard(len(b)); err != nil {
			return err
		}
	}
	if len(out) > 0 {
		if _, err := s.raw.Write(out); err != nil {
			return err
		}
	}
	if s.open {
		return nil
	}
	s.hold(int64(size))
	switch {
	case !over && (size > handshakeLimit || size > idlePlain && s.count.over()):
		return &TLSError{"handshake", fmt.Errorf("%d bytes came before it was over", size)}
	case over && why != nil:
		return &TLSError{"handshake", why}
	case over:
		s.open = true
		s.hold(int64(s.rec.size))
		s.forget()
	}
	return nil
}

// unfinished finds the record of a stream that is not whole: the library keeps its bytes, and tells nobody.
type unfinished struct {
	head [recordHead]byte
	size int // bytes of it that came; 0: all records are whole
	left int // bytes that are missing behind its head
}

const recordHead = 5 // bytes: type, version, length

// pass takes the next bytes of the stream.
func (r *unfinished) pass(b []byte) {
	for len(b) > 0 {
		n := min(r.left, len(b))
		if r.size < recordHead {
			if n = copy(r.head[r.size:], b); r.size+n == recordHead {
				r.left = n + int(binary.BigEndian.Uint16(r.head[3:]))
			} else {
				r.left = n
			}
		}
		r.size, r.left, b = r.size+n, r.left-n, b[n:]
		if r.size >= recordHead && r.left == 0 {
			r.size = 0
		}
	}
}

// hold notes how many bytes are kept that nobody else counts.
func (s *tlsSocket) hold(n int64) {
	s.count.inbound.Add(n - s.held)
	s.held = n
}

// plainPool has buffers of idlePlain bytes: a connection has none while nothing comes.
var plainPool = sync.Pool{New: func() any {
	b := make([]byte, 0, idlePlain)
	return &b
}}

// makeRoom makes room in plain for what comes next.
func (s *tlsSocket) makeRoom() {
	switch n := len(s.plain); {
	case cap(s.plain)-n >= bytes.MinRead:
	case n == 0:
		s.giveBack()
		s.lent = plainPool.Get().(*[]byte)
		s.plain = *s.lent
	default:
		s.plain = append(s.plain, make([]byte, max(idlePlain, n))...)[:n]
	}
}

// giveBack ends the use of plain, which is empty.
func (s *tlsSocket) giveBack() {
	s.plain = nil
	if s.lent != nil {
		plainPool.Put(s.lent)
		s.lent = nil
	}
}

// shrink gives back buffers that are empty.
func (s *tlsSocket) shrink() {
	if len(s.plain) == 0 {
		s.giveBack()
		s.mu.Lock()
		if s.in.Len() == 0 && s.in.Cap() > idlePlain {
			s.in = bytes.Buffer{}
		}
		s.mu.Unlock()
	}
}

// forget gives back what the handshake came in by: most connections are idle, and later records are smaller, or many.
func (s *tlsSocket) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in.Len() == 0 {
		s.in = bytes.Buffer{}
	}
}

// What Conn uses.

func (s *tlsSocket) Write(p []byte) (int, error) { return s.conn.Write(p) }
func (s *tlsSocket) SendFile([]FileRange) int    { return 0 } // the kernel does not encrypt
func (s *tlsSocket) Buffered() int               { return s.raw.Buffered() }
func (s *tlsSocket) Unread() int                 { return len(s.plain) - s.at }
func (s *tlsSocket) SetReading(on bool) bool     { return s.raw.SetReading(on) }
func (s *tlsSocket) Wake() error                 { return s.raw.Wake() }
func (s *tlsSocket) Close() error                { return s.raw.Close() }

func (s *tlsSocket) Peek(n int) ([]byte, error) {
	if n < 0 {
		n = s.Unread()
	}
	if n > s.Unread() {
		return nil, io.ErrShortBuffer
	}
	return s.plain[s.at : s.at+n], nil
}

func (s *tlsSocket) Discard(n int) (int, error) {
	if n <= 0 || n > s.Unread() {
		n = s.Unread()
	}
	if s.at += n; s.at == len(s.plain) {
		s.plain, s.at = s.plain[:0], 0
		if cap(s.plain) > idlePlain {
			s.giveBack()
		}
	}
	return n, nil
}

// tlsWire is a tlsSocket as the library sees it: the peer's bytes. In a handshake Read waits for them; later it does
// not, and says so by an error after which the library can be asked again.
type tlsWire tlsSocket

// errWait says that more has to come in.
var errWait net.Error = waits{}

type waits struct{}

func (waits) Error() string   { return "more has to come in" }
func (waits) Timeout() bool   { return false }
func (waits) Temporary() bool { return true }

func (w *tlsWire) Read(p []byte) (int, error) {
	if w.dial != nil {
		return w.dial.Read(p)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.in.Len() == 0 {
		switch {
		case w.closed:
			return 0, net.ErrClosed
		case !w.shaking.Load():
			return 0, errWait
		case w.late:
			return 0, context.DeadlineExceeded
		}
		w.waits = true // who changes something hands it to the worker, which takes it once yield has left it
		w.mu.Unlock()
		w.yield(struct{}{})
		w.mu.Lock()
	}
	return w.in.Read(p)
}

func (w *tlsWire) Write(p []byte) (int, error) {
	if w.dial != nil {
		return w.dial.Write(p)
	}
	if !w.shaking.Load() {
		return w.raw.Write(p)
	}
	w.mu.Lock()
	closed := w.closed
	w.out = append(w.out, p...)
	w.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	return len(p), w.raw.Wake()
}

func (w *tlsWire) Close() error {
	if w.dial != nil {
		return w.dial.Close()
	}
	(*tlsSocket)(w).end()
	return nil
}

func (w *tlsWire) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (w *tlsWire) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (w *tlsWire) SetDeadline(time.Time) error      { return nil }
func (w *tlsWire) SetReadDeadline(time.Time) error  { return nil }
func (w *tlsWire) SetWriteDeadline(time.Time) error { return nil }
