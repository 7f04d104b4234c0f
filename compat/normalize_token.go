package compat

// key reads a member's name in any of its three forms: quoted, bare, or a whole object.
func (n *normalizer) key() error {
	switch c := n.peek(); {
	case c == '"' || c == '\'':
		return n.str(c)
	case c == '{':
		return n.objectKey()
	case isBare(c):
		return n.bareKey()
	default:
		return n.fail("want a key")
	}
}

func (n *normalizer) bareKey() error {
	start := n.pos
	for n.pos < len(n.src) && isBare(n.src[n.pos]) {
		n.pos++
	}
	n.replace(start, start, '"')
	n.replace(n.pos, n.pos, '"')
	return nil
}

// objectKey keeps the text of a key like {"brokerName":"b","queueId":1} as one string; whoever decodes the key reads
// that text in turn. It does not recurse, so depth costs no stack.
func (n *normalizer) objectKey() error {
	start, depth := n.pos, n.depth
	for {
		switch c := n.peek(); c {
		case 0:
			return n.fail("unfinished object key")
		case '{', '[':
			if depth++; depth > MaxDepth {
				return ErrTooDeep
			}
		case '}', ']':
			depth--
		case '"', '\'':
			if err := n.skipString(c); err != nil {
				return err
			}
			continue
		}
		n.pos++
		if depth == n.depth {
			break
		}
	}
	n.replace(start, n.pos, appendQuoted(nil, n.src[start:n.pos])...)
	return nil
}

// skipString passes over a string inside an object key.
func (n *normalizer) skipString(quote byte) error {
	for n.pos++; n.pos < len(n.src); n.pos++ {
		switch n.src[n.pos] {
		case '\\':
			n.pos++
		case quote:
			n.pos++
			return nil
		}
	}
	return n.fail("unfinished string")
}

// str reads a string and rewrites what the standard does not know.
func (n *normalizer) str(quote byte) error {
	if quote == '\'' {
		n.replace(n.pos, n.pos+1, '"')
	}
	for n.pos++; n.pos < len(n.src); n.pos++ {
		switch c := n.src[n.pos]; {
		case c == quote:
			if quote == '\'' {
				n.replace(n.pos, n.pos+1, '"')
			}
			n.pos++
			return nil
		case c == '\\':
			if err := n.escape(); err != nil {
				return err
			}
		case c == '"':
			n.replace(n.pos, n.pos+1, '\\', '"')
		case c < 0x20:
			n.replace(n.pos, n.pos+1, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return n.fail("unfinished string")
}

// escape checks the escape at pos and leaves pos on its last byte.
func (n *normalizer) escape() error {
	if n.pos+1 >= len(n.src) {
		return n.fail("unfinished escape")
	}
	start := n.pos
	n.pos++
	switch c := n.src[n.pos]; c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
		return n.hex(4)
	case '\'':
		n.replace(start, n.pos+1, '\'')
	case 'v':
		n.replace(start, n.pos+1, []byte(`\u000b`)...)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		n.replace(start, n.pos+1, '\\', 'u', '0', '0', '0', c)
	case 'x':
		if err := n.hex(2); err != nil {
			return err
		}
		n.replace(start, n.pos+1, '\\', 'u', '0', '0', n.src[n.pos-1], n.src[n.pos])
	default:
		return n.fail("unknown escape")
	}
	return nil
}

func (n *normalizer) hex(digits int) error {
	for ; digits > 0; digits-- {
		n.pos++
		if n.pos >= len(n.src) || unhex(n.src[n.pos]) < 0 {
			return n.fail("want a hexadecimal digit")
		}
	}
	return nil
}

// literal reads a number, true, false or null.
func (n *normalizer) literal() error {
	start := n.pos
	for n.pos < len(n.src) && isLiteral(n.src[n.pos]) {
		n.pos++
	}
	switch word := n.src[start:n.pos]; {
	case string(word) == "true" || string(word) == "false" || string(word) == "null" || isNumber(word):
		return nil
	case string(word) == "NaN":
		n.replace(start, n.pos, []byte("null")...)
		return nil
	}
	n.pos = start
	return n.fail("want a value")
}

// isNumber follows the standard's grammar: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func isNumber(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	whole := digits(b)
	if whole == 0 || whole > 1 && b[0] == '0' {
		return false
	}
	b = b[whole:]
	if len(b) > 0 && b[0] == '.' {
		frac := digits(b[1:])
		if frac == 0 {
			return false
		}
		b = b[1+frac:]
	}
	if len(b) == 0 {
		return true
	}
	return isExponent(b)
}

func isExponent(b []byte) bool {
	if b[0] != 'e' && b[0] != 'E' {
		return false
	}
	b = b[1:]
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		b = b[1:]
	}
	return len(b) > 0 && digits(b) == len(b)
}

func digits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}

func isBare(c byte) bool {
	return isAlnum(c) || c == '_' || c == '$' || c == '-' || c == '.'
}

func isLiteral(c byte) bool { return isAlnum(c) || c == '+' || c == '-' || c == '.' }

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
