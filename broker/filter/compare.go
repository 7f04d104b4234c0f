package filter

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf16"
)

// valueKind is the Java class of a value.
type valueKind uint8

const (
	isNull   valueKind = iota
	isBool             // Boolean, in number
	isInt              // Integer, in number
	isLong             // Long, in number
	isDouble           // Double
	isString           // String
	failed             // an exception: the whole expression has no result
)

// value is what a node gives for a message. The zero value is null.
type value struct {
	kind   valueKind
	number int64
	double float64
	text   string
}

func boolean(b bool) value {
	v := value{kind: isBool}
	if b {
		v.number = 1
	}
	return v
}

func (v value) truth() bool { return v.kind == isBool && v.number != 0 }

func (v value) isNumber() bool { return v.kind == isInt || v.kind == isLong || v.kind == isDouble }

// String is Java's String.valueOf.
func (v value) String() string {
	switch v.kind {
	case isNull:
		return "null"
	case isBool:
		return fmt.Sprint(v.truth())
	case isDouble:
		return formatDouble(v.double)
	case isString:
		return v.text
	}
	return fmt.Sprint(v.number)
}

func (v value) asDouble() float64 {
	if v.kind == isDouble {
		return v.double
	}
	return float64(v.number)
}

// compareOrdered is compare for >, >=, < and <=, where two strings count as numbers. Java:
// ComparisonExpression.evaluate.
func compareOrdered(l, r value) (int, bool) {
	if l.kind != isString || r.kind != isString {
		return compare(l, r)
	}
	x, okX := parseDouble(l.text)
	y, okY := parseDouble(r.text)
	return compareDoubles(x, y), okX && okY
}

// compare gives the order of two values that are not null: negative, 0 or positive. A string next to another class is
// read as one of that class; false means that it cannot be, or that l is a Boolean and r a string, which Java fails to
// cast. Classes that do not go together give -1. Java: ComparisonExpression.__compare.
func compare(l, r value) (int, bool) {
	switch {
	case l.kind == isString && r.kind == isString:
		return compareStrings(l.text, r.text), true
	case l.kind == isBool && r.kind == isString:
		return 0, false
	case l.kind == isString && r.kind == isBool:
		return compareBooleans(strings.EqualFold(l.text, "true"), r.truth()), true
	case l.kind == isString:
		x, ok := parseAs(l.text, r.kind)
		return compareNumbers(x, r), ok
	case r.kind == isString:
		y, ok := parseAs(r.text, l.kind)
		return compareNumbers(l, y), ok
	case l.kind == isBool && r.kind == isBool:
		return compareBooleans(l.truth(), r.truth()), true
	case l.kind == isBool || r.kind == isBool:
		return -1, true
	}
	return compareNumbers(l, r), true
}

// parseAs reads a string as a number of a class.
func parseAs(s string, class valueKind) (value, bool) {
	v := value{kind: class}
	var ok bool
	switch class {
	case isInt:
		v.number, ok = parseInteger(s, math.MinInt32, math.MaxInt32)
	case isLong:
		v.number, ok = parseInteger(s, math.MinInt64, math.MaxInt64)
	case isDouble:
		v.double, ok = parseDouble(s)
	}
	return v, ok
}

func compareNumbers(l, r value) int {
	if l.kind == isDouble || r.kind == isDouble {
		return compareDoubles(l.asDouble(), r.asDouble())
	}
	return cmp.Compare(l.number, r.number)
}

// compareDoubles is Double.compare: -0.0 before 0.0, NaN equal to itself and behind all others.
func compareDoubles(x, y float64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	case math.IsNaN(x) || math.IsNaN(y):
		return cmp.Compare(b2i(math.IsNaN(x)), b2i(math.IsNaN(y)))
	}
	return cmp.Compare(b2i(math.Signbit(y)), b2i(math.Signbit(x)))
}

func compareBooleans(x, y bool) int { return cmp.Compare(b2i(x), b2i(y)) }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// compareStrings is String.compareTo, which goes by UTF-16 units. For literals only: it allocates.
func compareStrings(x, y string) int {
	return slices.Compare(utf16.Encode([]rune(x)), utf16.Encode([]rune(y)))
}
