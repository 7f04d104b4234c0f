package compat

import (
	"strings"
	"unicode/utf8"
)

// EditProperties returns the text of a .properties file with the pairs of change: lines of other keys, comments,
// order and line ends stay as they are. A key that stands several times gets its new value at the last place, which
// is the one that counts; a key that the text does not have is added at the end. A text that is not UTF-8 is read as
// ISO-8859-1, as by ParseProperties, and comes back as UTF-8.
func EditProperties(text []byte, change *Properties) []byte {
	s := string(text)
	if !utf8.ValidString(s) {
		s = latin1(text)
	}
	lines := logicalLines(s)
	last := make(map[string]int)
	for i, l := range lines {
		last[l.key] = i
	}
	var b strings.Builder
	for i, l := range lines {
		if value, ok := change.Get(l.key); ok && l.key != "" && last[l.key] == i {
			b.WriteString(pairText(l.key, value) + l.end)
		} else {
			b.WriteString(l.text)
		}
	}
	end := lineEnd(s)
	if s != "" && !strings.HasSuffix(s, "\n") && !strings.HasSuffix(s, "\r") {
		b.WriteString(end)
	}
	if n := len(lines); n > 0 && continued(strings.TrimRight(lines[n-1].text, "\r\n")) {
		b.WriteString(end) // a backslash at the end would take the next line in
		if strings.HasSuffix(s, "\r") {
			b.WriteString(end) // the first one belongs to the \r
		}
	}
	for _, key := range change.Keys() {
		if _, found := last[key]; !found {
			value, _ := change.Get(key)
			b.WriteString(pairText(key, value) + end)
		}
	}
	return []byte(b.String())
}

// logicalLine is a pair with the natural lines that it takes, or a comment or empty line (key "").
type logicalLine struct {
	text string // with its line end
	end  string // the line end alone
	key  string
}

func logicalLines(s string) (out []logicalLine) {
	for s != "" {
		logical, rest := takeLine(s)
		text := s[:len(s)-len(rest)]
		l := logicalLine{text: text, end: text[len(strings.TrimRight(text, "\r\n")):]}
		if logical != "" {
			key, _ := splitPair(logical)
			if k, err := unescape(key); err == nil {
				l.key = k
			}
		}
		out = append(out, l)
		s = rest
	}
	return out
}

// lineEnd is how the text ends its lines.
func lineEnd(s string) string {
	if strings.Contains(s, "\r\n") {
		return "\r\n"
	}
	return "\n"
}

func pairText(key, value string) string {
	return string(appendProperty(append(appendProperty(nil, key, true), '='), value, false))
}
