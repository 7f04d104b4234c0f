package filter

import (
	"fmt"
	"strings"
)

// Classes of Java's exceptions, as they stand before the message in a remark.
const (
	classParse        = "org.apache.rocketmq.filter.parser.ParseException"
	classLexical      = "org.apache.rocketmq.filter.parser.TokenMgrError"
	classRuntime      = "java.lang.RuntimeException"
	classNumberFormat = "java.lang.NumberFormatException"
	classClassCast    = "java.lang.ClassCastException"
	classNullPointer  = "java.lang.NullPointerException"
	classOverflow     = "java.lang.StackOverflowError"
)

// maxErrorText limits the text of an error in bytes; Java has no limit, and texts that repeat parts of an expression
// can grow exponentially.
const maxErrorText = 16 << 10

// Error says why an expression is refused. Its text is what a Java broker sends as the remark of
// SUBSCRIPTION_PARSE_FAILED. Java: MQFilterException, whose message is the class and message of its cause.
type Error struct {
	Text string
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

func newError(class, format string, args ...any) *Error {
	text := class
	if format != "" {
		text += ": " + fmt.Sprintf(format, args...)
	}
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "")
	}
	return &Error{Text: text}
}

// errTooDeep is for what nests deeper than MaxDepth, where Java's stack would (somewhere) overflow.
func errTooDeep() *Error { return newError(classOverflow, "") }

// lexicalError tells that no token starts at begin, read units having been looked at. Java: TokenMgrError.LexicalError
// and the end of SelectorParserTokenManager.getNextToken.
func (l *lexer) lexicalError(begin, read int) *Error {
	last := begin + read - 1
	line, column := l.position(last)
	if last+1 < len(l.units) {
		c := l.units[last]
		return newError(classLexical, `Lexical error at line %d, column %d.  Encountered: "%s" (%d), after : "%s"`,
			line, column, escape(l.units[last:last+1]), c, escape(l.units[begin:last]))
	}
	after := l.units[begin:]
	if read <= 1 {
		after = nil
	}
	if c := l.units[last]; c == '\n' || c == '\r' {
		line, column = line+1, 0
	} else {
		column++
	}
	return newError(classLexical, `Lexical error at line %d, column %d.  Encountered: <EOF> after : "%s"`, line, column,
		escape(after))
}

// tabSize is how far apart tab stops are in the columns of error texts.
const tabSize = 8

// position is the line and column of a unit, from 1; 0 and 0 in an empty text, and the last unit's behind the end.
// Java: SimpleCharStream.UpdateLineColumn.
func (l *lexer) position(at int) (line, column int) {
	if len(l.units) == 0 {
		return 0, 0
	}
	line = 1
	var previous uint16
	for i, c := range l.units[:min(at+1, len(l.units))] {
		column++
		if i > 0 && (previous == '\n' || previous == '\r' && c != '\n') {
			line, column = line+1, 1
		}
		if c == '\t' {
			column--
			column += tabSize - column%tabSize
		}
		previous = c
	}
	return line, column
}

// escape prints units as in a Java literal; zeros vanish. It stops at maxErrorText. Java: ParseException.add_escapes.
func escape(units []uint16) string {
	var b strings.Builder
	for _, c := range units {
		if b.Len() > maxErrorText {
			break
		}
		switch {
		case c == 0:
		case c < 0x7f && strings.IndexByte("\b\t\n\f\r\"'\\", byte(c)) >= 0:
			b.WriteByte('\\')
			b.WriteByte(`btnfr"'\`[strings.IndexByte("\b\t\n\f\r\"'\\", byte(c))])
		case c < 0x20 || c > 0x7e:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(byte(c))
		}
	}
	return b.String()
}
