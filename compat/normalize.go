package compat

import (
	"bytes"
	"errors"
	"fmt"
)

// MaxDepth is how deep objects and arrays may nest in a document read by Normalize. Java's own bodies stay below 10.
const MaxDepth = 64

// ErrTooDeep says that a document nests deeper than MaxDepth.
var ErrTooDeep = errors.New("compat: JSON nests deeper than 64 levels")

// SyntaxError says where a document leaves fastjson's dialect.
type SyntaxError struct {
	Offset int    // byte offset in the document
	Msg    string // what was expected
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("compat: bad JSON at offset %d: %s", e.Offset, e.Msg)
}

// Normalize turns what Java's fastjson 1 and 2 write into JSON by the standard:
//
//   - bare keys ({0:"a"}) are quoted;
//   - object keys ({{"queueId":1}:5}) become a string holding the key's own text;
//   - single-quoted strings and fastjson's extra escapes (\x41, \', \v, \0) are rewritten;
//   - {"$ref":"$.a.b"} is replaced by a copy of what it points at (null when there is nothing there).
//
// A document that needs no change is returned as it is, without a copy; the result may therefore share src's memory.
// The result of a nil error is always valid JSON. Nesting is limited by MaxDepth, growth by the input's size
// (see refLimit). Errors: *SyntaxError, ErrTooDeep, ErrRefCycle, ErrRefTooLarge.
func Normalize(src []byte) ([]byte, error) {
	n := normalizer{src: src}
	if err := n.document(); err != nil {
		return nil, err
	}
	out := n.result()
	if bytes.Contains(out, refKey) {
		return resolveRefs(out)
	}
	return out, nil
}

// normalizer copies src to dst lazily: only a rewritten piece forces the copy of what lies before it.
type normalizer struct {
	src   []byte
	dst   []byte
	pos   int // next byte to look at
	done  int // src[:done] is in dst already
	depth int
}

func (n *normalizer) result() []byte {
	if n.done == 0 {
		return n.src
	}
	return append(n.dst, n.src[n.done:]...)
}

// replace writes text instead of src[from:to].
func (n *normalizer) replace(from, to int, text ...byte) {
	if n.dst == nil {
		n.dst = make([]byte, 0, len(n.src)+len(n.src)/8+16)
	}
	n.dst = append(n.dst, n.src[n.done:from]...)
	n.dst = append(n.dst, text...)
	n.done = to
}

func (n *normalizer) fail(msg string) error { return &SyntaxError{Offset: n.pos, Msg: msg} }

// peek skips white space and gives the next byte, 0 at the end.
func (n *normalizer) peek() byte {
	for n.pos < len(n.src) {
		switch c := n.src[n.pos]; c {
		case ' ', '\t', '\r', '\n':
			n.pos++
		default:
			return c
		}
	}
	return 0
}

func (n *normalizer) document() error {
	if err := n.value(); err != nil {
		return err
	}
	if n.peek(); n.pos != len(n.src) {
		return n.fail("text after the end of the document")
	}
	return nil
}

func (n *normalizer) value() error {
	switch c := n.peek(); c {
	case '{':
		return n.nested(n.object)
	case '[':
		return n.nested(n.array)
	case '"', '\'':
		return n.str(c)
	default:
		return n.literal()
	}
}

func (n *normalizer) nested(body func() error) error {
	if n.depth++; n.depth > MaxDepth {
		return ErrTooDeep
	}
	n.pos++
	err := body()
	n.depth--
	return err
}

func (n *normalizer) object() error {
	if n.peek() == '}' {
		n.pos++
		return nil
	}
	for {
		if err := n.member(); err != nil {
			return err
		}
		switch n.peek() {
		case ',':
			n.pos++
		case '}':
			n.pos++
			return nil
		default:
			return n.fail("want ',' or '}'")
		}
	}
}

func (n *normalizer) member() error {
	if err := n.key(); err != nil {
		return err
	}
	if n.peek() != ':' {
		return n.fail("want ':' after a key")
	}
	n.pos++
	return n.value()
}

func (n *normalizer) array() error {
	if n.peek() == ']' {
		n.pos++
		return nil
	}
	for {
		if err := n.value(); err != nil {
			return err
		}
		switch n.peek() {
		case ',':
			n.pos++
		case ']':
			n.pos++
			return nil
		default:
			return n.fail("want ',' or ']'")
		}
	}
}
