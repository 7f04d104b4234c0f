package filter

import (
	"strings"
	"unicode/utf16"
)

// lexer cuts an expression into tokens, the longest match first. Not safe for concurrent use.
//
// It works on UTF-16 units, as Java does: the columns in error texts count them.
// Java: SelectorParserTokenManager, SimpleCharStream, both made by JavaCC from SelectorParser.jj.
type lexer struct {
	units []uint16 // immutable
	at    int      // where the next token is looked for
	flat  bool     // there is no line end from at on: "--" starts no comment
}

func newLexer(expr string) *lexer { return &lexer{units: utf16.Encode([]rune(expr))} }

// next returns the next token. At the end it returns kindEOF, again and again. The error is an *Error with Java's text.
func (l *lexer) next() (token, error) {
	l.skipBlank()
	begin := l.at
	if begin == len(l.units) {
		return token{kindEOF, int32(begin), int32(begin)}, nil
	}
	k, n := l.match(begin)
	if k == kindNone {
		return token{}, l.lexicalError(begin, n)
	}
	l.at = begin + n
	return token{k, int32(begin), int32(l.at)}, nil
}

// skipBlank goes past white space and complete comments. An unfinished comment is left for match: "--" without a line
// end is two signs.
func (l *lexer) skipBlank() {
	for l.at < len(l.units) {
		switch l.units[l.at] {
		case ' ', '\t', '\n', '\r', '\f':
			l.at++
			continue
		}
		n := l.comment(l.at)
		if n == 0 {
			return
		}
		l.at += n
	}
}

// comment is the length of the comment at i, 0 when there is none or it does not end.
func (l *lexer) comment(i int) int {
	switch {
	case l.peek(i) == '-' && l.peek(i+1) == '-' && !l.flat:
		for j := i + 2; j < len(l.units); j++ {
			if l.units[j] == '\n' || l.units[j] == '\r' {
				return j + 1 - i // a "\n" behind "\r" is white space of its own: no difference
			}
		}
		l.flat = true
	case l.peek(i) == '/' && l.peek(i+1) == '*':
		for j := i + 3; j < len(l.units); j++ {
			if l.units[j] == '/' && l.units[j-1] == '*' {
				return j + 1 - i
			}
		}
	}
	return 0
}

// peek returns the unit at i, or a unit that stands in no token when i is behind the end.
func (l *lexer) peek(i int) uint16 {
	if i < len(l.units) {
		return l.units[i]
	}
	return 0xffff
}

// match returns the kind and length of the token at i, or kindNone and the number of units that Java's automaton read
// before it gave up.
func (l *lexer) match(i int) (kind, int) {
	c := l.units[i]
	switch {
	case isIDStart(c):
		n := l.run(i, func(c uint16) bool { return isIDStart(c) || isDigit(c) })
		return keyword(l.image(i, i+n)), n
	case isDigit(c) || c == '.':
		return l.number(i)
	case c == '\'':
		return l.stringLiteral(i)
	case c == '/':
		return kindNone, l.slash(i)
	}
	return l.operator(i)
}

func (l *lexer) operator(i int) (kind, int) {
	second := l.peek(i + 1)
	switch l.units[i] {
	case '=':
		return kindEqual, 1
	case '<':
		if second == '>' {
			return kindNotEqual, 2
		}
		if second == '=' {
			return kindLessEq, 2
		}
		return kindLess, 1
	case '>':
		if second == '=' {
			return kindGreaterEq, 2
		}
		return kindGreater, 1
	case '(':
		return kindOpen, 1
	case ',':
		return kindComma, 1
	case ')':
		return kindClose, 1
	case '+':
		return kindPlus, 1
	case '-':
		return kindMinus, 1
	}
	return kindNone, 1
}

// slash is how much is read of a "/" that starts no complete comment.
func (l *lexer) slash(i int) int {
	switch {
	case i+1 == len(l.units):
		return 1
	case l.units[i+1] != '*':
		return 2
	}
	return len(l.units) - i
}

// stringLiteral matches a text in quotes, a doubled quote meaning one. When the text ends inside a literal, the longest
// complete one before counts.
func (l *lexer) stringLiteral(i int) (kind, int) {
	complete := 0
	for j := i + 1; j < len(l.units); j++ {
		if l.units[j] != '\'' {
			continue
		}
		complete = j + 1 - i
		if l.peek(j+1) != '\'' {
			return kindString, complete
		}
		j++
	}
	if complete > 0 {
		return kindString, complete
	}
	return kindNone, len(l.units) - i
}

// number matches a decimal (0, or digits without a leading zero and perhaps an L) or a floating point literal,
// whichever is longer.
func (l *lexer) number(i int) (kind, int) {
	digits := l.run(i, isDigit)
	floating := 0
	if l.peek(i+digits) == '.' {
		fraction := l.run(i+digits+1, isDigit)
		if digits+fraction > 0 {
			floating = digits + 1 + fraction
			floating += l.exponent(i + floating)
		}
	} else if e := l.exponent(i + digits); e > 0 {
		floating = digits + e
	}
	switch {
	case floating > 0:
		return kindFloat, floating
	case digits == 0: // a lone "."
		return kindNone, min(2, len(l.units)-i)
	case l.units[i] == '0':
		return kindDecimal, 1
	case l.peek(i+digits) == 'l' || l.peek(i+digits) == 'L':
		return kindDecimal, digits + 1
	}
	return kindDecimal, digits
}

// exponent is the length of a complete exponent at i, else 0.
func (l *lexer) exponent(i int) int {
	if c := l.peek(i); c != 'e' && c != 'E' {
		return 0
	}
	n := 1
	if c := l.peek(i + 1); c == '+' || c == '-' {
		n = 2
	}
	digits := l.run(i+n, isDigit)
	if digits == 0 {
		return 0
	}
	return n + digits
}

// run counts the units from i on that are of a class.
func (l *lexer) run(i int, class func(uint16) bool) int {
	n := 0
	for i+n < len(l.units) && class(l.units[i+n]) {
		n++
	}
	return n
}

func isDigit(c uint16) bool { return c >= '0' && c <= '9' }

func isIDStart(c uint16) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$'
}

// image is the text of a token.
func (l *lexer) image(begin, end int) string {
	var b strings.Builder
	for _, r := range utf16.Decode(l.units[begin:end]) {
		b.WriteRune(r)
	}
	return b.String()
}

// literal decodes a string literal: without its quotes, and with one quote for two.
func (l *lexer) literal(t token) string {
	return strings.ReplaceAll(l.image(int(t.begin)+1, int(t.end)-1), "''", "'")
}
