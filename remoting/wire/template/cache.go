package template

import (
	"encoding/binary"

	"gorocket/remoting/wire"
)

// requestCache holds the templates of one event loop. A connection costs nothing, and all clients of one library share
// theirs. Event loop only.
//
// The first 16 bytes of a JSON header choose a set: they hold the request code in what Java, C++ and Go clients send.
// A template that hits moves up in its set; a new one replaces the last, and only at each learnEvery-th miss, so that
// headers without a common shape (the Go client writes extFields in random order) neither cost much nor push out the
// good ones.
type requestCache struct {
	sets [templateSets]templateSet
}

const (
	templateSets = 16 // a power of two
	templateWays = 4
	headBytes    = 16
	learnEvery   = 8
)

type templateSet struct {
	ways   [templateWays]*requestTemplate // nil behind the last
	misses uint32
}

// decode reads a header in the form c.Serialize by way of the templates.
func (h *requestCache) decode(b []byte, c *wire.Command, u *Backoff) error {
	if c.Serialize > wire.SerializeBinary || len(b) < headBytes || len(b) > maxTemplateText || !u.try() {
		return wire.DecodeHeader(b, c)
	}
	set := h.setOf(c.Serialize, b)
	if set.read(b, c) {
		u.hit()
		return nil
	}
	u.miss()
	return set.learn(b, c)
}

// setOf chooses a set by the head of a JSON header, by code and length of a binary one.
func (h *requestCache) setOf(form wire.SerializeType, b []byte) *templateSet {
	x := uint64(b[0])<<16 | uint64(b[1])<<8 | uint64(len(b))<<24
	if form == wire.SerializeJSON {
		x = binary.LittleEndian.Uint64(b) ^ binary.LittleEndian.Uint64(b[8:])
	}
	return &h.sets[x*0x9E3779B97F4A7C15>>32%templateSets]
}

func (s *templateSet) read(b []byte, c *wire.Command) bool {
	for i, t := range s.ways {
		if t == nil {
			return false
		}
		if t.read(b, c) {
			if i > 0 {
				s.ways[i-1], s.ways[i] = t, s.ways[i-1]
			}
			return true
		}
	}
	return false
}

// learn reads b the long way, and makes it a template if it is its turn.
func (s *templateSet) learn(b []byte, c *wire.Command) error {
	last := s.free()
	s.misses++
	if s.ways[last] != nil && s.misses%learnEvery != 0 {
		return wire.DecodeHeader(b, c)
	}
	t := s.ways[last]
	s.ways[last] = nil
	if t == nil {
		t = new(requestTemplate)
	}
	learned, err := t.learn(b, c)
	if learned {
		s.ways[last] = t
	}
	return err
}

// free returns the first way without a template, or the last one.
func (s *templateSet) free() int {
	for i, t := range s.ways {
		if t == nil {
			return i
		}
	}
	return templateWays - 1
}
