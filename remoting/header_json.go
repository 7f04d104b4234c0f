package remoting

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// decodeJSONHeader reads the JSON header form in one pass, without a map and without recursion. Members may stand in any order,
// unknown ones are skipped. Values of extFields that are not strings are taken as their text, as fastjson does.
func decodeJSONHeader(b []byte, c *Command) error {
	p := jsonScanner{b: b, c: c}
	if !p.open('{') {
		return errors.New("JSON header does not start with an object")
	}
	for first := true; ; first = false {
		done, err := p.nextMember('}', first)
		if err != nil || done {
			return err
		}
		key, err := p.key()
		if err != nil {
			return err
		}
		if err := p.member(key); err != nil {
			return err
		}
	}
}

// jsonScanner walks over a header. It never looks outside b and never recurses.
type jsonScanner struct {
	b []byte
	i int
	c *Command
}

var errJSON = errors.New("JSON header is malformed")

func (p *jsonScanner) member(key []byte) (err error) {
	switch string(key) {
	case "code":
		p.c.Code, err = p.int32()
	case "version":
		p.c.Version, err = p.int32()
	case "opaque":
		p.c.Opaque, err = p.int32()
	case "flag":
		p.c.Flag, err = p.int32()
	case "language":
		var v []byte
		v, _, err = p.scalar()
		p.c.Language = parseLanguage(v)
	case "remark":
		var v []byte
		v, _, err = p.scalar()
		p.c.Remark = string(v)
	case "extFields":
		err = p.extFields()
	default:
		_, err = p.skip()
	}
	return err
}

func (p *jsonScanner) extFields() error {
	p.space()
	if p.i < len(p.b) && p.b[p.i] == 'n' {
		_, err := p.skip()
		return err
	}
	if !p.open('{') {
		return errJSON
	}
	for first := true; ; first = false {
		done, err := p.nextMember('}', first)
		if err != nil || done {
			return err
		}
		key, err := p.key()
		if err != nil {
			return err
		}
		value, null, err := p.scalar()
		if err != nil {
			return err
		}
		if !null {
			p.c.Fields = append(p.c.Fields, Field{key, value})
		}
	}
}

func (p *jsonScanner) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *jsonScanner) open(ch byte) bool {
	p.space()
	if p.i >= len(p.b) || p.b[p.i] != ch {
		return false
	}
	p.i++
	return true
}

// nextMember moves to the next member of an object and tells whether the object ended instead.
func (p *jsonScanner) nextMember(end byte, first bool) (bool, error) {
	p.space()
	if p.i >= len(p.b) {
		return false, errJSON
	}
	if p.b[p.i] == end {
		p.i++
		return true, nil
	}
	if !first {
		if p.b[p.i] != ',' {
			return false, errJSON
		}
		p.i++
	}
	return false, nil
}

func (p *jsonScanner) key() ([]byte, error) {
	p.space()
	k, err := p.str()
	if err != nil {
		return nil, err
	}
	if !p.open(':') {
		return nil, errJSON
	}
	return k, nil
}

// scalar returns a string's content, or the text of any other value; null tells apart the literal null.
func (p *jsonScanner) scalar() (v []byte, null bool, err error) {
	p.space()
	if p.i < len(p.b) && p.b[p.i] == '"' {
		v, err = p.str()
		return v, false, err
	}
	v, err = p.skip()
	return singleText(v), string(v) == "null", err
}

// singleText is fastjson2's reading of an array where a string belongs: one string inside stands for itself.
func singleText(v []byte) []byte {
	if len(v) < 4 || v[0] != '[' || v[1] != '"' || v[len(v)-2] != '"' {
		return v
	}
	if inner := v[2 : len(v)-2]; bytes.IndexAny(inner, "\"\\") < 0 {
		return inner
	}
	return v
}

func (p *jsonScanner) int32() (int32, error) {
	v, null, err := p.scalar()
	if err != nil || null {
		return 0, err
	}
	n, ok := parseInt(v, 32)
	if !ok {
		return 0, errors.New("JSON header has a member that is not an int32: " + strconv.QuoteToASCII(string(clip(v, 32))))
	}
	return int32(n), nil
}

func clip(b []byte, n int) []byte { return b[:min(len(b), n)] }

// str reads a string. Without escapes the result lies in the frame, else in the command's scratch buffer.
func (p *jsonScanner) str() ([]byte, error) {
	if p.i >= len(p.b) || p.b[p.i] != '"' {
		return nil, errJSON
	}
	p.i++
	for i := p.i; i < len(p.b); i++ {
		switch p.b[i] {
		case '"':
			s := p.b[p.i:i]
			p.i = i + 1
			return s, nil
		case '\\':
			return p.escaped(i)
		}
	}
	return nil, errJSON
}

// escaped finishes a string whose first escape stands at i.
func (p *jsonScanner) escaped(i int) ([]byte, error) {
	buf := p.c.scratch
	start := len(buf)
	buf = append(buf, p.b[p.i:i]...)
	for i < len(p.b) {
		ch := p.b[i]
		if ch == '"' {
			p.i = i + 1
			p.c.scratch = buf
			return buf[start:len(buf):len(buf)], nil
		}
		if ch != '\\' {
			buf = append(buf, ch)
			i++
			continue
		}
		var n int
		if buf, n = appendUnescaped(buf, p.b[i:]); n == 0 {
			return nil, errJSON
		}
		i += n
	}
	return nil, errJSON
}

// appendUnescaped appends the character that the escape at the head of b stands for and returns its length in b, 0 when it is malformed.
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

// skip passes over one value and returns its text. Depth is a counter: nesting of any depth needs no stack.
func (p *jsonScanner) skip() ([]byte, error) {
	p.space()
	start, depth := p.i, 0
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case '"':
			if err := p.skipString(); err != nil {
				return nil, err
			}
			if depth == 0 {
				return p.b[start:p.i], nil
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return p.atom(start)
			}
			if depth--; depth == 0 {
				p.i++
				return p.b[start:p.i], nil
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return p.atom(start)
			}
		}
		p.i++
	}
	return nil, errJSON
}

func (p *jsonScanner) atom(start int) ([]byte, error) {
	if p.i == start {
		return nil, errJSON
	}
	return p.b[start:p.i], nil
}

func (p *jsonScanner) skipString() error {
	for i := p.i + 1; i < len(p.b); i++ {
		switch p.b[i] {
		case '\\':
			i++
		case '"':
			p.i = i + 1
			return nil
		}
	}
	return errJSON
}

// parseInt reads a decimal number of the given bit size the way Java's Integer.parseInt does: optional sign, digits, nothing else.
func parseInt(b []byte, bits uint) (int64, bool) {
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg, b = b[0] == '-', b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	limit := uint64(1) << (bits - 1)
	if !neg {
		limit--
	}
	var n uint64
	for _, ch := range b {
		if ch < '0' || ch > '9' || n > limit/10 {
			return 0, false
		}
		if n = n*10 + uint64(ch-'0'); n > limit {
			return 0, false
		}
	}
	if neg {
		return -int64(n), true
	}
	return int64(n), true
}
