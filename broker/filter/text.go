package filter

import (
	"math/bits"
	"slices"
	"strings"

	"gorocket/compat"
)

// printer collects the text of an expression for an error. It stops at maxErrorText: BETWEEN prints its operand twice,
// so texts can grow exponentially.
type printer struct{ strings.Builder }

func (t *printer) add(parts ...string) {
	for _, s := range parts {
		if !t.full() {
			t.WriteString(s[:min(len(s), maxErrorText)])
		}
	}
}

func (t *printer) full() bool { return t.Len() > maxErrorText }

// printed is Java's toString of an expression.
func printed(n node) string {
	var t printer
	n.print(&t)
	return t.String()
}

// pair prints a node with two below it.
func (t *printer) pair(left node, symbol string, right node) {
	if t.full() {
		return
	}
	t.add("(")
	left.print(t)
	t.add(" ", symbol, " ")
	right.print(t)
	t.add(")")
}

// prefixed prints a node with one below it.
func (t *printer) prefixed(symbol string, of node) {
	if t.full() {
		return
	}
	t.add("(", symbol, " ")
	of.print(t)
	t.add(")")
}

func (c *constant) print(t *printer) {
	switch c.v.kind {
	case isNull, isBool:
		t.add(strings.ToUpper(c.v.String()))
	case isString:
		t.add("'", strings.ReplaceAll(c.v.text, "'", "''"), "'")
	default:
		t.add(c.v.String())
	}
}

func (p *property) print(t *printer) { t.add(p.name()) }
func (c *cast) print(t *printer)     { c.of.print(t) }
func (n *negate) print(t *printer)   { t.prefixed("-", n.of) }
func (n *not) print(t *printer)      { t.prefixed("NOT", n.of) }
func (e *equal) print(t *printer)    { t.pair(e.left, "==", e.right) }

func (o *order) print(t *printer) { t.pair(o.left, strings.Trim(kindNames[o.operator], `"`), o.right) }

// print opens all brackets first: the chain is a tree that leans to the left.
func (l *logic) print(t *printer) {
	symbol := " && "
	if l.or {
		symbol = " || "
	}
	t.add(strings.Repeat("(", len(l.list)-1))
	for i, n := range l.list {
		if t.full() {
			return
		}
		if i > 0 {
			t.add(symbol)
		}
		n.print(t)
		if i > 0 {
			t.add(")")
		}
	}
}

func (b *between) print(t *printer) {
	first, symbol, second := kindGreaterEq, "&&", kindLessEq
	if b.negated {
		first, symbol, second = kindLess, "||", kindGreater
	}
	t.pair(&order{tall{}, first, b.of, b.low}, symbol, &order{tall{}, second, b.of, b.high})
}

func (m *textMatch) print(t *printer) {
	symbol := strings.Trim(kindNames[m.operator], `"`)
	if m.negated {
		symbol = "NOT " + symbol
	}
	t.prefixed(symbol, m.of)
}

func (i *in) print(t *printer) {
	symbol := " IN ( "
	if i.negated {
		symbol = " NOT IN ( "
	}
	list := i.list
	if i.set != nil {
		list = hashOrder(list)
	}
	t.add(i.of.name(), symbol)
	for k, s := range list {
		if k > 0 {
			t.add(", ")
		}
		t.add(s)
	}
	t.add(" )")
}

// hashOrder is the order in which a java.util.HashSet made of a list gives its elements.
func hashOrder(list []string) []string {
	capacity := max(int(float32(len(list))/.75)+1, 16)
	mask := uint32(1)<<bits.Len32(uint32(capacity-1)) - 1
	bucket := func(s string) uint32 {
		h := uint32(compat.HashCode(s))
		return (h ^ h>>16) & mask
	}
	seen := make(map[string]bool, len(list))
	var set []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			set = append(set, s)
		}
	}
	slices.SortStableFunc(set, func(a, b string) int { return int(int64(bucket(a)) - int64(bucket(b))) })
	return set
}
