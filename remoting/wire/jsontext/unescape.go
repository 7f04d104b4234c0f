package jsontext

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// AppendString appends the content of the JSON string whose text begins at b[i], behind its opening quote, and
// returns where its closing quote stands; -1 when it has none or an escape is malformed. It looks for the next escape
// while it copies, a word at a time.
func AppendString(dst, b []byte, i int) ([]byte, int) {
	n := len(dst)
	// Content is never longer than its text; a word may be written at the end.
	dst = slices.Grow(dst, len(b)-i+8)[:n+len(b)-i+8]
	for i+8 <= len(b) {
		w := word(b, i)
		binary.LittleEndian.PutUint64(dst[n:], w)
		m := quoteMarks(w)
		if m == 0 {
			i, n = i+8, n+8
			continue
		}
		i, n = i+firstMark(m), n+firstMark(m)
		if b[i] == '"' {
			return dst[:n], i
		}
		if i+6 <= len(b) && string(b[i:i+5]) == `\u000` && b[i+5]-'0' <= 9 { // what stands between message properties
			dst[n] = b[i+5] - '0'
			i, n = i+6, n+1
			continue
		}
		d, used := appendUnescaped(dst[:n], b[i:])
		if used == 0 {
			return d, -1
		}
		i, n = i+used, len(d)
	}
	return appendStringEnd(dst[:n], b, i)
}

// appendStringEnd is AppendString a byte at a time.
func appendStringEnd(dst, b []byte, i int) ([]byte, int) {
	for i < len(b) && b[i] != '"' {
		if b[i] != '\\' {
			dst = append(dst, b[i])
			i++
			continue
		}
		var used int
		if dst, used = appendUnescaped(dst, b[i:]); used == 0 {
			return dst, -1
		}
		i += used
	}
	if i >= len(b) {
		return dst, -1
	}
	return dst, i
}

// appendUnescaped appends the character that the escape at the head of b stands for and returns its length in b, 0
// when it is malformed.
func appendUnescaped(dst, b []byte) ([]byte, int) {
	if len(b) < 2 {
		return dst, 0
	}
	switch b[1] {
	case '"', '\\', '/', '\'':
		return append(dst, b[1]), 2
	case 'b':
		return append(dst, '\b'), 2
	case 'f':
		return append(dst, '\f'), 2
	case 'n':
		return append(dst, '\n'), 2
	case 'r':
		return append(dst, '\r'), 2
	case 't':
		return append(dst, '\t'), 2
	case 'u':
		return appendUnicode(dst, b)
	}
	return dst, 0
}

func appendUnicode(dst, b []byte) ([]byte, int) {
	r, ok := hex4(b)
	if !ok {
		return dst, 0
	}
	if r >= 0xD800 && r < 0xDC00 && len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if low, ok := hex4(b[6:]); ok && low >= 0xDC00 && low < 0xE000 {
			return utf8.AppendRune(dst, (r-0xD800)<<10+(low-0xDC00)+0x10000), 12
		}
	}
	return utf8.AppendRune(dst, r), 6
}

// hex4 reads the four digits of \uXXXX at the head of b.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 {
		return 0, false
	}
	var r rune
	for _, ch := range b[2:6] {
		switch {
		case ch >= '0' && ch <= '9':
			r = r<<4 | rune(ch-'0')
		case ch >= 'a' && ch <= 'f':
			r = r<<4 | rune(ch-'a'+10)
		case ch >= 'A' && ch <= 'F':
			r = r<<4 | rune(ch-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
