package filter

import (
	"slices"
	"strings"
)

// equal is = and IS NULL; <> and IS NOT NULL are a not around it. Java: ComparisonExpression.doCreateEqual.
type equal struct {
	tall
	left, right node
}

// newEqual makes = or <>. Java: createEqual, createNotEqual and their checks.
func newEqual(left, right node, negated bool) (node, error) {
	for _, n := range []node{left, right} {
		if c, ok := n.(*constant); ok && c.v.kind == isNull {
			return nil, newError(classRuntime, "'%s' cannot be compared.", printed(n))
		}
	}
	l, leftConstant := left.(*constant)
	r, rightConstant := right.(*constant)
	if leftConstant && rightConstant && l.v.kind == isBool && r.v.kind != isBool {
		return nil, newError(classRuntime, "'%s' cannot be compared with '%s'", printed(left), printed(right))
	}
	return newEquality(left, right, negated)
}

func newIsNull(left node, negated bool) (node, error) {
	return newEquality(left, &constant{}, negated)
}

func newEquality(left, right node, negated bool) (node, error) {
	n, err := checked(&equal{over(left, right), left, right})
	if err != nil || !negated {
		return n, err
	}
	return newNot(n)
}

// eval gives null when only the left side is null, but false when only the right one is, and true when both are.
func (e *equal) eval(m message) value {
	l := e.left.eval(m)
	if l.kind == failed {
		return l
	}
	r := e.right.eval(m)
	switch {
	case r.kind == failed:
		return r
	case l.kind == isNull && r.kind == isNull:
		return boolean(true)
	case l.kind == isNull:
		return value{}
	case r.kind == isNull:
		return boolean(false)
	case l.kind == isString && r.kind == isString:
		return boolean(l.text == r.text)
	}
	order, ok := compare(l, r)
	if !ok {
		return value{kind: failed}
	}
	return boolean(order == 0)
}

// order is >, >=, < or <=. Java: ComparisonExpression.createGreaterThan and its sisters.
type order struct {
	tall
	operator    kind
	left, right node
}

func newOrder(left, right node, operator kind) (node, error) {
	for _, n := range []node{left, right} {
		if err := checkOrdered(n); err != nil {
			return nil, err
		}
	}
	return checked(&order{over(left, right), operator, left, right})
}

// checkOrdered refuses what has no order: conditions, and literals but numbers. Java: checkLessThanOperand.
func checkOrdered(n node) error {
	c, ok := n.(*constant)
	if ok && c.v.isNumber() || !ok && !isBoolean(n) {
		return nil
	}
	return newError(classRuntime, "Value '%s' cannot be compared.", printed(n))
}

func (o *order) eval(m message) value {
	l := o.left.eval(m)
	if l.kind == failed || l.kind == isNull {
		return l
	}
	return ordered(o.operator, l, o.right.eval(m))
}

// ordered compares l, which is not null, with r by an operator. Java: ComparisonExpression.evaluate.
func ordered(operator kind, l, r value) value {
	if r.kind == failed || r.kind == isNull {
		return r
	}
	result, ok := compareOrdered(l, r)
	if !ok {
		return value{kind: failed}
	}
	switch operator {
	case kindGreater:
		return boolean(result > 0)
	case kindGreaterEq:
		return boolean(result >= 0)
	case kindLess:
		return boolean(result < 0)
	}
	return boolean(result <= 0)
}

// between is v >= low AND v <= high or, negated, v < low OR v > high. Java makes that tree and computes v twice; here
// once, because nested ones would take exponential time. Java: ComparisonExpression.createBetween, createNotBetween.
type between struct {
	tall
	of, low, high node
	negated       bool
}

func newBetween(of, low, high node, negated bool) (node, error) {
	if !negated {
		if err := checkRange(low, high); err != nil {
			return nil, err
		}
	}
	for _, n := range []node{of, low, of, high} {
		if err := checkOrdered(n); err != nil {
			return nil, err
		}
	}
	return checked(&between{over(of, low, high), of, low, high, negated})
}

// checkRange refuses literals of which the low one is higher.
func checkRange(low, high node) error {
	l, ok := low.(*constant)
	if !ok {
		return nil
	}
	h, ok := high.(*constant)
	if !ok {
		return nil
	}
	if l.v.kind == isNull || h.v.kind == isNull {
		return newError(classRuntime, "Illegal values of between, values can not be null!")
	}
	result, ok := compare(h.v, l.v)
	switch {
	case !ok && h.v.kind == isBool:
		return newError(classClassCast, "class java.lang.Boolean cannot be cast to class java.lang.String "+
			"(java.lang.Boolean and java.lang.String are in module java.base of loader 'bootstrap')")
	case !ok:
		return newError(classRuntime, "%s: %s", classNumberFormat, numberFormatMessage(h.v, l.v))
	case result < 0:
		return newError(classRuntime, "Illegal values of between, left value(%s) must less than or equal to right value(%s)",
			l.v, h.v)
	}
	return nil
}

func (b *between) eval(m message) value {
	v := b.of.eval(m)
	if v.kind == failed || v.kind == isNull {
		return v
	}
	first, second := kindGreaterEq, kindLessEq
	if b.negated {
		first, second = kindLess, kindGreater
	}
	x := ordered(first, v, b.low.eval(m))
	if x.kind == failed || x.kind == isBool && x.truth() == b.negated {
		return x
	}
	y := ordered(second, v, b.high.eval(m))
	if y.kind == failed || y.kind == isBool && y.truth() == b.negated || x.kind == isBool {
		return y
	}
	return x
}

// in is [NOT] IN: null for a message without the property. Java: UnaryExpression.createInExpression.
type in struct {
	of      *property
	list    []string            // as written; searched when short
	set     map[string]struct{} // of a list of setSize and more
	negated bool
}

// setSize is the length from which on Java, too, keeps a list as a set.
const setSize = 5

func newIn(of node, list []string, negated bool) (node, error) {
	p, ok := of.(*property)
	if !ok {
		return nil, newError(classRuntime, "Expected a property for In expression, got: %s", printed(of))
	}
	n := &in{of: p, list: list, negated: negated}
	if len(list) >= setSize {
		n.set = make(map[string]struct{}, len(list))
		for _, s := range list {
			n.set[s] = struct{}{}
		}
	}
	return n, nil
}

func (i *in) height() int { return 2 }

func (i *in) eval(m message) value {
	s, ok := m.property(i.of.key)
	if !ok {
		return value{}
	}
	var found bool
	if i.set != nil {
		_, found = i.set[s]
	} else {
		found = slices.Contains(i.list, s)
	}
	return boolean(found != i.negated)
}

// textMatch is [NOT] CONTAINS, STARTSWITH or ENDSWITH. It never is null: what is no string, or a search for nothing, is
// false, with NOT too. Java: ComparisonExpression.ContainsExpression and its sisters.
type textMatch struct {
	tall
	of       node
	search   string
	operator kind
	negated  bool
}

func newTextMatch(of node, search string, operator kind, negated bool) (node, error) {
	return checked(&textMatch{over(of), of, search, operator, negated})
}

func (t *textMatch) eval(m message) value {
	if t.search == "" {
		return boolean(false)
	}
	v := t.of.eval(m)
	if v.kind == failed {
		return v
	}
	if v.kind != isString {
		return boolean(false)
	}
	var found bool
	switch t.operator {
	case kindContains:
		found = strings.Contains(v.text, t.search)
	case kindStartsWith:
		found = strings.HasPrefix(v.text, t.search)
	case kindEndsWith:
		found = strings.HasSuffix(v.text, t.search)
	}
	return boolean(found != t.negated)
}
