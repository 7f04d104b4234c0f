package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/panjf2000/gnet/v2"

	"gorocket/compat/testutil"
)

// fakeLoop is a loop of gnet that keeps what it is to run.
type fakeLoop struct {
	gnet.EventLoop
	ran []gnet.Runnable
	err error
}

func (f *fakeLoop) Execute(_ context.Context, r gnet.Runnable) error {
	if f.err != nil {
		return f.err
	}
	f.ran = append(f.ran, r)
	return nil
}

// TestCheckLoop: a loop is asked to look at what waits, each time when something does, else now and then; one that does
// not turn is noticed, and has ended when it has no connections either.
func TestCheckLoop(t *testing.T) {
	e, el := flowEngine(1<<30), &fakeLoop{}
	var failed []error
	e.opts.Events.Failed = func(err error) { failed = append(failed, err) }
	l := &Loop{el: el}
	now := time.UnixMilli(1_000_000)
	l.late.Store(5)
	if e.checkLoop(l, now, false); len(el.ran) != 0 || l.pending.Load() || l.late.Load() != 0 {
		t.Errorf("nothing waits: asked %d times, late %d", len(el.ran), l.late.Load())
	}
	l.conns.Store(1)
	if e.checkLoop(l, now, true); len(el.ran) != 1 || !l.pending.Load() || l.late.Load() != 0 {
		t.Errorf("now and then: asked %d times, late %d", len(el.ran), l.late.Load())
	}
	if e.checkLoop(l, now.Add(7*time.Second), true); len(el.ran) != 1 || l.late.Load() != int64(7*time.Second) {
		t.Errorf("it has not turned: asked %d times, late %v", len(el.ran), time.Duration(l.late.Load()))
	}
	_ = el.ran[0].Run(context.Background())
	l.busy.Store(true)
	if e.checkLoop(l, now.Add(8*time.Second), false); len(el.ran) != 2 || l.late.Load() != 0 {
		t.Errorf("something waits: asked %d times, late %d", len(el.ran), l.late.Load())
	}
	_ = el.ran[1].Run(context.Background())
	el.err = errors.New("the end")
	if e.checkLoop(l, now, false); l.pending.Load() {
		t.Error("a loop that takes nothing is waited for")
	}
	el.err = nil
	e.checkLoop(l, now, true)
	if e.checkLoop(l, now.Add(deadAfter+1), true); len(failed) != 0 {
		t.Error("a loop with connections has ended")
	}
	l.conns.Store(0)
	if e.checkLoop(l, now.Add(deadAfter), true); len(failed) != 0 || e.Health() != nil {
		t.Error("a loop has ended too early")
	}
	for range 2 {
		if e.checkLoop(l, now.Add(deadAfter+1), true); len(failed) != 1 || e.Health() == nil {
			t.Errorf("a loop has ended, told %v", failed)
		}
	}
}

// TestLoopCheck: what waits is looked at, from all connections; only when others need memory is somebody closed for it.
func TestLoopCheck(t *testing.T) {
	for _, pressed := range []bool{false, true} {
		e, l := flowEngine(1000), &Loop{}
		k := &loopCheck{e, l}
		l.pending.Store(true)
		late := newPeer(e, l)
		if err := late.turn(time.Now().Add(-time.Hour), frameOf(100, 'x')[:50]...); err != nil {
			t.Fatal(err)
		}
		sleeps := newPeer(e, l)
		sleeps.s.buffered = 600
		sleeps.updateUnsent()
		sleeps.flow.progress = 5
		reads := newPeer(e, l)
		reads.s.buffered = 10
		reads.updateUnsent()
		if reads.s.buffered = 0; pressed {
			e.budget.queued.Store(1000)
		}
		_ = k.Run(context.Background())
		if l.pending.Load() || !late.s.closed || len(late.r.bad) != 1 || e.counts.unfinished.Load() != 1 {
			t.Errorf("a frame that is late: closed %v, told %v", late.s.closed, late.r.bad)
		}
		if reads.unsent.Load() != 0 || reads.flow.place != 0 || reads.s.closed {
			t.Errorf("who has read all: %d unsent", reads.unsent.Load())
		}
		if sleeps.s.closed != pressed || (e.counts.slow.Load() == 1) != pressed {
			t.Errorf("pressed %v: who reads nothing is closed: %v", pressed, sleeps.s.closed)
		}
	}
}

// TestHealthOfLoops: a loop that does not turn, or does not take a connection, is unhealthy after stuckAfter.
func TestHealthOfLoops(t *testing.T) {
	e := flowEngine(1)
	a, b := &Loop{}, &Loop{}
	e.loops.Store("a", a)
	e.loops.Store("b", b)
	a.late.Store(int64(stuckAfter))
	if err := e.Health(); err != nil {
		t.Errorf("not yet: %v", err)
	}
	b.late.Store(int64(stuckAfter + time.Second))
	if err := e.Health(); err == nil || !strings.Contains(err.Error(), "not turned for 11s") {
		t.Errorf("stuck: %v", err)
	}
	b.late.Store(0)
	e.handing.Store(time.Now().Add(-stuckAfter / 2).UnixMilli())
	if err := e.Health(); err != nil {
		t.Errorf("a connection waits: %v", err)
	}
	e.handing.Store(time.Now().Add(-stuckAfter - time.Second).UnixMilli())
	if err := e.Health(); err == nil || !strings.Contains(err.Error(), "not turned for 11") {
		t.Errorf("a connection waits too long: %v", err)
	}
	if a.late.Store(int64(time.Minute)); !strings.Contains(e.Health().Error(), "1m0s") {
		t.Errorf("the longest counts: %v", e.Health())
	}
	e.fail(io.ErrUnexpectedEOF)
	e.fail(io.EOF)
	if err := e.Health(); err != io.ErrUnexpectedEOF {
		t.Errorf("the first end counts: %v", err)
	}
}

// TestCoalescerAsksOnce: gnet is asked once for all whose answers wait; when it takes nothing they leave at once.
func TestCoalescerAsksOnce(t *testing.T) {
	e, el := flowEngine(1<<30), &fakeLoop{}
	l := &Loop{el: el}
	w := &l.coalesce
	a, b, silent := newPeer(e, l), newPeer(e, l), newPeer(e, l)
	put(t, a.Conn, "a")
	if w.close = coalesceAt - 1; w.end(a.Conn) || len(el.ran) != 0 {
		t.Error("too few come closely, and an answer waits")
	}
	w.close = coalesceAt
	if w.end(silent.Conn) || silent.held {
		t.Error("a connection without an answer waits")
	}
	el.err = errors.New("the end")
	if w.end(a.Conn) || a.held || w.scheduled {
		t.Error("nobody will write the answer that waits")
	}
	el.err = nil
	put(t, b.Conn, "b")
	if !w.end(a.Conn) || !w.end(b.Conn) || !w.end(a.Conn) || len(el.ran) != 1 || len(w.held) != 2 {
		t.Errorf("asked %d times, %d wait", len(el.ran), len(w.held))
	}
	since := w.since
	if put(t, a.Conn, "a"); w.since != since {
		t.Error("the first one's time begins anew")
	}
	_ = el.ran[0].Run(context.Background())
	if string(a.s.written) != "aa" || string(b.s.written) != "b" || len(w.held) != 0 || w.scheduled {
		t.Errorf("written %q and %q", a.s.written, b.s.written)
	}
	put(t, a.Conn, "c")
	if !w.end(a.Conn) || len(el.ran) != 2 || w.since.Equal(since) {
		t.Errorf("the next one waits since then: asked %d times", len(el.ran))
	}
}

// TestSettleAsksOnce: a loop is asked to look at answers that wait only when there are some, and once until it does.
func TestSettleAsksOnce(t *testing.T) {
	m := &mark{instead: map[int64]string{}}
	p := ackPeer(m)
	el := &fakeLoop{}
	p.loop.el = el
	e := p.engine
	e.loops.Store("l", p.loop)
	if e.Settle(); len(el.ran) != 0 {
		t.Error("nothing waits, and the loop is asked")
	}
	p.wait(1)
	e.Settle()
	if e.Settle(); len(el.ran) != 1 {
		t.Errorf("asked %d times", len(el.ran))
	}
	_ = el.ran[0].Run(context.Background())
	if e.Settle(); len(el.ran) != 2 {
		t.Errorf("asked %d times", len(el.ran))
	}
	_ = el.ran[1].Run(context.Background())
	m.over = true // those that begin to wait need not
	p.wait(3)
	if p.loop.acks.tell(); len(el.ran) != 3 || p.loop.acks.turn != (Waits{}) {
		t.Errorf("at the end of the turn: asked %d times", len(el.ran))
	}
	_ = el.ran[2].Run(context.Background())
	out := p.BeginAck()
	out.B = append(out.B, "<5>"...)
	if p.EndAck(Ack{End: 5}, false); len(el.ran) != 4 {
		t.Errorf("on a worker: asked %d times", len(el.ran))
	}
	if m.over = false; len(m.told) != 2 {
		t.Errorf("told %v", m.told)
	}
}

// meanwhile is a mark while whose look another answer begins to wait.
type meanwhile struct {
	mark
	do func()
}

func (m *meanwhile) Settle(a *Ack, frame []byte, now int64) ([]byte, bool) {
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return m.mark.Settle(a, frame, now)
}

// TestAcksThatBeginMeanwhile: an answer that begins to wait while others are looked at is looked at next time.
func TestAcksThatBeginMeanwhile(t *testing.T) {
	m := &meanwhile{mark: mark{instead: map[int64]string{}}}
	a := ackPeer(&m.mark)
	a.engine.opts.Acks = m
	b, c := newPeer(a.engine, a.loop), newPeer(a.engine, a.loop)
	a.wait(10)
	b.wait(20)
	m.do = func() { c.wait(30) }
	if got := a.settle(); got != "" || len(a.loop.acks.conns) != 3 {
		t.Fatalf("%q left, %d connections wait", got, len(a.loop.acks.conns))
	}
	m.at = 30
	if a.settle(); string(a.s.written) != "<10>" || string(b.s.written) != "<20>" || string(c.s.written) != "<30>" ||
		len(a.loop.acks.conns) != 0 {
		t.Errorf("%q, %q, %q left, %d wait", a.s.written, b.s.written, c.s.written, len(a.loop.acks.conns))
	}
	for _, kept := range [][]*Conn{a.loop.acks.conns[:cap(a.loop.acks.conns)], a.loop.acks.spare[:cap(a.loop.acks.spare)]} {
		for i, conn := range kept {
			if conn != nil {
				t.Errorf("number %d: a connection without answers is kept", i)
			}
		}
	}
}

// TestAcksOverTheBudget: when all together keep too much waiting, a connection goes whose share is beyond its limit.
func TestAcksOverTheBudget(t *testing.T) {
	for charge, closed := range map[int]bool{backlogLimit: false, backlogLimit + 1: true} {
		m := &mark{}
		p := ackPeer(m)
		p.engine.opts.MaxOutbound = 1 << 30
		p.engine.budget.limit = 1000
		p.wait(1)
		out := p.BeginAck()
		p.acks.charge = charge
		p.engine.budget.outbound.Store(int64(charge))
		out.B = append(out.B, make([]byte, charge+chargeStep-len(out.B))...)
		if p.EndAck(Ack{End: 2}, true); p.closed != closed || (p.r.overflows == 1) != closed {
			t.Errorf("%d: closed %v", charge, p.closed)
		}
		if n := p.engine.budget.outbound.Load(); n != int64(charge+chargeStep) {
			t.Errorf("%d: %d are counted", charge, n)
		}
	}
}

// TestAnswersOverTheBudget: the same of answers that wait for nothing but their peer, and of what a socket has kept.
func TestAnswersOverTheBudget(t *testing.T) {
	for unsent, closed := range map[int64]bool{backlogLimit: false, backlogLimit + 1: true} {
		for limit, over := range map[int64]bool{1000: true, 1 << 30: false} {
			p := newPeer(flowEngine(limit), &Loop{})
			p.engine.opts.MaxOutbound = 1 << 30
			p.unsent.Store(unsent)
			out := p.Begin()
			out.B = append(out.B, make([]byte, chargeStep)...)
			if p.End(false); p.closed != (closed && over) {
				t.Errorf("%d unsent, limit %d: closed %v", unsent, limit, p.closed)
			}
		}
	}
	for _, c := range []struct {
		before, now int64
		limit       int64
		stays       bool
	}{{backlogLimit, backlogLimit + 5, 1000, true}, {backlogLimit + 1, backlogLimit + 1, 1000, false},
		{backlogLimit + 1, backlogLimit, 1000, true}, {backlogLimit + 1, backlogLimit + 5, 1 << 30, true},
		{0, 4 << 20, 1 << 30, true}, {0, 4<<20 + 1, 1 << 30, false}} {
		p := newPeer(flowEngine(c.limit), &Loop{})
		p.engine.opts.MaxOutbound = 4 << 20
		p.unsent.Store(c.before)
		p.engine.budget.outbound.Store(c.before)
		p.s.buffered = int(c.now)
		if got := p.checkUnsent(); got != c.stays || p.closed == c.stays || (p.r.overflows == 0) != c.stays ||
			p.engine.counts.slow.Load() != int64(p.r.overflows) {
			t.Errorf("%+v: stays %v, told %d times", c, got, p.r.overflows)
		}
	}
}

// TestFlushAt: a turn that gathers more than flushAt writes; a worker leaves that to the loop. A frame may be as large as
// MaxOutbound.
func TestFlushAt(t *testing.T) {
	for _, c := range []struct {
		n      int
		onLoop bool
		writes int
		closed bool
	}{{flushAt, true, 0, false}, {flushAt + 1, true, 1, false}, {flushAt + 1, false, 0, false}, {1 << 20, true, 1, false},
		{1<<20 + 1, true, 0, true}, {1 << 20, false, 0, false}, {1<<20 + 1, false, 0, true}} {
		p := newPeer(flowEngine(1<<30), &Loop{})
		p.engine.opts.MaxOutbound = 1 << 20
		out := p.Begin()
		out.B = append(out.B, make([]byte, c.n)...)
		if p.End(c.onLoop); p.s.writes != c.writes || p.closed != c.closed || !c.closed && (p.s.wakes > 0) == c.onLoop {
			t.Errorf("%+v: %d writes, closed %v, %d wakes", c, p.s.writes, p.closed, p.s.wakes)
		}
	}
}

// TestWatch: who has something that waits is watched once, and the loop is busy as long as anybody is.
func TestWatch(t *testing.T) {
	e, l := flowEngine(1<<30), &Loop{}
	var all []peer
	for range 3 {
		p := newPeer(e, l)
		p.flow.held = 1
		l.watch(p.Conn)
		l.watch(p.Conn)
		all = append(all, p)
	}
	for i, n := range []int{2, 1, 0} {
		l.unwatch(all[i].Conn)
		l.unwatch(all[i].Conn)
		if len(l.watched) != n || l.busy.Load() != (n > 0) || all[i].flow.place != 0 {
			t.Errorf("%d are watched, want %d; busy %v", len(l.watched), n, l.busy.Load())
		}
		for at, c := range l.watched {
			if c.flow.place != at+1 {
				t.Errorf("number %d says %d", at, c.flow.place)
			}
		}
	}
	all[0].flow.gone = true
	if l.watch(all[0].Conn); len(l.watched) != 0 {
		t.Error("a connection that is gone is watched")
	}
}

// TestIdle: a connection is idle when nothing has come or gone since a time.
func TestIdle(t *testing.T) {
	e := flowEngine(1)
	e.conns, e.opts.IdleTimeout = map[*Conn]struct{}{}, time.Second
	a, b := newPeer(e, &Loop{}), newPeer(e, &Loop{})
	a.lastActive.Store(999)
	b.lastActive.Store(1000)
	e.conns[a.Conn], e.conns[b.Conn] = struct{}{}, struct{}{}
	if e.closeIdle(time.UnixMilli(2000)); !a.s.closed || b.s.closed {
		t.Errorf("closed: %v and %v", a.s.closed, b.s.closed)
	}
}

// failing is a listener that has no descriptors so many times, and then ends.
type failing struct {
	net.Listener
	mu    sync.Mutex
	times int
}

func (f *failing) Accept() (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.times--; f.times < 0 {
		return nil, net.ErrClosed
	}
	return nil, syscall.EMFILE
}

// TestAcceptRests: behind errors of accept is a rest, twice as long each time; each is told.
func TestAcceptRests(t *testing.T) {
	e := flowEngine(1)
	told := 0
	e.opts.Events.AcceptFailed = func(err error) {
		if told++; err != syscall.EMFILE {
			t.Errorf("told %v", err)
		}
	}
	a := &acceptor{engine: e, l: &failing{times: 4}, stop: make(chan struct{})}
	begin := time.Now()
	a.run()
	if took := time.Since(begin); took < 15*acceptPause || told != 4 || e.Figures().AcceptErrors != 4 {
		t.Errorf("4 errors: %v, told %d, counted %d", took, told, e.Figures().AcceptErrors)
	}
	e.opts.Events.AcceptFailed = nil
	a = &acceptor{engine: e, l: &failing{times: 1 << 30}, stop: make(chan struct{})}
	close(a.stop)
	a.run() // the end does not wait for the errors to end
	if n := e.Figures().AcceptErrors; n < 5 {
		t.Errorf("%d errors are counted", n)
	}
}

// TestTooManyConnections: what is beyond the limit is closed at once, told and counted; what ends makes room.
func TestTooManyConnections(t *testing.T) {
	var mu sync.Mutex
	told := []int{}
	e, _ := start(t, Events{TooMany: func(peer string, open int) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, open)
	}}, "127.0.0.1:0")
	dial := func() net.Conn {
		c, err := net.Dial("tcp", e.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	frame := frameOf(10, 'x')
	echo := func(c net.Conn) error {
		if _, err := c.Write(frame); err != nil {
			return err
		}
		_, err := io.ReadFull(c, make([]byte, len(frame)))
		return err
	}
	var open []net.Conn
	for range e.opts.MaxConnections {
		c := dial()
		if err := echo(c); err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	if err := echo(dial()); err == nil {
		t.Error("one too many is served")
	}
	testutil.WaitFor(t, "what was accepted is handed on or closed", func() bool { return e.handing.Load() == 0 })
	mu.Lock()
	if len(told) != 1 || told[0] != e.opts.MaxConnections || e.Figures().Refused != 1 {
		t.Errorf("told %v, counted %d", told, e.Figures().Refused)
	}
	mu.Unlock()
	open[0].Close()
	for deadline := time.Now().Add(10 * time.Second); e.Connections() == e.opts.MaxConnections && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if err := echo(dial()); err != nil {
		t.Errorf("there is room: %v", err)
	}
}

// TestStartGivesBack: when one of the addresses cannot be had, the others are free again.
func TestStartGivesBack(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	e, err := New(Options{Loops: 1, New: func() (*Conn, Receiver) { return nil, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(addr, taken.Addr().String()); err == nil || len(e.Addrs()) != 0 {
		t.Errorf("started on an address that is taken: %v", err)
	}
	again, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("the other address is not free: %v", err)
	}
	again.Close()
}

// TestHandshakeOverTheBudget: before the handshake is over a peer may send little when all together keep too much waiting.
func TestHandshakeOverTheBudget(t *testing.T) {
	for _, c := range []struct {
		bytes int
		limit int64
		over  bool // the handshake is
		fails bool
	}{{idlePlain, 1000, false, false}, {idlePlain + 1, 1000, false, true}, {idlePlain + 1, 1 << 30, false, false},
		{handshakeLimit, 1 << 30, false, false}, {handshakeLimit + 1, 1 << 30, false, true}, {handshakeLimit + 1, 1 << 30, true, false}} {
		p, s := tlsPeer(t, nil)
		p.engine.budget.limit = c.limit
		sock := &tlsSocket{raw: s, count: &p.engine.budget, over: c.over}
		s.in = make([]byte, c.bytes)
		if err := sock.take(); (err != nil) != c.fails || sock.open != c.over || len(s.in) != 0 {
			t.Errorf("%+v: %v, open %v", c, err, sock.open)
		}
	}
	p, s := tlsPeer(t, nil)
	sock := &tlsSocket{raw: s, count: &p.engine.budget, over: true, err: io.ErrUnexpectedEOF, out: []byte("alert")}
	if err := sock.take(); !errors.Is(err, io.ErrUnexpectedEOF) || sock.open || string(s.written) != "alert" {
		t.Errorf("a handshake that failed: %v, the peer hears %q", err, s.written)
	}
}

// TestLargeBuffersGo: what one large record took is not kept by a connection on which nothing comes.
func TestLargeBuffersGo(t *testing.T) {
	s := &tlsSocket{}
	s.in.Grow(idlePlain + 1)
	if s.shrink(); s.in.Cap() > idlePlain || s.plain != nil {
		t.Errorf("%d bytes are kept", s.in.Cap())
	}
	s.in.Write([]byte("rest"))
	s.in.Grow(idlePlain + 1)
	if s.shrink(); s.in.String() != "rest" {
		t.Errorf("%q is left", s.in.String())
	}
	s.plain = []byte("x")
	if s.shrink(); string(s.plain) != "x" {
		t.Error("what was decrypted is lost")
	}
	for size, kept := range map[int]bool{idlePlain: true, idlePlain + 1: false} {
		s = &tlsSocket{plain: make([]byte, size)}
		if n, err := s.Discard(size - 1); n != size-1 || err != nil || s.Unread() != 1 {
			t.Errorf("discarded %d, %d left", n, s.Unread())
		}
		if n, _ := s.Discard(1); n != 1 || (s.plain != nil) != kept {
			t.Errorf("%d bytes: kept %v", size, s.plain != nil)
		}
	}
	s = &tlsSocket{plain: []byte("0123")}
	if n, _ := s.Discard(5); n != 4 {
		t.Errorf("more than there is: %d", n)
	}
	if b, err := s.Peek(0); len(b) != 0 || err != nil {
		t.Errorf("nothing: %q, %v", b, err)
	}
}
