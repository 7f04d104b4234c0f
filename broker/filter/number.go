package filter

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// newDecimal makes a literal of digits with or without an L: an Integer if it fits, else a Long. Java:
// ConstantExpression.createFromDecimal.
func newDecimal(text string) (node, error) {
	digits := strings.TrimRight(text, "lL")
	n, ok := parseInteger(digits, math.MinInt64, math.MaxInt64)
	if !ok {
		return nil, newError(classNumberFormat, "For input string: \"%s\"", digits)
	}
	v := value{kind: isLong, number: n}
	if n <= math.MaxInt32 {
		v.kind = isInt
	}
	return &constant{v}, nil
}

// newFloat makes a floating point literal; 0.0 is refused as too small. Java: ConstantExpression.createFloat.
func newFloat(text string) (node, error) {
	f, _ := parseDouble(text)
	if f > math.MaxFloat64 {
		return nil, newError(classRuntime, "%s is greater than %s", text, formatDouble(math.MaxFloat64))
	}
	if f < math.SmallestNonzeroFloat64 {
		return nil, newError(classRuntime, "%s is less than %s", text, formatDouble(math.SmallestNonzeroFloat64))
	}
	return &constant{value{kind: isDouble, double: f}}, nil
}

// parseInteger is Integer.parseInt and Long.parseLong: a sign, then decimal digits of any script in the basic plane,
// and no blanks.
func parseInteger(s string, lowest, highest int64) (int64, bool) {
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	var n int64 // minus the number: the negative side is the wider one
	for _, r := range s {
		d := digit(r)
		if d < 0 || n < math.MinInt64/10 || n*10 < math.MinInt64+d {
			return 0, false
		}
		n = n*10 - d
	}
	if !negative {
		if n == math.MinInt64 {
			return 0, false
		}
		n = -n
	}
	return n, s != "" && n >= lowest && n <= highest
}

// digit is the value of a decimal digit, -1 for other characters. Java: Character.digit(c, 10).
func digit(r rune) int64 {
	if r >= '0' && r <= '9' {
		return int64(r - '0')
	}
	if r < 0x80 || r > 0xffff || !unicode.Is(unicode.Nd, r) {
		return -1
	}
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return int64(r-rune(t.Lo)) % 10
		}
	}
	return -1
}

// parseDouble is Double.valueOf: blanks around, a type letter behind, NaN and Infinity, hexadecimal with p. What is too
// large is infinite.
func parseDouble(s string) (float64, bool) {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	body := strings.TrimPrefix(s, "-")
	if len(body) == len(s) {
		body = strings.TrimPrefix(s, "+")
	}
	switch body {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1 - 2*b2i(len(body) < len(s) && s[0] == '-')), true
	}
	n := doubleLength(body)
	if n == 0 || n < len(body)-1 || n == len(body)-1 && !strings.ContainsRune("fFdD", rune(body[n])) {
		return 0, false
	}
	f, _ := strconv.ParseFloat(s[:len(s)-len(body)+n], 64) // the only error left is one of range, with the right infinity
	return f, true
}

// doubleLength is the length of the number at the start of s, without its type letter; 0 when there is none.
func doubleLength(s string) int {
	class, mark := isDecimalByte, "eE"
	n := 0
	hex := len(s) > 1 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')
	if hex {
		class, mark, n = isHexByte, "pP", 2
	}
	whole := countBytes(s[n:], class)
	n += whole
	fraction := 0
	if n < len(s) && s[n] == '.' {
		fraction = countBytes(s[n+1:], class)
		n += 1 + fraction
	}
	if whole+fraction == 0 {
		return 0
	}
	e := exponentLength(s[n:], mark)
	if hex && e == 0 {
		return 0
	}
	return n + e
}

// exponentLength is the length of a complete exponent at the start of s.
func exponentLength(s, mark string) int {
	if s == "" || strings.IndexByte(mark, s[0]) < 0 {
		return 0
	}
	n := 1
	if n < len(s) && (s[n] == '+' || s[n] == '-') {
		n++
	}
	digits := countBytes(s[n:], isDecimalByte)
	if digits == 0 {
		return 0
	}
	return n + digits
}

func countBytes(s string, class func(byte) bool) int {
	n := 0
	for n < len(s) && class(s[n]) {
		n++
	}
	return n
}

func isDecimalByte(c byte) bool { return c >= '0' && c <= '9' }

func isHexByte(c byte) bool {
	return isDecimalByte(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// formatDouble is Double.toString: plain from a thousandth to ten million, else with one digit before the point and an
// exponent. JDK 17 and older print a few numbers with a digit too many; those come out shorter here.
func formatDouble(f float64) string {
	if a := math.Abs(f); a >= 1e-3 && a < 1e7 || a == 0 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, point := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if !point { // infinite or no number
		return strings.TrimPrefix(strings.Replace(mantissa, "Inf", "Infinity", 1), "+")
	}
	if !strings.Contains(mantissa, ".") { // two digits at least, the nearest ones: 4.9E-324, not 5.0E-324
		mantissa, _, _ = strings.Cut(strconv.FormatFloat(f, 'e', 1, 64), "e")
	}
	n, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(n)
}

// numberFormatMessage is the message of the NumberFormatException that comparing l and r ends in.
func numberFormatMessage(l, r value) string {
	s, class := l.text, r.kind
	if l.kind != isString {
		s, class = r.text, l.kind
	}
	if class == isDouble {
		s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
		if s == "" {
			return "empty String"
		}
	}
	return `For input string: "` + s + `"`
}
