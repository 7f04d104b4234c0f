package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"gorocket/remoting/wire"
)

// peer is a connection whose socket is memory: what comes in is put into in, what goes out is in written.
type peer struct {
	*Conn
	s *script
	r *notes
}

// script is an inbox that says how often it was woken and whether anything is read.
type script struct {
	inbox
	wakes   int
	stopped bool
}

func (s *script) Wake() error { s.wakes++; return nil }
func (s *script) SetReading(on bool) bool {
	s.stopped = !on
	return true
}

// notes keeps the frames that came.
type notes struct {
	fakeReceiver
	frames [][]byte
	bad    []error
	refuse error
}

func (r *notes) Frame(b []byte) error {
	r.frames = append(r.frames, bytes.Clone(b))
	return r.refuse
}
func (r *notes) BadFrame(err error) { r.bad = append(r.bad, err) }

// newPeer is a connection of e on l.
func newPeer(e *Engine, l *Loop) peer {
	s, r := new(script), new(notes)
	return peer{&Conn{sock: s, waker: s, engine: e, loop: l, recv: r}, s, r}
}

// flowEngine is an engine without loops whose connections may keep limit bytes waiting.
func flowEngine(limit int64) *Engine {
	e := engineOf(nil)
	e.opts.MaxFrame, e.opts.FrameTimeout, e.budget.limit = 1<<20, 15*time.Second, limit
	return e
}

// frameOf is a frame of so many bytes behind its length.
func frameOf(n int, fill byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(n)), bytes.Repeat([]byte{fill}, n)...)
}

// turn lets bytes come in and the loop handle them.
func (p peer) turn(now time.Time, b ...byte) error {
	p.s.in = append(p.s.in, b...)
	err := p.readFrames(now)
	if err == nil {
		p.updateFlow(now)
	}
	return err
}

// TestFramesInPieces: whatever stands behind whole frames waits for the rest, is counted, and its time runs from when
// it began to come.
func TestFramesInPieces(t *testing.T) {
	begin := time.UnixMilli(1_000_000)
	frame := frameOf(20, 'x')
	for whole := range 3 {
		for cut := 1; cut < len(frame); cut++ {
			e, l := flowEngine(1<<30), &Loop{}
			p := newPeer(e, l)
			if err := p.turn(begin, append(bytes.Repeat(frame, whole), frame[:cut]...)...); err != nil {
				t.Fatal(err)
			}
			size := 0
			if cut >= 4 {
				size = len(frame)
			}
			if len(p.r.frames) != whole || len(p.s.in) != cut || p.flow.left != cut || p.flow.cut != size ||
				p.flow.since != begin.UnixMilli() || e.budget.inbound.Load() != int64(max(cut, size)) ||
				len(l.watched) != 1 || !l.busy.Load() {
				t.Fatalf("%d whole, %d bytes: %d frames, %d left, %+v, %d counted", whole, cut, len(p.r.frames), len(p.s.in),
					p.flow, e.budget.inbound.Load())
			}
			if err := p.turn(begin.Add(time.Second)); err != nil || p.flow.since != begin.UnixMilli() {
				t.Fatalf("nothing came: the frame began at %d, %v", p.flow.since, err)
			}
			if err := p.turn(begin.Add(2*time.Second), frame[cut:]...); err != nil {
				t.Fatal(err)
			}
			if len(p.r.frames) != whole+1 || len(p.s.in) != 0 || p.flow.since != 0 || p.flow.cut != 0 || p.flow.left != 0 ||
				e.budget.inbound.Load() != 0 || len(l.watched) != 0 || l.busy.Load() {
				t.Fatalf("%d whole, %d bytes and the rest: %d frames, %+v, %d counted", whole, cut, len(p.r.frames), p.flow,
					e.budget.inbound.Load())
			}
		}
	}
}

// TestActivity: a connection counts as active when something comes, not when its loop looks at it.
func TestActivity(t *testing.T) {
	p := newPeer(flowEngine(1<<30), &Loop{})
	for i, c := range []struct {
		in   string
		want int64
	}{{"ab", 1000}, {"", 1000}, {"c", 3000}} {
		if err := p.turn(time.UnixMilli(int64(i+1)*1000), []byte(c.in)...); err != nil || p.LastActive() != c.want {
			t.Errorf("%q: active at %d, %v", c.in, p.LastActive(), err)
		}
	}
}

// TestFrameTime: a frame that is not finished in time ends its connection, a large one has longer, and one that we do
// not read for the moment has all the time.
func TestFrameTime(t *testing.T) {
	begin := time.UnixMilli(1_000_000)
	for _, c := range []struct {
		size, came int
		limit      time.Duration
	}{{100, 50, 15*time.Second + time.Millisecond}, {640 << 10, 50, 25 * time.Second}, {100, 3, 15 * time.Second}} {
		for _, late := range []bool{false, true} {
			e, l := flowEngine(1<<30), &Loop{}
			p := newPeer(e, l)
			if err := p.turn(begin, frameOf(c.size, 'x')[:c.came]...); err != nil {
				t.Fatal(err)
			}
			at := begin.Add(c.limit)
			if late {
				at = at.Add(time.Millisecond)
			}
			e.look(p.Conn, at)
			if p.s.closed != late || (len(p.r.bad) == 1) != late || (e.counts.unfinished.Load() == 1) != late ||
				late && e.budget.inbound.Load() != 0 {
				t.Errorf("%+v, late %v: closed %v, told %v, %d bytes counted", c, late, p.s.closed, p.r.bad,
					e.budget.inbound.Load())
			}
			var bad *wire.FrameError
			if length := int64(c.size); late && (!errors.As(p.r.bad[0], &bad) || bad.Length != length && c.came >= 4 ||
				c.came < 4 && bad.Length != 0) {
				t.Errorf("%+v: %v", c, p.r.bad[0])
			}
			p.flow.paused = true
			if !late {
				if e.look(p.Conn, at.Add(time.Hour)); p.s.closed {
					t.Error("closed for what was not read")
				}
			}
		}
	}
}

// TestLargeFrame: a frame that is larger than smallFrame is put together apart from the socket's buffer, byte for byte,
// and its buffer serves the next one.
func TestLargeFrame(t *testing.T) {
	e, l := flowEngine(1<<30), &Loop{}
	p := newPeer(e, l)
	frame := frameOf(200<<10, 0)
	for i := range frame[4:] {
		frame[4+i] = byte(i * 7)
	}
	small := frameOf(10, 's')
	all := append(append(bytes.Clone(frame), small...), frame...)
	for from := 0; from < len(all); from += 30_000 {
		if err := p.turn(time.Now(), all[from:min(from+30_000, len(all))]...); err != nil {
			t.Fatal(err)
		}
		if n := e.budget.inbound.Load(); n > int64(len(frame)) {
			t.Fatalf("%d bytes are counted", n)
		}
		if p.flow.part != nil && len(p.s.in) > 0 && from < 180_000 {
			t.Fatalf("%d bytes were left in the socket", len(p.s.in))
		}
	}
	if len(p.r.frames) != 3 || !bytes.Equal(p.r.frames[0], frame) || !bytes.Equal(p.r.frames[1], small) ||
		!bytes.Equal(p.r.frames[2], frame) {
		t.Fatalf("%d frames, or others", len(p.r.frames))
	}
	if cap(l.spare) < len(frame) || e.budget.inbound.Load() != 0 || p.flow.part != nil {
		t.Errorf("%d bytes are kept for the next one, %d are counted", cap(l.spare), e.budget.inbound.Load())
	}
	if b := l.buffer(len(frame)); cap(b) < len(frame) || len(b) != 0 || l.spare != nil {
		t.Error("the buffer that was kept is not used")
	}
	l.giveBack(make([]byte, 0, largeSpare+1))
	if l.spare != nil {
		t.Error("a buffer larger than largeSpare is kept")
	}
	l.giveBack(make([]byte, 0, largeSpare))
	l.giveBack(make([]byte, 0, 100))
	if cap(l.spare) != largeSpare {
		t.Errorf("of two buffers the one of %d bytes is kept", cap(l.spare))
	}
}

// TestNoRoomForAFrame: a large frame without room in the budget is not read on until there is, and small ones come
// through all the same.
func TestNoRoomForAFrame(t *testing.T) {
	e, l := flowEngine(300<<10), &Loop{}
	first, second, third := newPeer(e, l), newPeer(e, l), newPeer(e, l)
	large := frameOf(200<<10, 'l')
	if err := first.turn(time.Now(), large[:1000]...); err != nil || first.s.stopped || first.flow.starved {
		t.Fatal(first.flow, err)
	}
	if err := second.turn(time.Now(), large[:1000]...); err != nil {
		t.Fatal(err)
	}
	if !second.s.stopped || !second.flow.starved || !second.flow.paused || e.budget.starved.Load() != 1 ||
		e.budget.inbound.Load() != int64(len(large)+1000) || e.counts.paused.Load() != 1 {
		t.Errorf("no room: %+v; %d counted, %d starved", second.flow, e.budget.inbound.Load(), e.budget.starved.Load())
	}
	e.look(second.Conn, time.Now())
	if !second.s.stopped || e.counts.paused.Load() != 1 || e.budget.starved.Load() != 1 {
		t.Error("read on, or counted again, without room")
	}
	if err := third.turn(time.Now(), frameOf(1000, 's')[:500]...); err != nil || third.s.stopped {
		t.Errorf("a small frame waits for room: %+v, %v", third.flow, err)
	}
	if err := first.turn(time.Now(), large[1000:]...); err != nil || len(first.r.frames) != 1 {
		t.Fatalf("%d frames, %v", len(first.r.frames), err)
	}
	later := time.Now().Add(time.Hour)
	e.look(second.Conn, later)
	if second.s.stopped || second.flow.starved || second.flow.paused || e.budget.starved.Load() != 0 ||
		second.flow.since != later.UnixMilli() {
		t.Errorf("there is room: %+v", second.flow)
	}
	if err := second.turn(later, large[1000:]...); err != nil || len(second.r.frames) != 1 ||
		!bytes.Equal(second.r.frames[0], large) {
		t.Errorf("%d frames, %v", len(second.r.frames), err)
	}
	e.release(third.Conn)
	e.release(third.Conn)
	if n := e.budget.used(); n != 0 {
		t.Errorf("%d bytes stay counted", n)
	}
}

// TestPeerThatDoesNotRead: its requests wait until it has read, and it is looked at again.
func TestPeerThatDoesNotRead(t *testing.T) {
	e, l := flowEngine(1<<30), &Loop{}
	p := newPeer(e, l)
	p.s.buffered = backlogLimit + 1
	p.updateUnsent()
	if e.budget.outbound.Load() != backlogLimit+1 || p.Backlog() != backlogLimit+1 || p.s.wakes != 1 {
		t.Errorf("%d bytes counted, backlog %d, woken %d times", e.budget.outbound.Load(), p.Backlog(), p.s.wakes)
	}
	if err := p.turn(time.Now(), frameOf(10, 'x')...); err != nil || len(p.r.frames) != 0 || !p.flow.more ||
		!p.flow.timer || !p.s.stopped {
		t.Errorf("served: %d frames, %+v, %v", len(p.r.frames), p.flow, err)
	}
	if d := p.flow.delay(p.Conn); d != 5*time.Millisecond {
		t.Errorf("looks again after %v", d)
	}
	p.s.buffered = backlogLimit
	if err := p.turn(time.Now()); err != nil || len(p.r.frames) != 1 || p.flow.more || p.s.stopped {
		t.Errorf("it has read: %d frames, %+v, %v", len(p.r.frames), p.flow, err)
	}
	p.s.buffered = 0
	p.updateUnsent()
	if d := p.flow.delay(p.Conn); d != 0 || e.budget.used() != 0 || len(l.watched) != 0 {
		t.Errorf("all is read: looks again after %v, %d counted, %d watched", d, e.budget.used(), len(l.watched))
	}
}

// TestBadFrames: what the receiver refuses, and a length that cannot be, end the turn, and frames before it were
// handled.
func TestBadFrames(t *testing.T) {
	good := frameOf(10, 'g')
	for _, before := range []int{0, 1, 2} {
		p := newPeer(flowEngine(1<<30), &Loop{})
		p.engine.opts.MaxOutbound = 1 << 20
		p.s.in = append(bytes.Repeat(good, before), 0, 0, 0, 1)
		if p.traffic() || len(p.r.frames) != before || len(p.r.bad) != 1 {
			t.Errorf("%d before: %d frames, told %v", before, len(p.r.frames), p.r.bad)
		}
		p = newPeer(flowEngine(1<<30), &Loop{})
		p.r.refuse = errors.New("no")
		p.s.in = bytes.Repeat(good, before+1)
		if p.traffic() || len(p.r.frames) != 1 || len(p.r.bad) != 1 || p.r.bad[0] != p.r.refuse {
			t.Errorf("refused: %d frames, told %v", len(p.r.frames), p.r.bad)
		}
		p = newPeer(flowEngine(1<<30), &Loop{})
		p.s.in = bytes.Repeat(good, before)
		if !p.traffic() || len(p.r.frames) != before || len(p.r.bad) != 0 {
			t.Errorf("%d good ones: %d frames, told %v", before, len(p.r.frames), p.r.bad)
		}
	}
}

// TestShed: when others need the memory, those that have read or sent nothing for the longest time are closed first,
// until half of it is free; who does its part stays.
func TestShed(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	e, l := flowEngine(1000), &Loop{}
	unread := func(bytes int64, ago time.Duration) peer {
		p := newPeer(e, l)
		p.unsent.Store(bytes)
		e.budget.outbound.Add(bytes)
		p.flow.progress = now.Add(-ago).UnixMilli()
		l.watch(p.Conn)
		return p
	}
	unsent := func(bytes int64, ago time.Duration) peer {
		p := newPeer(e, l)
		p.flow.held = bytes
		e.budget.inbound.Add(bytes)
		p.lastActive.Store(now.Add(-ago).UnixMilli())
		l.watch(p.Conn)
		return p
	}
	fresh := unread(100, slowAfter-time.Millisecond)
	reads := []peer{unread(300, 2*time.Second), unread(300, 3*time.Second), unread(300, time.Second)}
	quick := unsent(100, stallAfter-time.Millisecond)
	sends := []peer{unsent(300, 5*time.Second), unsent(300, stallAfter)}
	e.shed(l, now.UnixMilli()) // 1700 are used; each takes 300, unread answers first: 1400, 1100, 800, 500
	for i, want := range []bool{true, true, true, true, false} {
		p := append(reads, sends...)[i]
		if p.s.closed != want || (p.r.overflows == 1) != want {
			t.Errorf("number %d: closed %v, told %d times", i, p.s.closed, p.r.overflows)
		}
	}
	if fresh.s.closed || quick.s.closed || e.budget.used() != 500 || e.counts.slow.Load() != 4 {
		t.Errorf("who did its part: closed %v and %v; %d bytes, %d closed", fresh.s.closed, quick.s.closed, e.budget.used(),
			e.counts.slow.Load())
	}
	if n := len(l.watched); n != 3 {
		t.Errorf("%d are watched", n)
	}
}

// TestShedTheLongestFirst: with little to free, only the one that has read nothing for the longest time goes.
func TestShedTheLongestFirst(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	e, l := flowEngine(1000), &Loop{}
	var all []peer
	for _, ago := range []time.Duration{2, 4, 3} {
		p := newPeer(e, l)
		p.unsent.Store(250)
		e.budget.outbound.Add(250)
		p.flow.progress = now.Add(-ago * time.Second).UnixMilli()
		l.watch(p.Conn)
		all = append(all, p)
	}
	e.shed(l, now.UnixMilli())
	if all[0].s.closed || !all[1].s.closed || all[2].s.closed {
		t.Errorf("closed: %v, %v, %v", all[0].s.closed, all[1].s.closed, all[2].s.closed)
	}
}

// TestShedStarved: when those that wait for room take half of the budget with what one read brought of each, the ones
// that have waited the longest go, until it is less.
func TestShedStarved(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	for _, c := range []struct {
		limit int64
		gone  []bool
	}{{8 * leastRead, []bool{false, false, false, false}}, {8*leastRead - 2, []bool{false, true, false, false}},
		{5 * leastRead, []bool{false, true, true, false}}, {leastRead, []bool{true, true, true, true}}} {
		e, l := flowEngine(c.limit), &Loop{}
		e.opts.ReadBuffer = 0
		var all []peer
		for _, ago := range []time.Duration{2, 4, 3, 1} {
			p := newPeer(e, l)
			p.flow.starved, p.flow.paused, p.flow.since = true, true, now.Add(-ago*time.Second).UnixMilli()
			e.budget.starved.Add(1)
			l.watch(p.Conn)
			all = append(all, p)
		}
		other := newPeer(e, l)
		l.watch(other.Conn)
		e.shedStarved(l)
		gone := int64(0)
		for i, p := range all {
			if p.s.closed != c.gone[i] || (p.r.overflows == 1) != c.gone[i] {
				t.Errorf("of %d: number %d closed %v, told %d times", c.limit, i, p.s.closed, p.r.overflows)
			}
			if p.s.closed {
				gone++
			}
		}
		if other.s.closed || e.counts.slow.Load() != gone || e.budget.starved.Load() != 4-gone {
			t.Errorf("of %d: %d closed and %d counted, %d still wait", c.limit, gone, e.counts.slow.Load(), e.budget.starved.Load())
		}
	}
}

// TestBudget: what has room and what presses.
func TestBudget(t *testing.T) {
	b := &Budget{limit: 100}
	if !b.reserve(60) || b.reserve(41) || !b.Queue(40) || b.Queue(1) || b.over() || b.pressed() {
		t.Errorf("%d of 100 are used", b.used())
	}
	if b.backlog() != tightBacklog {
		t.Error("more than half is used, and peers may leave as much unread as ever")
	}
	if b.outbound.Add(1); !b.over() || !b.pressed() {
		t.Error("101 of 100 are not too much")
	}
	b.outbound.Add(-1)
	b.Unqueue(40)
	if b.starved.Store(1); !b.pressed() {
		t.Error("somebody waits for room, more than half is used, and nothing presses")
	}
	if b.inbound.Add(-10); b.pressed() || b.used() != 50 || b.backlog() != backlogLimit {
		t.Errorf("half is used: pressed %v, backlog %d", b.pressed(), b.backlog())
	}
}

// TestCorkAndWake: an answer wakes the loop once, not while the loop is at it anyway, and not while it is kept back.
func TestCorkAndWake(t *testing.T) {
	p := newPeer(flowEngine(1<<30), &Loop{})
	answer := func(onLoop bool) int {
		p.s.wakes = 0
		out := p.Begin()
		out.B = append(out.B, 'x')
		p.End(onLoop)
		return p.s.wakes
	}
	if n := answer(true); n != 0 {
		t.Errorf("an answer on the loop wakes it %d times", n)
	}
	if a, b := answer(false), answer(false); a != 1 || b != 0 {
		t.Errorf("two answers wake it %d and %d times", a, b)
	}
	if !p.flush(true) || string(p.s.written) != "xxx" || p.hasOutput() {
		t.Errorf("written: %q", p.s.written)
	}
	p.Cork()
	if n := answer(false); n != 0 {
		t.Errorf("an answer that is kept back wakes it %d times", n)
	}
	p.s.wakes = 0
	if p.Uncork(); p.s.wakes != 1 {
		t.Errorf("woken %d times", p.s.wakes)
	}
	p.flush(true)
	p.s.wakes = 0
	if p.Uncork(); p.s.wakes != 0 || p.woken {
		t.Errorf("nothing waits: woken %d times", p.s.wakes)
	}
	if n := answer(false); n != 1 {
		t.Errorf("the next answer wakes it %d times", n)
	}
}

// TestWaitingAnswersAreCounted: answers beyond chargeStep take part in the budget until they are written.
func TestWaitingAnswersAreCounted(t *testing.T) {
	e := flowEngine(1 << 30)
	p := newPeer(e, &Loop{})
	put := func(n int) {
		out := p.Begin()
		out.B = append(out.B, make([]byte, n)...)
		p.End(false)
	}
	if put(chargeStep - 1); e.budget.outbound.Load() != 0 {
		t.Errorf("%d counted", e.budget.outbound.Load())
	}
	if put(1); e.budget.outbound.Load() != chargeStep || p.Backlog() != chargeStep {
		t.Errorf("%d counted", e.budget.outbound.Load())
	}
	if put(chargeStep - 1); e.budget.outbound.Load() != chargeStep {
		t.Errorf("%d counted", e.budget.outbound.Load())
	}
	if put(1); e.budget.outbound.Load() != 2*chargeStep {
		t.Errorf("%d counted", e.budget.outbound.Load())
	}
	if p.flush(true); e.budget.outbound.Load() != 0 || p.charge != 0 {
		t.Errorf("written, and %d counted", e.budget.outbound.Load())
	}
	put(2 * chargeStep)
	if p.markClosed(); e.budget.outbound.Load() != 0 || p.Begin() != nil {
		t.Errorf("closed, and %d counted", e.budget.outbound.Load())
	}
}

// TestFlushLooksWhatIsUnsent: a turn without an answer finds out what the peer has read meanwhile, on an open
// connection only.
func TestFlushLooksWhatIsUnsent(t *testing.T) {
	for _, closed := range []bool{false, true} {
		e := flowEngine(1 << 30)
		p := newPeer(e, &Loop{})
		p.s.buffered = 500
		p.updateUnsent()
		p.s.buffered, p.closed = 100, closed
		want := int64(100)
		if closed {
			want = 500
		}
		if open := p.flush(true); open == closed || p.unsent.Load() != want {
			t.Errorf("closed %v: open %v, %d bytes unsent", closed, open, p.unsent.Load())
		}
	}
}

// TestSlow: who does not read is slow after slowAfter, who does not send after stallAfter, unless nobody reads from him.
func TestSlow(t *testing.T) {
	const now = 1_000_000_000
	for _, c := range []struct {
		unsent int64
		paused bool
		ago    time.Duration
		want   bool
	}{{1, false, slowAfter, true}, {1, false, slowAfter - time.Millisecond, false}, {1, true, slowAfter, true},
		{0, false, stallAfter, true}, {0, false, stallAfter - time.Millisecond, false}, {0, true, stallAfter, false},
		{0, true, 0, false}} {
		p := newPeer(flowEngine(1000), &Loop{})
		p.unsent.Store(c.unsent)
		p.flow.paused, p.flow.progress = c.paused, now-c.ago.Milliseconds()
		p.lastActive.Store(now - c.ago.Milliseconds())
		if got := p.slow(now); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestHoldsTheSame: a connection that wants no more than it has needs no room.
func TestHoldsTheSame(t *testing.T) {
	e := flowEngine(1000)
	f := &flow{held: smallFrame + 1}
	e.budget.inbound.Add(5000)
	if e.hold(f, f.held); f.starved || e.budget.starved.Load() != 0 || e.budget.inbound.Load() != 5000 {
		t.Errorf("starved %v, %d bytes", f.starved, e.budget.inbound.Load())
	}
	if e.hold(f, f.held+1); !f.starved || e.budget.starved.Load() != 1 {
		t.Error("one byte more without room is taken")
	}
}

// TestGoneConnectionHoldsNothing: a connection that a frame's handler ended counts nothing of what it left, and is not
// watched.
func TestGoneConnectionHoldsNothing(t *testing.T) {
	e, l := flowEngine(1<<30), &Loop{}
	p := newPeer(e, l)
	p.s.in = append(frameOf(20, 'x'), frameOf(50, 'y')[:30]...)
	p.recv = &ending{notes: p.r, then: func() { e.release(p.Conn) }}
	p.traffic()
	if n := e.budget.inbound.Load(); n != 0 || len(l.watched) != 0 || l.busy.Load() {
		t.Errorf("%d bytes are counted, %d connections watched", n, len(l.watched))
	}
	p = newPeer(e, l)
	p.s.in, p.r.refuse = frameOf(20, 'x'), errors.New("no frame")
	if p.traffic() || len(p.r.bad) != 1 || e.budget.inbound.Load() != 0 || len(l.watched) != 0 {
		t.Errorf("a bad frame: told %v, %d bytes are counted, %d connections watched", p.r.bad, e.budget.inbound.Load(),
			len(l.watched))
	}
}

// ending is a receiver behind whose frames something happens.
type ending struct {
	*notes
	then func()
}

func (r *ending) Frame(b []byte) error {
	defer r.then()
	return r.notes.Frame(b)
}

// TestFlushBehindAFailedBarrier: nothing is written, and the connection is told to be closed.
func TestFlushBehindAFailedBarrier(t *testing.T) {
	fail := false
	e := engineOf(func(int64) error {
		if fail {
			return errors.New("disk")
		}
		return nil
	})
	for _, fail = range []bool{false, true} {
		c, s, _ := offline(e, &Loop{})
		put(t, c, "answer")
		c.Barrier(1)
		if c.flush(true) == fail || s.closed != fail || (s.writes > 0) == fail {
			t.Errorf("fails %v: closed %v, %d writes", fail, s.closed, s.writes)
		}
	}
}

// TestBacklogCounts: what the socket keeps and what waits to be written both count, and a peer that has not read all is
// looked at again.
func TestBacklogCounts(t *testing.T) {
	p := newPeer(flowEngine(1<<30), &Loop{})
	if n := p.Backlog(); n != 0 || p.s.wakes != 0 {
		t.Errorf("%d bytes, woken %d times", n, p.s.wakes)
	}
	put(t, p.Conn, "answer")
	before := p.s.wakes
	if n := p.Backlog(); n != 6 || p.s.wakes != before {
		t.Errorf("%d bytes, woken %d times", n, p.s.wakes-before)
	}
	p.unsent.Store(100)
	if n := p.Backlog(); n != 106 || p.s.wakes != before+1 {
		t.Errorf("%d bytes, woken %d times", n, p.s.wakes-before)
	}
	p.abort()
	if n := p.Backlog(); n < 100 || p.s.wakes != before+1 {
		t.Errorf("closed: %d bytes, woken %d times", n, p.s.wakes-before)
	}
}

// TestLookEndsTheWatch: a connection on which nothing waits any more is not looked at again; one that is stopped because
// its peer does not read stays stopped.
func TestLookEndsTheWatch(t *testing.T) {
	e, l, now := flowEngine(1<<30), &Loop{}, time.UnixMilli(1_000_000)
	p := newPeer(e, l)
	if err := p.turn(now, frameOf(20, 'x')[:10]...); err != nil || len(l.watched) != 1 {
		t.Fatalf("%v, %d are watched", err, len(l.watched))
	}
	p.s.in = nil // as if the rest had come and gone
	p.flow.left, p.flow.cut, p.flow.since, p.flow.held = 0, 0, 0, 0
	e.look(p.Conn, now)
	if len(l.watched) != 0 || l.busy.Load() || p.flow.place != 0 {
		t.Errorf("%d are watched, busy %v", len(l.watched), l.busy.Load())
	}
	q := newPeer(e, l)
	q.flow.paused, q.s.stopped = true, false
	q.noteUnsent(500, 0)
	if !q.s.stopped || q.unsent.Load() != 500 || e.budget.outbound.Load() != 500 || len(l.watched) != 1 ||
		q.flow.progress == 0 {
		t.Errorf("stopped %v, %d unsent, %d counted, %d watched", q.s.stopped, q.unsent.Load(), e.budget.outbound.Load(),
			len(l.watched))
	}
	q.flow.progress = 0
	q.noteUnsent(700, 500)
	if q.flow.progress != 0 || e.budget.outbound.Load() != 700 {
		t.Errorf("more waits: progress %d, %d counted", q.flow.progress, e.budget.outbound.Load())
	}
	q.noteUnsent(600, 700)
	if q.flow.progress == 0 || e.budget.outbound.Load() != 600 {
		t.Errorf("less waits: progress %d, %d counted", q.flow.progress, e.budget.outbound.Load())
	}
}

// TestShedAnswersFirst: who does not read its answers goes before who does not send its frame, whichever is watched
// first and however long each has waited.
func TestShedAnswersFirst(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	for _, order := range []string{"rs", "sr", "srs", "rsr", "ssr", "srr"} {
		e, l := flowEngine(int64(500*len(order)-200)), &Loop{}
		var readers, senders []peer
		for i, kind := range order {
			p := newPeer(e, l)
			if kind == 'r' {
				p.unsent.Store(250)
				e.budget.outbound.Add(250)
				p.flow.progress = now.Add(-2 * time.Second).UnixMilli()
				readers = append(readers, p)
			} else {
				p.flow.held = 250
				e.budget.inbound.Add(250)
				p.lastActive.Store(now.Add(-time.Duration(i+10) * time.Second).UnixMilli())
				senders = append(senders, p)
			}
			l.watch(p.Conn)
		}
		e.shed(l, now.UnixMilli()) // one has to go
		gone := 0
		for _, p := range readers {
			if p.s.closed {
				gone++
			}
		}
		for _, p := range senders {
			if p.s.closed {
				t.Errorf("%s: one that sends nothing went", order)
			}
		}
		if gone != 1 {
			t.Errorf("%s: %d that read nothing went", order, gone)
		}
	}
}
