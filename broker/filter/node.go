package filter

import "strings"

// node is a part of a compiled expression. Nodes are immutable after Compile and safe for concurrent use.
// Java: org.apache.rocketmq.filter.expression.Expression.
type node interface {
	// eval computes the node for one message. It does not allocate.
	eval(m message) value
	// print writes Java's toString.
	print(t *printer)
	// height is how deep the tree below is, for the limit maxHeight.
	height() int
}

// maxHeight is how high the tree of an expression may grow; a level of brackets adds up to four.
const maxHeight = 4 * MaxDepth

// tall holds the height of a node with others below it.
type tall struct{ levels int }

func (t tall) height() int { return t.levels }

// over is the height of a node over others.
func over(below ...node) tall {
	levels := 0
	for _, n := range below {
		levels = max(levels, n.height())
	}
	return tall{levels + 1}
}

// checked refuses a tree that has become too high.
func checked(n node) (node, error) {
	if n.height() > maxHeight {
		return nil, errTooDeep()
	}
	return n, nil
}

// isBoolean tells whether a node is a condition. Properties are none until asBoolean makes them one; NULL is, as TRUE
// and FALSE are.
func isBoolean(n node) bool {
	switch n := n.(type) {
	case *property, *negate:
		return false
	case *constant:
		return n.v.kind == isNull || n.v.kind == isBool
	}
	return true
}

// asBoolean makes a condition of a node. Java: SelectorParser.asBooleanExpression.
func asBoolean(n node) (node, error) {
	if isBoolean(n) {
		return n, nil
	}
	if _, ok := n.(*property); ok {
		return &cast{over(n), n}, nil
	}
	return nil, newError(classParse, "Expression will not result in a boolean value: %s", printed(n))
}

// constant is a literal. Java: ConstantExpression, BooleanConstantExpression.
type constant struct{ v value }

func (c *constant) eval(message) value { return c.v }
func (c *constant) height() int        { return 1 }

// property is the value of a message property; always a string, null when the message has none. Java:
// PropertyExpression.
type property struct {
	key string // the name and nameEnd: what to look for in encoded properties
}

func newProperty(name string) *property { return &property{name + nameEnd} }

func (p *property) name() string { return strings.TrimSuffix(p.key, nameEnd) }

func (p *property) height() int { return 1 }

func (p *property) eval(m message) value {
	if s, ok := m.property(p.key); ok {
		return value{kind: isString, text: s}
	}
	return value{}
}

// negate turns a number's sign; of anything else it makes null. Java: UnaryExpression.createNegate.
type negate struct {
	tall
	of node
}

func newNegate(of node) (node, error) { return checked(&negate{over(of), of}) }

func (n *negate) eval(m message) value {
	v := n.of.eval(m)
	switch v.kind {
	case isInt:
		v.number = int64(-int32(v.number))
	case isLong:
		v.number = -v.number
	case isDouble:
		v.double = -v.double
	case failed:
	default:
		return value{}
	}
	return v
}

// cast makes a condition of a property: a string never is true. Java: UnaryExpression.createBooleanCast.
type cast struct {
	tall
	of node
}

func (c *cast) eval(m message) value {
	v := c.of.eval(m)
	switch v.kind {
	case isNull, isBool, failed:
		return v
	}
	return boolean(false)
}

// not is three-valued negation. Java: UnaryExpression.createNOT.
type not struct {
	tall
	of node
}

func newNot(of node) (node, error) { return checked(&not{over(of), of}) }

func (n *not) eval(m message) value {
	v := n.of.eval(m)
	if v.kind == isBool {
		return boolean(!v.truth())
	}
	return v
}

// logic joins conditions by AND or OR, left to right. A chain a OR b OR c is one node: thousands of them are no deep
// tree. Java: LogicExpression.
type logic struct {
	tall
	or   bool
	list []node
}

func newLogic(operator kind, left, right node) (node, error) {
	left, err := asBoolean(left)
	if err != nil {
		return nil, err
	}
	if right, err = asBoolean(right); err != nil {
		return nil, err
	}
	or := operator == kindOr
	l, ok := left.(*logic)
	if !ok || l.or != or {
		l = &logic{or: or, list: []node{left}, tall: over(left)}
	}
	l.list = append(l.list, right)
	l.levels = max(l.levels, right.height()+1)
	return checked(l)
}

// eval stops at the first condition that decides. A failure before it fails the whole.
func (l *logic) eval(m message) value {
	unknown := false
	for _, n := range l.list {
		v := n.eval(m)
		switch v.kind {
		case failed:
			return v
		case isNull:
			unknown = true
		default:
			if v.truth() == l.or {
				return v
			}
		}
	}
	if unknown {
		return value{}
	}
	return boolean(!l.or)
}
