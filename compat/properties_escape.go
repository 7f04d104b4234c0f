package compat

import (
	"errors"
	"strings"
	"unicode/utf16"
)

var errEscape = errors.New("malformed \\uxxxx")

// unescape opens the escapes of a key or value: \t \n \r \f \uXXXX, and any other character after a backslash as
// itself.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var units []uint16 // UTF-16, so that two \u escapes can make one character
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			plain, _, _ := strings.Cut(s[i:], `\`)
			units = append(units, utf16.Encode([]rune(plain))...)
			i += len(plain)
			continue
		}
		if i+1 == len(s) {
			break
		}
		unit, width, err := escapeUnit(s[i+1:])
		if err != nil {
			return "", err
		}
		if width > 0 {
			units = append(units, unit)
		}
		i += 1 + width
	}
	return string(utf16.Decode(units)), nil
}

// escapeUnit decodes what follows a backslash; width 0 leaves the character to the caller.
func escapeUnit(s string) (unit uint16, width int, err error) {
	switch s[0] {
	case 't':
		return '\t', 1, nil
	case 'n':
		return '\n', 1, nil
	case 'r':
		return '\r', 1, nil
	case 'f':
		return '\f', 1, nil
	case '\\':
		return '\\', 1, nil
	case 'u':
		return unicodeUnit(s)
	}
	return 0, 0, nil
}

func unicodeUnit(s string) (unit uint16, width int, err error) {
	if len(s) < 5 {
		return 0, 0, errEscape
	}
	for _, c := range []byte(s[1:5]) {
		d := unhex(c)
		if d < 0 {
			return 0, 0, errEscape
		}
		unit = unit<<4 | uint16(d)
	}
	return unit, 5, nil
}

// Format writes the pairs as key=value lines, the body of GET_BROKER_CONFIG and GET_NAMESRV_CONFIG. Java writes them
// without any escape and reads them with escapes; here only what would not survive reading is escaped (backslash,
// line ends, leading blanks, separators in a key), so ordinary values look exactly as Java's.
func (p *Properties) Format() []byte {
	var b []byte
	for _, k := range p.keys {
		b = appendProperty(b, k, true)
		b = append(b, '=')
		b = appendProperty(b, p.vals[k], false)
		b = append(b, '\n')
	}
	return b
}

func appendProperty(b []byte, s string, key bool) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			b = append(b, '\\', '\\')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case ' ', '\t', '\f':
			b = appendBlank(b, c, key || i == 0)
		case '=', ':', '#', '!':
			if key {
				b = append(b, '\\')
			}
			b = append(b, c)
		default:
			b = append(b, c)
		}
	}
	return b
}

func appendBlank(b []byte, c byte, escape bool) []byte {
	if !escape {
		return append(b, c)
	}
	switch c {
	case '\t':
		return append(b, '\\', 't')
	case '\f':
		return append(b, '\\', 'f')
	}
	return append(b, '\\', ' ')
}
