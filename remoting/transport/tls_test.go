package transport

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"gorocket/compat/testutil"
)

// quiet is a script whose Wake may be called by a handshake's thread.
type quiet struct{ script }

func (*quiet) Wake() error { return nil }

// tlsPeer is a connection that was accepted, whose bytes the test brings.
func tlsPeer(t testing.TB, cfg *tls.Config) (peer, *quiet) {
	e := flowEngine(1 << 30)
	e.handshakes = newHandshaker(2)
	t.Cleanup(e.handshakes.close)
	e.opts.TLS = &TLS{Mode: TLSEnforcing, Server: func() *tls.Config { return cfg }}
	p, s := newPeer(e, &Loop{}), new(quiet)
	p.sock, p.waker = s, s
	return p, s
}

func serverConfig(t testing.TB) *tls.Config {
	t.Helper()
	own := testutil.NewCertificate(t, nil, time.Hour)
	cert, err := tls.X509KeyPair(own.Cert, own.Key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
}

// hello is what a client says first.
func hello(t testing.TB) []byte {
	t.Helper()
	a, b := net.Pipe()
	defer b.Close()
	go func() {
		_ = tls.Client(a, &tls.Config{InsecureSkipVerify: true}).Handshake()
		a.Close()
	}()
	buf := make([]byte, 16<<10)
	n, err := b.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

// FuzzHandshake: bytes of a peer, good and bad, cut anywhere: nothing panics, nothing is taken for a frame, and behind the
// end nothing is counted and no goroutine runs.
func FuzzHandshake(f *testing.F) {
	cfg, first := serverConfig(f), hello(f)
	f.Add(first, uint16(1))
	f.Add(first, uint16(len(first)))
	f.Add(append(bytes.Clone(first), first...), uint16(100))
	f.Add([]byte("\x16\x03\x01\x00\x05hello"), uint16(3))
	f.Add(bytes.Repeat([]byte{0x16}, 70_000), uint16(60_000))
	f.Fuzz(func(t *testing.T, b []byte, piece uint16) {
		p, s := tlsPeer(t, cfg)
		defer p.engine.handshakes.close()
		for len(b) > 0 {
			n := min(len(b), 1+int(piece))
			s.in = append(s.in, b[:n]...)
			b = b[n:]
			if !p.serve() {
				break
			}
		}
		p.markClosed()
		if p.tls != nil {
			testutil.WaitFor(t, "the end of the handshake", func() bool { return !p.tls.shaking.Load() })
		}
		if len(p.r.frames) > 0 || p.engine.budget.inbound.Load() != 0 {
			t.Errorf("%d frames, %d bytes counted", len(p.r.frames), p.engine.budget.inbound.Load())
		}
	})
}

// TestHandshakeHasALimit: who sends on and on before the handshake is over is closed.
func TestHandshakeHasALimit(t *testing.T) {
	p, s := tlsPeer(t, serverConfig(t))
	w := p.engine.handshakes.workers[0]
	w.running = true // so that the handshake does not begin
	sent := 0
	for first := hello(t); sent <= handshakeLimit; sent += len(first) {
		if s.in = append(s.in, first...); !p.serve() {
			t.Fatalf("closed after %d bytes: %v", sent, p.r.bad)
		}
		if n := p.engine.budget.inbound.Load(); n != int64(sent+len(first)) {
			t.Fatalf("%d bytes came, %d are counted", sent+len(first), n)
		}
		if sent+2*len(first) > handshakeLimit {
			break
		}
	}
	if s.in = append(s.in, make([]byte, handshakeLimit)...); p.serve() || len(p.r.bad) != 1 {
		t.Errorf("beyond the limit: %v", p.r.bad)
	}
	p.markClosed()
	go w.run()
	testutil.WaitFor(t, "the end of the handshake", func() bool { return !p.tls.shaking.Load() })
}

// TestFirstByte: what is looked at, and when.
func TestFirstByte(t *testing.T) {
	p, s := tlsPeer(t, nil)
	if p.serve(); p.known || len(p.r.bad) > 0 {
		t.Error("decided before anything came")
	}
	s.in = []byte{handshakeByte}
	if p.serve() || !errors.Is(p.r.bad[0], ErrNoTLS) {
		t.Errorf("without a certificate: %v", p.r.bad)
	}
	p, s = tlsPeer(t, serverConfig(t))
	s.in = []byte{0}
	if p.serve() || !errors.Is(p.r.bad[0], ErrTLSRequired) {
		t.Errorf("plain: %v", p.r.bad)
	}
	p, s = tlsPeer(t, nil)
	p.engine.opts.TLS.Mode = TLSPermissive
	s.in = frameOf(10, 'x')
	if !p.serve() || len(p.r.frames) != 1 {
		t.Errorf("plain, permitted: %v", p.r.bad)
	}
	s.in = append([]byte{0, handshakeByte, 0, 1}, make([]byte, 10)...)
	if p.serve(); p.tls != nil {
		t.Error("a later byte is taken for the first one")
	}
}

// TestPlainBuffer: what was decrypted is peeked at and discarded as on any socket.
func TestPlainBuffer(t *testing.T) {
	s := &tlsSocket{plain: []byte("0123456789")}
	b, err := s.Peek(4)
	if err != nil || string(b) != "0123" || s.Unread() != 10 {
		t.Errorf("%q, %v", b, err)
	}
	if n, _ := s.Discard(3); n != 3 || s.Unread() != 7 {
		t.Errorf("discarded %d, %d left", n, s.Unread())
	}
	if _, err := s.Peek(8); err != io.ErrShortBuffer {
		t.Errorf("more than there is: %v", err)
	}
	if b, _ = s.Peek(-1); string(b) != "3456789" {
		t.Errorf("all: %q", b)
	}
	if n, _ := s.Discard(0); n != 7 || s.Unread() != 0 || s.at != 0 {
		t.Errorf("all discarded: %d, %d left", n, s.Unread())
	}
}

// TestWhatTheLibraryAnswersCounts: what a TLS connection writes by itself (answers to KeyUpdate) is known like all that a
// peer does not read, and has the same limit.
func TestWhatTheLibraryAnswersCounts(t *testing.T) {
	p, s := tlsPeer(t, nil)
	p.tls = &tlsSocket{raw: s, count: &p.engine.budget, open: true}
	if s.buffered = 100 << 10; !p.flush(true) || p.engine.budget.outbound.Load() != 100<<10 {
		t.Errorf("%d bytes are known", p.engine.budget.outbound.Load())
	}
	if s.buffered = p.engine.opts.MaxOutbound + 1; p.flush(true) || !p.closed {
		t.Error("beyond the limit")
	}
}

// TestUnfinishedRecord: however a stream of records is cut, what is not whole of the last one is known.
func TestUnfinishedRecord(t *testing.T) {
	record := append([]byte{23, 3, 3, 1, 2}, make([]byte, 0x102)...)
	empty := []byte{23, 3, 3, 0, 0}
	stream := bytes.Join([][]byte{record, empty, record}, nil)
	want := func(n int) int {
		for _, size := range []int{len(record), len(empty), len(record)} {
			if n < size {
				return n
			}
			n -= size
		}
		return n
	}
	for _, piece := range []int{1, 2, 3, 4, 5, 6, 100, 1000} {
		var r unfinished
		for at := 0; at < len(stream); at += piece {
			end := min(at+piece, len(stream))
			if r.pass(stream[at:end]); r.size != want(end) {
				t.Fatalf("%d bytes at a time, after %d: %d, want %d", piece, end, r.size, want(end))
			}
		}
	}
}

// TestRecordThatNeverEnds: it counts, it takes its time only, and it goes first when others need the memory.
func TestRecordThatNeverEnds(t *testing.T) {
	begin := time.UnixMilli(1_000_000)
	open := func() (peer, *Engine) {
		p, s := tlsPeer(t, nil)
		p.tls = &tlsSocket{raw: s, count: &p.engine.budget, open: true}
		p.sock = p.tls
		s.in = append([]byte{23, 3, 3, 0x40, 0}, make([]byte, 1000)...)
		if err := p.tls.take(); err != nil {
			t.Fatal(err)
		}
		p.updateFlow(begin)
		return p, p.engine
	}
	p, e := open()
	if n := e.budget.inbound.Load(); n != 1005 || len(p.loop.watched) != 1 {
		t.Errorf("%d bytes count, %d connections are watched", n, len(p.loop.watched))
	}
	if e.look(p.Conn, begin.Add(e.opts.FrameTimeout)); p.closed {
		t.Error("closed while there is time")
	}
	if e.look(p.Conn, begin.Add(e.opts.FrameTimeout+time.Millisecond)); !p.closed || len(p.r.bad) != 1 {
		t.Errorf("not closed in time: %v", p.r.bad)
	}
	if p.markClosed(); e.budget.inbound.Load() != 0 {
		t.Errorf("%d bytes count behind the end", e.budget.inbound.Load())
	}
	p, e = open()
	e.budget.limit = 1004
	if e.shed(p.loop, begin.Add(stallAfter).UnixMilli()); !p.closed {
		t.Error("stays while others need the memory")
	}
	p, _ = open()
	p.tls.rec.pass(make([]byte, 0x4000-1000)) // the rest, which was no frame's
	p.tls.hold(0)
	if p.updateFlow(begin.Add(time.Second)); p.flow.since != 0 || len(p.loop.watched) != 0 {
		t.Errorf("whole, but since %d, %d watched", p.flow.since, len(p.loop.watched))
	}
}
