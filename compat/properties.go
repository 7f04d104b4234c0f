package compat

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxProperties is how many entries one text may hold. Java's brokers know about 500 keys.
const MaxProperties = 1 << 16

// Properties is a list of key-value pairs in the order of their first appearance, read and written like
// java.util.Properties. The zero value is empty and usable. Not safe for concurrent writes.
type Properties struct {
	keys  []string
	vals  map[string]string
	lines map[string]int // of the keys that ParseProperties found
}

// Len is the number of pairs.
func (p *Properties) Len() int { return len(p.keys) }

// Keys lists the keys in order; the caller may keep it.
func (p *Properties) Keys() []string { return append([]string(nil), p.keys...) }

// Get finds a value.
func (p *Properties) Get(key string) (string, bool) {
	v, ok := p.vals[key]
	return v, ok
}

// Line is the line, from 1, at which ParseProperties found the value of a key; 0 for a pair that was set otherwise.
func (p *Properties) Line(key string) int { return p.lines[key] }

// Set adds a pair or replaces the value, keeping the key's place.
func (p *Properties) Set(key, value string) {
	if p.vals == nil {
		p.vals = make(map[string]string)
	}
	if _, known := p.vals[key]; !known {
		p.keys = append(p.keys, key)
	}
	p.vals[key] = value
}

// Delete removes a pair.
func (p *Properties) Delete(key string) {
	if _, known := p.vals[key]; !known {
		return
	}
	delete(p.vals, key)
	for i, k := range p.keys {
		if k == key {
			p.keys = append(p.keys[:i:i], p.keys[i+1:]...)
			return
		}
	}
}

// ParseProperties reads the text of a .properties file or config body: `#` and `!` comments, `=`, `:` or blank
// between key and value, `\` escapes including \uXXXX, lines continued by a final backslash; the last of equal keys
// wins. Java reads bytes as ISO-8859-1 although it writes UTF-8; here UTF-8 is read as such and only other text as
// ISO-8859-1. Errors: a broken \u escape, more than MaxProperties pairs.
func ParseProperties(text []byte) (*Properties, error) {
	s := string(text)
	if !utf8.ValidString(s) {
		s = latin1(text)
	}
	p := &Properties{lines: map[string]int{}}
	for line := 1; s != ""; {
		logical, rest := takeLine(s)
		at := line
		line += naturalLines(s[:len(s)-len(rest)])
		if s = rest; logical == "" {
			continue
		}
		key, value := splitPair(logical)
		k, err1 := unescape(key)
		v, err2 := unescape(value)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("compat: properties line %d (key %.64q): malformed \\uxxxx escape", at, key)
		}
		if p.Set(k, v); p.Len() > MaxProperties {
			return nil, fmt.Errorf("compat: properties text has more than %d entries", MaxProperties)
		}
		p.lines[k] = at
	}
	return p, nil
}

// naturalLines counts the ends of lines in s: \n, \r or \r\n.
func naturalLines(s string) int {
	return strings.Count(s, "\n") + strings.Count(s, "\r") - strings.Count(s, "\r\n")
}

func latin1(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

// takeLine takes one logical line: natural lines joined where an odd number of backslashes ends them, without leading
// blanks. Comments and empty lines come back as "".
func takeLine(s string) (line, rest string) {
	line, rest = cutLine(s)
	line = strings.TrimLeft(line, blanks)
	if line == "" || line[0] == '#' || line[0] == '!' {
		return "", rest
	}
	if !continued(line) {
		return line, rest
	}
	var b strings.Builder
	for continued(line) {
		b.WriteString(line[:len(line)-1])
		line, rest = cutLine(rest)
		line = strings.TrimLeft(line, blanks)
	}
	b.WriteString(line)
	return b.String(), rest
}

const blanks = " \t\f"

// cutLine splits at \n, \r or \r\n.
func cutLine(s string) (line, rest string) {
	i := strings.IndexAny(s, "\r\n")
	if i < 0 {
		return s, ""
	}
	line, rest = s[:i], s[i+1:]
	if s[i] == '\r' && strings.HasPrefix(rest, "\n") {
		rest = rest[1:]
	}
	return line, rest
}

func continued(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// splitPair cuts at the first separator that is not escaped.
func splitPair(line string) (key, value string) {
	i := 0
	for ; i < len(line); i++ {
		c := line[i]
		if c == '\\' {
			i++
			continue
		}
		if c == '=' || c == ':' || strings.IndexByte(blanks, c) >= 0 {
			break
		}
	}
	if i >= len(line) {
		return line, ""
	}
	key, value = line[:i], strings.TrimLeft(line[i:], blanks)
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], blanks)
	}
	return key, value
}
