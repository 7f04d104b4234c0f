package filter

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// generator makes random expressions and property texts that have something to do with each other.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 0x5132))} }

func pick[T any](g generator, list ...T) T { return list[g.IntN(len(list))] }

var names = []string{"a", "b", "A", "_c", "$d1", "price", "inValue", "missing", "TAGS"}

var texts = []string{"", "1", "2", "-1", "+5", "5", "05", "5.0", "5.5", ".5", "5.", "1e3", "1E400", "-0.0", "0", "NaN",
	"Infinity", "-Infinity", "1d", "1f", "0x10", "0x1p3",
	"0x.8P-1d", "1_0", " 7 ", "7 ", "true", "TRUE", "tRuE", "false", "abc", "ab", "b", "bc", "a''b", "a'b", "价格", "日本語abc",
	"😀", "é", "９", "٣٤", "2147483647", "2147483648",
	"-2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
	"-9223372036854775809", "4.9E-324", "1e-400",
	"x y", "\\", "\"", "\u00a05", "\u20035", "null", "NULL", "+", "-", "--5", "1e", "1e+", "e5", ".", "1.5D", "infinity",
	"nan", "+NaN", "-NaN", "0x", "0xp1", "0x1", "𝟗"}

func (g generator) literal() string {
	switch g.IntN(12) {
	case 0, 1, 2:
		return quoted(pick(g, texts...))
	case 3, 4, 5:
		return pick(g, "0", "1", "2", "5", "10", "5L", "10l", "2147483647", "2147483648", "9223372036854775807")
	case 6, 7:
		return pick(g, "5.0", "5.5", ".5", "5.", "1e3", "1E-3", "1.5e10", "0.1", "1e22", "123456789.125", "1e-5", "0.001",
			"1e7")
	case 8:
		return pick(g, "TRUE", "true", "FALSE", "False")
	case 9:
		return pick(g, "NULL", "null")
	case 10:
		return pick(g, "9223372036854775808", "99999999999999999999", "0.0", "1e400", "1e-400", "007", "1.e2", "0L", "0x10",
			"1f", "5e", "1..5")
	}
	if g.IntN(2) == 0 {
		return fmt.Sprintf("%.*e", g.IntN(17), g.Float64()*math.Pow(10, float64(g.IntN(600)-300)))
	}
	return fmt.Sprint(g.IntN(20))
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (g generator) word(s string) string {
	switch g.IntN(4) {
	case 0:
		return strings.ToLower(s)
	case 1:
		return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
	}
	return s
}

func (g generator) blank() string {
	switch g.IntN(30) {
	case 0:
		return "\t"
	case 1:
		return "\n"
	case 2:
		return "\r\n"
	case 3:
		return " /* x * / ** */ "
	case 4:
		return " -- to the end\n"
	case 5:
		return "\f\r"
	}
	return " "
}

// operand makes what may stand beside a comparison.
func (g generator) operand(depth int) string {
	switch n := g.IntN(20); {
	case n < 9:
		return pick(g, names...)
	case n < 16:
		return g.literal()
	case n < 17:
		return "-" + pick(g, " ", "") + g.operand(depth)
	case n < 18 && depth > 0:
		return "+" + g.operand(depth-1)
	case depth > 0:
		return "(" + g.condition(depth-1) + ")"
	}
	return pick(g, names...)
}

func (g generator) list() string {
	var all []string
	for range 1 + g.IntN(pick(g, 3, 8, 40)) {
		all = append(all, quoted(pick(g, texts...)))
	}
	return "(" + strings.Join(all, pick(g, ",", ", ")) + ")"
}

// condition makes a condition, mostly one that makes sense.
func (g generator) condition(depth int) string {
	b := g.blank
	not := func() string {
		if g.IntN(3) == 0 {
			return g.word("NOT") + b()
		}
		return ""
	}
	simple := g.operand(depth)
	if g.IntN(3) > 0 {
		simple = pick(g, names...)
	}
	switch n := g.IntN(24); {
	case n < 4:
		return simple + b() + pick(g, "=", "<>") + b() + g.operand(depth)
	case n < 8:
		return simple + pick(g, "", b()) + pick(g, "<", "<=", ">", ">=") + b() + g.operand(depth)
	case n < 10:
		return simple + b() + not() + g.word("BETWEEN") + b() + g.operand(depth) + b() + g.word("AND") + b() +
			g.operand(depth)
	case n < 12:
		return simple + b() + not() + g.word("IN") + b() + g.list()
	case n < 14:
		return simple + b() + g.word("IS") + b() + not() + g.word("NULL")
	case n < 16:
		return simple + b() + not() + g.word(pick(g, "CONTAINS", "STARTSWITH", "ENDSWITH")) + b() + quoted(pick(g, texts...))
	case n < 17:
		return pick(g, pick(g, names...), "TRUE", "FALSE", "NULL", g.literal())
	case n < 18:
		return g.word("NOT") + b() + g.operand(depth)
	case depth <= 0:
		return pick(g, names...) + " = " + g.literal()
	}
	left, right := g.condition(depth-1), g.condition(depth-1)
	if g.IntN(3) == 0 {
		left = "(" + left + ")"
	}
	if g.IntN(3) == 0 {
		right = "(" + right + ")"
	}
	return left + b() + g.word(pick(g, "AND", "OR")) + b() + right
}

var pieces = []string{"NOT", "AND", "OR", "BETWEEN", "IN", "TRUE", "FALSE", "NULL", "IS", "CONTAINS", "STARTSWITH",
	"ENDSWITH", "a", "b", "1", "2.5", "'x'", "'it''s'", "=", "<>",
	">", ">=", "<", "<=", "(", ",", ")", "+", "-", "!", "'", ".", "/", "/*", "*/", "--", "\n", "\t", "é", "价", "😀", "\"",
	"\x00", "\x7f", "a.b", "==", "!=", "0x1F", ";", "*", "\u0001", "1e", "''", "'''"}

// expression makes an expression that may be wrong.
func (g generator) expression() string {
	switch g.IntN(10) {
	case 0:
		return g.soup(g.condition(1) + " ")
	case 1:
		return g.soup("")
	case 2, 3:
		return g.damaged(g.condition(2))
	case 4:
		return g.odd()
	}
	return g.condition(g.IntN(4))
}

// odd makes what stresses lookahead, the printing of expressions, and long texts.
func (g generator) odd() string {
	switch g.IntN(5) {
	case 0: // signs before brackets, one of them perhaps broken
		n := 1 + g.IntN(12)
		return g.damaged(strings.Repeat(pick(g, "+(", "+ ", "+-(", "not+("), n) + g.condition(1) + strings.Repeat(")", n))
	case 1:
		return g.condition(1) + " IN ('x')"
	case 2:
		return g.operand(2) + " > 1 AND " + g.operand(2) + " BETWEEN " + g.operand(1) + " AND " + g.operand(1)
	case 3:
		return pick(g, names...) + strings.Repeat(" IN "+g.list(), 2)
	}
	var all []string
	for range 1 + g.IntN(pick(g, 10, 10, 10, 300)) {
		all = append(all, g.condition(1))
	}
	return strings.Join(all, pick(g, " OR ", " AND ", "\nOR\n"))
}

// soup appends random tokens.
func (g generator) soup(start string) string {
	var b strings.Builder
	b.WriteString(start)
	for range g.IntN(12) {
		b.WriteString(pick(g, pieces...))
		b.WriteString(pick(g, " ", " ", " ", "", "\t"))
	}
	return b.String()
}

// damaged cuts, doubles or inserts something.
func (g generator) damaged(s string) string {
	r := []rune(s)
	i := g.IntN(len(r) + 1)
	j := i + g.IntN(len(r)-i+1)
	switch g.IntN(4) {
	case 0:
		return string(r[:i])
	case 1:
		return string(r[:i]) + string(r[j:])
	case 2:
		return string(r[:j]) + string(r[i:])
	}
	return string(r[:i]) + " " + pick(g, pieces...) + " " + string(r[i:])
}

// properties makes the encoded properties of a message.
func (g generator) properties() string {
	var b strings.Builder
	for range g.IntN(7) {
		b.WriteString(pick(g, names...) + "\x01" + pick(g, texts...) + "\x02")
	}
	if g.IntN(8) == 0 {
		b.WriteString(pick(g, "a\x01", "a", "\x01x", "b\x01y", "\x02\x02a\x01z", "a\x01x\x01y\x02"))
	}
	return b.String()
}
