package compat

import (
	"encoding/json"
	"errors"
	"strconv"
)

// ErrRefCycle says that a $ref points at an object that contains it ("..", "@", "$", or a path to an ancestor).
var ErrRefCycle = errors.New("compat: $ref points at an object around it")

// ErrRefTooLarge says that replacing the $refs of a document would blow it up beyond refLimit.
var ErrRefTooLarge = errors.New("compat: $refs expand to too much text")

// maxRefGrowth is how many times larger than itself a document may become by its references; maxRefBytes caps the result.
// Java shares small attribute maps between topics, a growth of 4 at most.
const (
	maxRefGrowth = 16
	maxRefSlack  = 64 << 10
	maxRefBytes  = 256 << 20
)

var refKey = []byte(`"$ref"`)

func refLimit(size int) int { return min(size*maxRefGrowth+maxRefSlack, maxRefBytes) }

// refNode is one value of a document that holds references.
type refNode struct {
	kind   byte   // '{', '[', 'r' for a reference, 0 for anything else
	raw    []byte // the text of a scalar, the opened path of a reference
	keys   [][]byte
	vals   []*refNode
	parent *refNode
	open   bool // being written now: meeting it again is a cycle
}

// resolveRefs replaces each {"$ref":path} in doc, which is valid JSON.
func resolveRefs(doc []byte) ([]byte, error) {
	p := refParser{src: doc}
	root := p.value(nil)
	w := refWriter{root: root, limit: refLimit(len(doc)), out: make([]byte, 0, len(doc))}
	if err := w.write(root, 0); err != nil {
		return nil, err
	}
	return w.out, nil
}

// refParser builds the tree. Its input is known to be valid, so it checks nothing.
type refParser struct {
	src []byte
	pos int
}

func (p *refParser) next() byte {
	for {
		switch c := p.src[p.pos]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			p.pos++
		default:
			return c
		}
	}
}

func (p *refParser) value(parent *refNode) *refNode {
	n := &refNode{parent: parent}
	switch c := p.next(); c {
	case '{', '[':
		n.kind = c
		p.pos++
		p.children(n)
		n.becomeRef()
	default:
		n.raw = p.scalar()
	}
	return n
}

func (p *refParser) children(n *refNode) {
	for {
		if c := p.next(); c == '}' || c == ']' {
			p.pos++
			return
		}
		if n.kind == '{' {
			n.keys = append(n.keys, p.scalar())
		}
		n.vals = append(n.vals, p.value(n))
	}
}

// scalar takes one string or literal token.
func (p *refParser) scalar() []byte {
	p.next()
	start := p.pos
	if p.src[p.pos] == '"' {
		for p.pos++; p.src[p.pos] != '"'; p.pos++ {
			if p.src[p.pos] == '\\' {
				p.pos++
			}
		}
		p.pos++
		return p.src[start:p.pos]
	}
	for p.pos < len(p.src) && isLiteral(p.src[p.pos]) {
		p.pos++
	}
	return p.src[start:p.pos]
}

// becomeRef marks an object whose only member is "$ref" with a text.
func (n *refNode) becomeRef() {
	if n.kind == '{' && len(n.keys) == 1 && string(n.keys[0]) == string(refKey) &&
		n.vals[0].kind == 0 && len(n.vals[0].raw) > 1 && n.vals[0].raw[0] == '"' {
		n.kind, n.raw = 'r', unquote(n.vals[0].raw)
	}
}

type refWriter struct {
	root  *refNode
	out   []byte
	limit int
}

func (w *refWriter) write(n *refNode, depth int) error {
	if depth > MaxDepth {
		return ErrTooDeep
	}
	if len(w.out) > w.limit {
		return ErrRefTooLarge
	}
	if n.open {
		return ErrRefCycle
	}
	n.open = true
	defer func() { n.open = false }()
	switch n.kind {
	case 'r':
		return w.ref(n, depth)
	case '{', '[':
		return w.container(n, depth)
	}
	w.out = append(w.out, n.raw...)
	return nil
}

func (w *refWriter) ref(n *refNode, depth int) error {
	target := n.resolve(w.root)
	if target == nil {
		w.out = append(w.out, "null"...)
		return nil
	}
	return w.write(target, depth+1)
}

func (w *refWriter) container(n *refNode, depth int) error {
	w.out = append(w.out, n.kind)
	for i, v := range n.vals {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if n.kind == '{' {
			w.out = append(append(w.out, n.keys[i]...), ':')
		}
		if err := w.write(v, depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, n.kind+2) // '{'+2 is '}', '['+2 is ']'
	return nil
}

// resolve finds what the reference n points at, nil when nothing is there.
func (n *refNode) resolve(root *refNode) *refNode {
	switch path := string(n.raw); {
	case path == "@":
		return n.parent
	case path == "..":
		if n.parent == nil {
			return nil
		}
		return n.parent.parent
	case len(path) > 0 && path[0] == '$':
		return root.walk(path[1:])
	default:
		return nil
	}
}

// walk follows steps of the forms .name, ['name'], ["name"] and [3]. A backslash takes the next character as it is: that is how
// fastjson writes names with special characters ($.topicConfigTable.\%RETRY\%g).
func (n *refNode) walk(path string) *refNode {
	for n != nil && path != "" {
		var step string
		var ok bool
		switch path[0] {
		case '.':
			step, path = takeName(path[1:])
		case '[':
			if step, path, ok = takeIndex(path[1:]); !ok {
				return nil
			}
		default:
			return nil
		}
		n = n.child(step)
	}
	return n
}

func takeName(path string) (name, rest string) {
	var b []byte
	for i := 0; i < len(path); i++ {
		switch c := path[i]; c {
		case '.', '[':
			return string(b), path[i:]
		case '\\':
			if i+1 < len(path) {
				i++
			}
			b = append(b, path[i])
		default:
			b = append(b, c)
		}
	}
	return string(b), ""
}

func takeIndex(path string) (name, rest string, ok bool) {
	var b []byte
	var quote byte
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case i == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '\\' && i+1 < len(path):
			i++
			b = append(b, path[i])
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && c == ']':
			return string(b), path[i+1:], true
		default:
			b = append(b, c)
		}
	}
	return "", "", false
}

func (n *refNode) child(step string) *refNode {
	switch n.kind {
	case '[':
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.vals) {
			return n.vals[i]
		}
	case '{':
		for i := len(n.keys) - 1; i >= 0; i-- {
			if keyIs(n.keys[i], step) {
				return n.vals[i]
			}
		}
	}
	return nil
}

func keyIs(raw []byte, name string) bool {
	if string(raw[1:len(raw)-1]) == name {
		return true
	}
	for _, c := range raw {
		if c == '\\' {
			return string(unquote(raw)) == name
		}
	}
	return false
}

// unquote opens a valid JSON string.
func unquote(raw []byte) []byte {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return nil
	}
	return []byte(s)
}
