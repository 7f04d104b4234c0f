package compat

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
)

// ErrRefCycle says that a $ref points at an object that contains it ("..", "@", "$", or a path to an ancestor).
var ErrRefCycle = errors.New("compat: $ref points at an object around it")

// ErrRefTooLarge says that replacing the $refs of a document would blow it up beyond refLimit, or cost more work than
// that.
var ErrRefTooLarge = errors.New("compat: $refs expand to too much text")

// maxRefGrowth is how many times larger than itself a document may become by its references; maxRefBytes caps the
// result. Java shares small attribute maps between topics, a growth of 4 at most.
const (
	maxRefGrowth = 16
	maxRefSlack  = 64 << 10
	maxRefBytes  = 256 << 20
)

var refKey = []byte(`"$ref"`)

// refLimit is the most bytes that a document of size bytes may become, and the most work that this may take: values
// visited and bytes of paths followed.
func refLimit(size int) int { return min(size*maxRefGrowth+maxRefSlack, maxRefBytes) }

// none is the index of no node.
const none = -1

// refNode is one value of a document that holds references: 32 bytes, because a document may have a value for each
// two bytes.
type refNode struct {
	kind        byte  // '{', '[', 'r' for a reference, 0 for anything else
	open        bool  // being written now: meeting it again is a cycle
	start, end  int32 // the text of a scalar in the document; of a reference: start is its place in refDoc.paths
	key, keyEnd int32 // the member's name in the document with its quotes; equal for items of lists
	parent      int32 // index of the container, none for the root
	// indexes of a container's first value and of the next value in the same container, none at the end
	first, sibling int32
}

// refDoc is a document as a flat list of its values; node 0 is the root.
type refDoc struct {
	src   []byte
	pos   int // where the parser is
	nodes []refNode
	paths []string // of the references, opened
	index map[int32]refIndex
}

// resolveRefs replaces each {"$ref":path} in doc, which is valid JSON.
func resolveRefs(doc []byte) ([]byte, error) {
	if len(doc) > math.MaxInt32 {
		return nil, ErrRefTooLarge
	}
	d := &refDoc{src: doc, index: map[int32]refIndex{}}
	d.value(none, 0, 0)
	w := refWriter{refDoc: d, limit: refLimit(len(doc)), out: make([]byte, 0, len(doc))}
	if err := w.write(0, 0); err != nil {
		return nil, err
	}
	return w.out, nil
}

func (d *refDoc) next() byte {
	for {
		switch c := d.src[d.pos]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			d.pos++
		default:
			return c
		}
	}
}

// value parses one value and returns its index. The text is known to be valid, so nothing is checked.
func (d *refDoc) value(parent int32, key, keyEnd int) int32 {
	at := int32(len(d.nodes))
	d.nodes = append(d.nodes, refNode{key: int32(key), keyEnd: int32(keyEnd), parent: parent, first: none,
		sibling: none})
	switch c := d.next(); c {
	case '{', '[':
		d.pos++
		d.nodes[at].kind = c
		d.children(at, c)
		d.becomeRef(at)
	default:
		start, end := d.scalar()
		d.nodes[at].start, d.nodes[at].end = int32(start), int32(end)
	}
	return at
}

func (d *refDoc) children(of int32, kind byte) {
	last := int32(none)
	for {
		if c := d.next(); c == '}' || c == ']' {
			d.pos++
			return
		}
		key, keyEnd := 0, 0
		if kind == '{' {
			key, keyEnd = d.scalar()
		}
		child := d.value(of, key, keyEnd)
		if last == none {
			d.nodes[of].first = child
		} else {
			d.nodes[last].sibling = child
		}
		last = child
	}
}

// scalar takes one string or literal token.
func (d *refDoc) scalar() (start, end int) {
	d.next()
	start = d.pos
	if d.src[d.pos] == '"' {
		for d.pos++; d.src[d.pos] != '"'; d.pos++ {
			if d.src[d.pos] == '\\' {
				d.pos++
			}
		}
		d.pos++
		return start, d.pos
	}
	for d.pos < len(d.src) && isLiteral(d.src[d.pos]) {
		d.pos++
	}
	return start, d.pos
}

// becomeRef marks an object whose only member is "$ref" with a text.
func (d *refDoc) becomeRef(at int32) {
	n := &d.nodes[at]
	if n.kind != '{' || n.first == none {
		return
	}
	v := d.nodes[n.first]
	if v.sibling != none || v.kind != 0 || d.src[v.start] != '"' || !bytes.Equal(d.src[v.key:v.keyEnd], refKey) {
		return
	}
	n.kind, n.start = 'r', int32(len(d.paths))
	d.paths = append(d.paths, unquote(d.src[v.start:v.end]))
}

// refWriter writes a refDoc with its references replaced.
type refWriter struct {
	*refDoc
	out   []byte
	work  int // values visited and bytes of paths followed
	limit int // of out and of work
}

func (w *refWriter) write(at int32, depth int) error {
	if depth > MaxDepth {
		return ErrTooDeep
	}
	if w.work++; w.work > w.limit || len(w.out) > w.limit {
		return ErrRefTooLarge
	}
	n := &w.nodes[at]
	if n.open {
		return ErrRefCycle
	}
	n.open = true
	defer func() { n.open = false }()
	switch n.kind {
	case 'r':
		return w.ref(at, depth)
	case '{', '[':
		return w.container(n, depth)
	}
	w.out = append(w.out, w.src[n.start:n.end]...)
	return nil
}

func (w *refWriter) ref(at int32, depth int) error {
	w.work += len(w.paths[w.nodes[at].start])
	target := w.resolve(at)
	if target == none {
		w.out = append(w.out, "null"...)
		return nil
	}
	return w.write(target, depth+1)
}

func (w *refWriter) container(n *refNode, depth int) error {
	w.out = append(w.out, n.kind)
	for v := n.first; v != none; v = w.nodes[v].sibling {
		if v != n.first {
			w.out = append(w.out, ',')
		}
		if n.kind == '{' {
			w.out = append(append(w.out, w.src[w.nodes[v].key:w.nodes[v].keyEnd]...), ':')
		}
		if err := w.write(v, depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, n.kind+2) // '{'+2 is '}', '['+2 is ']'
	return nil
}

// unquote opens a valid JSON string.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
