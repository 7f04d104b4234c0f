package jsontext

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

// AppendEscaped appends the content of a JSON string, escaped. Invalid UTF-8 becomes U+FFFD so that the header stays
// readable.
func AppendEscaped(dst []byte, s string) []byte {
	before := len(dst)
	dst = AppendPlain(dst, s)
	from := len(dst) - before
	for i := from; i < len(s); {
		ch := s[i]
		if ch >= 0x20 && ch != '"' && ch != '\\' && ch < utf8.RuneSelf {
			i++
			continue
		}
		if ch >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[from:i]...)
		dst = appendEscape(dst, ch)
		i++
		from = i
	}
	return append(dst, s[from:]...)
}

func appendEscape(dst []byte, ch byte) []byte {
	switch {
	case ch == '"' || ch == '\\':
		return append(dst, '\\', ch)
	case ch == '\n':
		return append(dst, '\\', 'n')
	case ch == '\r':
		return append(dst, '\\', 'r')
	case ch == '\t':
		return append(dst, '\\', 't')
	case ch >= utf8.RuneSelf:
		return utf8.AppendRune(dst, utf8.RuneError)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[ch>>4], hexDigits[ch&15])
}
