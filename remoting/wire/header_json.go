package wire

import (
	"bytes"
	"errors"
	"strconv"

	"gorocket/remoting/wire/jsontext"
)

// decodeJSONHeader reads the JSON header form in one pass, without a map and without recursion. Members may stand in
// any order, unknown ones are skipped. Values of extFields that are not strings are taken as their text, as fastjson
// does.
func decodeJSONHeader(b []byte, c *Command) error {
	p := jsonScanner{b: b, c: c}
	return p.header()
}

func (p *jsonScanner) header() error {
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

	observer Observer // nil as a rule
}

var errJSON = errors.New("JSON header is malformed")

func (p *jsonScanner) member(key []byte) (err error) {
	p.space()
	start, kind := p.i, ValueNone
	switch string(key) {
	case "code":
		kind = ValueCode
		p.c.Code, err = p.int32()
	case "version":
		kind = ValueVersion
		p.c.Version, err = p.int32()
	case "opaque":
		kind = ValueOpaque
		p.c.Opaque, err = p.int32()
	case "flag":
		kind = ValueFlag
		p.c.Flag, err = p.int32()
	case "language":
		var v []byte
		kind = ValueLanguage
		v, _, err = p.scalar()
		p.c.Language = ParseLanguage(v)
	case "remark":
		var v []byte
		kind = ValueRemark
		v, _, err = p.scalar()
		p.c.Remark = string(v)
	case "extFields":
		err = p.extFields()
	default:
		_, err = p.skip()
	}
	if p.observer != nil && err == nil && kind != ValueNone {
		p.observer.Value(kind, p.b, start, p.i)
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
		if p.plainField() {
			continue
		}
		key, err := p.key()
		if err != nil {
			return err
		}
		p.space()
		start := p.i
		value, null, err := p.scalar()
		if err != nil {
			return err
		}
		if !null {
			p.c.add(key, value)
		}
		if p.observer != nil {
			p.observer.Value(ValueField, p.b, start, p.i)
		}
	}
}

// plainField reads "key":"value", as nearly all are: without blanks and escapes. In other cases it reads nothing and
// tells so.
func (p *jsonScanner) plainField() bool {
	b, key := p.b, p.i+1
	if p.i >= len(b) || b[p.i] != '"' {
		return false
	}
	keyEnd := jsontext.IndexQuote(b, key)
	value := keyEnd + 3
	if value > len(b) || string(b[keyEnd:value]) != `":"` {
		return false
	}
	end := jsontext.IndexQuote(b, value)
	if end == len(b) || b[end] != '"' {
		return false
	}
	p.c.add(b[key:keyEnd], b[value:end])
	p.i = end + 1
	if p.observer != nil {
		p.observer.Value(ValueField, b, value-1, end+1)
	}
	return true
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
	p.space()
	if n, end, ok := jsontext.ScanInt32(p.b, p.i); ok && end < len(p.b) && (p.b[end] == ',' || p.b[end] == '}') {
		p.i = end
		return n, nil
	}
	v, null, err := p.scalar()
	if err != nil || null {
		return 0, err
	}
	n, ok := jsontext.ParseInt(v, 32)
	if !ok {
		text := strconv.QuoteToASCII(string(clip(v, 32)))
		return 0, errors.New("JSON header has a member that is not an int32: " + text)
	}
	return int32(n), nil
}

func clip(b []byte, n int) []byte { return b[:min(len(b), n)] }

// str reads a string. Without escapes the result lies in the frame, else in the command's scratch buffer.
func (p *jsonScanner) str() ([]byte, error) {
	if p.i >= len(p.b) || p.b[p.i] != '"' {
		return nil, errJSON
	}
	start := p.i + 1
	i := jsontext.IndexQuote(p.b, start)
	if i == len(p.b) {
		return nil, errJSON
	}
	p.i = i + 1
	if p.b[i] == '"' {
		return p.b[start:i], nil
	}
	at := len(p.c.scratch)
	buf, end := jsontext.AppendString(p.c.scratch, p.b, start)
	if end < 0 {
		return nil, errJSON
	}
	p.c.scratch, p.i = buf, end+1
	return buf[at:len(buf):len(buf)], nil
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
