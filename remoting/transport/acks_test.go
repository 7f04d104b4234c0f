package transport

import (
	"context"
	"fmt"
	"testing"
)

// mark is an Acks whose log is safe up to a number.
type mark struct {
	at      int64
	instead map[int64]string // by End: what leaves instead of the answer
	told    []Waits
	over    bool
	asked   []int64
}

func (m *mark) Waits(w Waits) bool {
	m.told = append(m.told, w)
	return m.over
}

func (m *mark) Settle(a *Ack, frame []byte, _ int64) ([]byte, bool) {
	m.asked = append(m.asked, a.End)
	if text, ok := m.instead[a.End]; ok {
		return []byte(text), true
	}
	if want := fmt.Sprintf("<%d>", a.End); string(frame) != want {
		return []byte("wrong frame " + string(frame)), true
	}
	return nil, a.End <= m.at
}

// ackPeer is a connection whose answers wait for m.
func ackPeer(m *mark) peer {
	e := flowEngine(1 << 30)
	e.opts.Acks, e.opts.MaxOutbound = m, 1<<20
	l := &Loop{}
	l.acks.loop, l.acks.engine = l, e
	return newPeer(e, l)
}

// wait answers <end>, which waits.
func (p peer) wait(end int64) {
	out := p.BeginAck()
	out.B = fmt.Appendf(out.B, "<%d>", end)
	p.EndAck(Ack{End: end, Disk: end%2 == 1, Replicas: end%2 == 0}, true)
}

func (p peer) say(text string) {
	out := p.Begin()
	out.B = append(out.B, text...)
	p.End(true)
}

// settle looks what may leave, and returns it.
func (p peer) settle() string {
	p.s.written = p.s.written[:0]
	_ = p.loop.acks.Run(context.Background())
	return string(p.s.written)
}

// TestAcksWait: an answer leaves when the mark has passed it, with those in front of it, once; others do not wait.
func TestAcksWait(t *testing.T) {
	m := &mark{instead: map[int64]string{}}
	p := ackPeer(m)
	for _, end := range []int64{10, 21, 30, 41} {
		p.wait(end)
	}
	if p.say("now"); !p.flush(true) || string(p.s.written) != "now" {
		t.Fatalf("what waits for nothing: %q", p.s.written)
	}
	p.loop.acks.tell()
	p.loop.acks.tell()
	if len(m.told) != 1 || m.told[0] != (Waits{2, 41, 30}) {
		t.Errorf("told %v", m.told)
	}
	for _, c := range []struct {
		at   int64
		want string
	}{{9, ""}, {10, "<10>"}, {29, "<21>"}, {29, ""}, {41, "<30><41>"}, {99, ""}} {
		if m.at = c.at; true {
			if got := p.settle(); got != c.want {
				t.Errorf("at %d: %q, want %q", c.at, got, c.want)
			}
		}
	}
	if asked := len(m.asked); p.settle() != "" || len(m.asked) != asked || len(p.loop.acks.conns) != 0 {
		t.Errorf("asked about answers that have left, %d connections wait", len(p.loop.acks.conns))
	}
	p.wait(50)
	if m.at = 50; p.settle() != "<50>" {
		t.Error("a connection that waited before does not wait again")
	}
}

// TestAcksReplaced: what did not come true leaves as what it is told to be, in its place.
func TestAcksReplaced(t *testing.T) {
	for at, want := range map[int64]string{0: "", 3: "<1><2><3>", 7: "<1><2><3>FOUR<5>SIX<7>"} {
		m := &mark{at: at, instead: map[int64]string{}}
		p := ackPeer(m)
		for end := range int64(7) {
			p.wait(end + 1)
		}
		if at == 7 {
			m.instead[4], m.instead[6] = "FOUR", "SIX"
		}
		p.say("before ")
		if got := p.settle(); got != "before "+want {
			t.Errorf("at %d: %q", at, got)
		}
	}
	m := &mark{instead: map[int64]string{1: "", 2: "x"}}
	p := ackPeer(m)
	p.wait(1)
	p.wait(2)
	if got := p.settle(); got != "x" || p.acks.out != nil || p.acks.listed {
		t.Errorf("%q, listed %v", got, p.acks.listed)
	}
}

// TestAcksOfAClosedConnection: they are gone with it, and nothing of them is counted.
func TestAcksOfAClosedConnection(t *testing.T) {
	m := &mark{}
	p := ackPeer(m)
	for end := range int64(30_000) {
		p.wait(end)
	}
	if n := p.engine.budget.outbound.Load(); n < 64<<10 {
		t.Errorf("%d bytes are counted", n)
	}
	p.markClosed()
	if n := p.engine.budget.outbound.Load(); n != 0 || p.BeginAck() != nil {
		t.Errorf("%d bytes are counted of a closed connection", n)
	}
	if m.at = 1 << 40; p.settle() != "" || len(m.asked) > 0 || len(p.loop.acks.conns) != 0 {
		t.Errorf("asked about %d answers of a closed connection", len(m.asked))
	}
}

// TestManyAcksLeaveOneByOne: what waits is not moved for each answer that leaves, what has left counts no more, and a
// connection does not keep the memory of its busiest moment.
func TestManyAcksLeaveOneByOne(t *testing.T) {
	m := &mark{}
	p := ackPeer(m)
	const all = 60_000
	for end := range int64(all) {
		p.wait(10_000 + end)
	}
	full, moves, gone := len(p.acks.out.B), 0, int64(0)
	for ; gone < all-1; gone += 7 {
		m.at = 10_000 + gone
		before := len(p.acks.list)
		if p.settle(); len(p.acks.list) != before {
			moves++
		}
		if counted, there := p.acks.charge, len(p.acks.out.B)-p.acks.left; counted > 2*there+chargeStep {
			t.Fatalf("%d bytes are counted when %d of %d wait", counted, there, full)
		}
	}
	if moves == 0 || moves > 20 {
		t.Errorf("moved %d times", moves)
	}
	if int64(p.acks.charge) != p.engine.budget.outbound.Load() {
		t.Errorf("the budget counts %d, the connection %d", p.engine.budget.outbound.Load(), p.acks.charge)
	}
	m.at = 1 << 40
	if p.settle(); p.engine.budget.outbound.Load() != 0 || cap(p.acks.list) > keptAcks {
		t.Errorf("behind all: %d bytes, room for %d", p.engine.budget.outbound.Load(), cap(p.acks.list))
	}
}

// TestAcksHaveALimit: a peer whose answers that wait are too many bytes is closed.
func TestAcksHaveALimit(t *testing.T) {
	p := ackPeer(&mark{})
	p.engine.opts.MaxOutbound = 40
	for end := range int64(12) { // 10 of 3 bytes, 2 of 4
		if p.wait(end); p.closed {
			t.Fatalf("closed after %d", end)
		}
	}
	if p.BeginAck() == nil {
		t.Fatal("closed too early")
	}
	p.mu.Unlock()
	if p.wait(12); !p.closed {
		t.Error("beyond its limit, and open")
	}
	m := &mark{}
	p = ackPeer(m)
	p.engine.opts.MaxOutbound = 40
	for end := int64(10); end < 90; end++ { // 4 bytes each, of which 5 wait
		p.wait(end)
		if m.at = end - 5; p.settle() == "" && end > 15 || p.closed {
			t.Fatalf("%d: what has left counts", end)
		}
	}
}

// TestAcksOnAWorker: an answer of another goroutine tells about itself at once.
func TestAcksOnAWorker(t *testing.T) {
	m := &mark{}
	p := ackPeer(m)
	out := p.BeginAck()
	out.B = append(out.B, "<7>"...)
	p.EndAck(Ack{End: 7, Disk: true, Replicas: true}, false)
	if len(m.told) != 1 || m.told[0] != (Waits{1, 7, 7}) || p.loop.acks.turn != (Waits{}) {
		t.Errorf("told %v, %v at the end of the turn", m.told, p.loop.acks.turn)
	}
}
