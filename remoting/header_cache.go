package remoting

// headerCache holds the templates of one event loop. A connection costs nothing, and all clients of one library share theirs. Event loop only.
//
// The first 16 bytes of a JSON header choose a set: they hold the request code in what Java, C++ and Go clients send. A template that hits moves up in its set;
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

// decode reads a header in the form c.Serialize by way of the templates.
func (h *headerCache) decode(b []byte, c *Command, u *trust) error {
	if len(b) < headBytes || len(b) > maxTemplateText || !u.worth() {
		return decodeHeader(b, c)
	}
	set := h.setOf(c.Serialize, b)
	if set.read(b, c) {
		u.misses = 0
		return nil
	}
	u.misses = min(u.misses+1, maxMisses)
	return set.learn(b, c)
}

// setOf chooses a set by the head of a JSON header, by code and length of a binary one.
func (h *headerCache) setOf(form SerializeType, b []byte) *templateSet {
	x := uint64(b[0])<<16 | uint64(b[1])<<8 | uint64(len(b))<<24
	if form == SerializeJSON {
		x = word(b, 0) ^ word(b, 8)
	}
	return &h.sets[x*0x9E3779B97F4A7C15>>32%templateSets]
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
		return decodeHeader(b, c)
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
