package transport

import (
	"encoding/binary"
	"testing"
	"time"
)

// inbox is a fakeSocket with bytes that came in.
type inbox struct {
	fakeSocket
	in []byte
}

func (s *inbox) Unread() int { return len(s.in) }
func (s *inbox) Peek(n int) ([]byte, error) {
	if n < 0 {
		n = len(s.in)
	}
	return s.in[:n], nil
}
func (s *inbox) Discard(n int) (int, error) {
	s.in = s.in[n:]
	return n, nil
}

// slowReceiver takes a millisecond for a frame.
type slowReceiver struct {
	fakeReceiver
	frames int
}

func (r *slowReceiver) Frame([]byte) error {
	r.frames++
	for end := time.Now().Add(time.Millisecond); time.Now().Before(end); {
	}
	return nil
}

// TestTurnEnds: a turn whose budget is used ends after clockEvery frames, or clockBytes of them; what is left is for
// the next one.
func TestTurnEnds(t *testing.T) {
	const frames = 200
	for size, most := range map[int]int{8: clockEvery + 1, 20 << 10: 3} {
		frame := binary.BigEndian.AppendUint32(nil, uint32(size))
		frame = append(frame, make([]byte, size)...)
		s, r := new(inbox), new(slowReceiver)
		for range frames {
			s.in = append(s.in, frame...)
		}
		e := engineOf(nil)
		e.opts.MaxFrame = 1 << 20
		c := &Conn{sock: s, waker: s, engine: e, loop: &Loop{}, recv: r}
		if err := c.readRest(time.Now(), 1<<20); err != nil {
			t.Fatal(err)
		}
		if r.frames < 1 || r.frames > most || !c.flow.more {
			t.Errorf("frames of %d bytes: %d in one turn, most %d; more: %v", size, r.frames, most, c.flow.more)
		}
		if left := len(s.in) / len(frame); left != frames-r.frames || len(s.in)%len(frame) != 0 {
			t.Errorf("frames of %d bytes: %d handled, %d left", size, r.frames, left)
		}
	}
}
