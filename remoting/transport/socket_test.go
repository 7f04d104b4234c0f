package transport

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"time"
)

// fakeSocket takes what is written; SendFile takes so many bytes as sendfile says.
type fakeSocket struct {
	written  []byte
	writes   int
	sendfile int
	buffered int
	err      error
	closed   bool
}

func (s *fakeSocket) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	s.writes++
	s.written = append(s.written, p...)
	return len(p), nil
}

func (s *fakeSocket) SendFile([]FileRange) int   { return s.sendfile }
func (s *fakeSocket) Buffered() int              { return s.buffered }
func (s *fakeSocket) Unread() int                { return 0 }
func (s *fakeSocket) Peek(int) ([]byte, error)   { return nil, nil }
func (s *fakeSocket) Discard(n int) (int, error) { return n, nil }
func (s *fakeSocket) SetReading(bool) bool       { return true }
func (s *fakeSocket) Wake() error                { return nil }
func (s *fakeSocket) Close() error               { s.closed = true; return nil }

// fakeReceiver counts overflows.
type fakeReceiver struct{ overflows int }

func (r *fakeReceiver) Opened(netip.AddrPort) {}
func (r *fakeReceiver) Frame([]byte) error    { return nil }
func (r *fakeReceiver) BadFrame(error)        {}
func (r *fakeReceiver) Overflow(int)          { r.overflows++ }
func (r *fakeReceiver) Closed(error)          {}

// offline returns a connection of e on l whose socket is a fake.
func offline(e *Engine, l *Loop) (*Conn, *fakeSocket, *fakeReceiver) {
	s, r := new(fakeSocket), new(fakeReceiver)
	return &Conn{sock: s, waker: s, engine: e, loop: l, recv: r}, s, r
}

// put appends text as a frame of an answer.
func put(t *testing.T, c *Conn, text string) {
	t.Helper()
	out := c.Begin()
	if out == nil {
		t.Fatal("the connection is closed")
	}
	out.B = append(out.B, text...)
	c.End(true)
}

// engineOf returns an engine without loops.
func engineOf(barrier func(int64) error) *Engine {
	e := &Engine{opts: Options{MaxOutbound: 1 << 20, Barrier: barrier}}
	e.budget.limit = 1 << 30
	return e
}

// TestCoalescedAnswersWaitForABoundedTime: answers that wait for each other leave together once the first has waited
// for coalesceTime, and behind one barrier.
func TestCoalescedAnswersWaitForABoundedTime(t *testing.T) {
	var barriers []int64
	e := engineOf(func(n int64) error { barriers = append(barriers, n); return nil })
	l := &Loop{}
	w := &l.coalesce
	w.close, w.scheduled = coalesceMax, true // as if gnet had been asked
	a, as, _ := offline(e, l)
	b, bs, _ := offline(e, l)
	put(t, a, "first")
	a.Barrier(7)
	if !w.end(a) || as.writes != 0 {
		t.Fatalf("an answer among many was written at once: %d writes", as.writes)
	}
	w.since = w.since.Add(-coalesceTime) // it has waited
	put(t, b, "second")
	b.Barrier(5)
	if !w.end(b) || string(as.written) != "first" || string(bs.written) != "second" {
		t.Errorf("after coalesceTime: %q and %q are written", as.written, bs.written)
	}
	if len(barriers) != 1 || barriers[0] != 7 {
		t.Errorf("barriers %v, want one of 7", barriers)
	}
	if a.held || b.held || len(w.held) != 0 {
		t.Error("connections are held still")
	}
	put(t, a, "third")
	if !w.end(a) || as.writes != 1 {
		t.Errorf("the next answer does not wait: %d writes", as.writes)
	}
}

// TestBarrierThatFails: none of the connections whose answers wait writes anything, and all are closed.
func TestBarrierThatFails(t *testing.T) {
	e := engineOf(func(int64) error { return errors.New("disk") })
	l := &Loop{}
	l.coalesce.close, l.coalesce.scheduled = coalesceMax, true
	a, as, _ := offline(e, l)
	b, bs, _ := offline(e, l)
	for _, c := range []*Conn{a, b} {
		put(t, c, "answer")
		c.Barrier(1)
		l.coalesce.end(c)
	}
	l.coalesce.flush()
	if as.writes+bs.writes != 0 || !as.closed || !bs.closed || a.Begin() != nil || b.Begin() != nil {
		t.Errorf("%d and %d writes; closed: %v, %v", as.writes, bs.writes, as.closed, bs.closed)
	}
}

// TestFilesAreWholeWhateverTheKernelTakes: what sendfile does not take is written from memory, at every place where it
// may stop, behind the frames that waited before.
func TestFilesAreWholeWhateverTheKernelTakes(t *testing.T) {
	parts := [][]byte{[]byte("first part,"), []byte("second,"), []byte("third")}
	body := bytes.Join(parts, nil)
	e := engineOf(nil)
	for taken := range len(body) + 1 {
		c, s, _ := offline(e, &Loop{})
		s.sendfile = taken
		out := c.Begin()
		out.B = append(out.B, "before header "...)
		c.EndFiles(parts, []FileRange{{Len: len(body)}})
		if want := "before header " + string(body[taken:]); string(s.written) != want {
			t.Errorf("the kernel took %d: %q was written, want %q", taken, s.written, want)
		}
	}
}

// TestPeerThatReadsNothing: a connection is closed once more waits than may, whether the frames wait or the socket
// keeps them.
func TestPeerThatReadsNothing(t *testing.T) {
	e := engineOf(nil)
	c, s, r := offline(e, &Loop{})
	s.buffered = e.opts.MaxOutbound + 1
	put(t, c, "answer")
	if c.flush(true) || !s.closed || r.overflows != 1 || !c.Closed() {
		t.Errorf("the socket keeps too much: closed %v, told %d times", s.closed, r.overflows)
	}
	c, s, r = offline(e, &Loop{})
	out := c.Begin()
	out.B = append(out.B, make([]byte, e.opts.MaxOutbound+1)...)
	c.End(false)
	if !s.closed || r.overflows != 1 {
		t.Errorf("too much waits: closed %v, told %d times", s.closed, r.overflows)
	}
	e.release(c)
	c.markClosed()
	if n := e.budget.outbound.Load(); n != int64(e.opts.MaxOutbound+1) { // the first one's, whose loop has not ended it
		t.Errorf("%d bytes stay counted", n)
	}
}

// TestTurnBudget: with few connections that have more to do each has turnBudget, with many a share of turnRound, and
// turnLeast in any case.
func TestTurnBudget(t *testing.T) {
	l := &Loop{}
	for n, want := range map[int]time.Duration{0: turnBudget, 4: turnBudget, 8: turnRound / 8, 1000: turnLeast} {
		l.watched = make([]*Conn, n)
		if got := l.turnBudget(); got != want {
			t.Errorf("%d connections: %v, want %v", n, got, want)
		}
	}
}
