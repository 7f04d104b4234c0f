package remoting

// headerCache holds the templates of one event loop. A connection costs nothing, and all clients of one library share theirs. Event loop only.
//
// The first 16 bytes of a header choose a set: they hold the request code in what Java, C++ and Go clients send. A template that hits moves up in its set;
// a new one replaces the last, and only at each learnEvery-th miss, so that headers without a common shape (the Go client writes extFields in random order)
// neither cost much nor push out the good ones.
type headerCache struct {
	sets [templateSets]templateSet
}

const (
	templateSets = 16 // a power of two
	templateWays = 4
	headBytes    = 16
	learnEvery   = 8
)

type templateSet struct {
	ways   [templateWays]*headerTemplate // nil behind the last
	misses uint32
}

// trust is what a connection knows about the use of templates for its headers: after maxMisses in a row only one header of retryEvery is tried.
type trust struct{ misses uint8 }

const (
	maxMisses  = 16
	retryEvery = 64
)

// worth tells whether to try the templates.
func (u *trust) worth() bool {
	if u.misses < maxMisses {
		return true
	}
	if u.misses++; u.misses < maxMisses+retryEvery {
		return false
	}
	u.misses = maxMisses
	return true
}

// decode is decodeJSONHeader by way of the templates.
func (h *headerCache) decode(b []byte, c *Command, u *trust) error {
	if len(b) < headBytes || len(b) > maxTemplateText || !u.worth() {
		return decodeJSONHeader(b, c)
	}
	set := h.setOf(b)
	if set.read(b, c) {
		u.misses = 0
		return nil
	}
	u.misses = min(u.misses+1, maxMisses)
	return set.learn(b, c)
}

func (h *headerCache) setOf(b []byte) *templateSet {
	x := (word(b, 0) ^ word(b, 8)) * 0x9E3779B97F4A7C15
	return &h.sets[x>>32%templateSets]
}

func (s *templateSet) read(b []byte, c *Command) bool {
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
func (s *templateSet) learn(b []byte, c *Command) error {
	last := s.free()
	s.misses++
	if s.ways[last] != nil && s.misses%learnEvery != 0 {
		return decodeJSONHeader(b, c)
	}
	t := s.ways[last]
	s.ways[last] = nil
	if t == nil {
		t = new(headerTemplate)
	}
	learned, err := learnHeader(b, c, t)
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
