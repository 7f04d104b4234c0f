package record

import "bytes"

// Separators of the text form of message properties: name \x01 value \x02 name \x01 value \x02 (Java MessageDecoder).
const (
	PropNameEnd  = 1
	PropValueEnd = 2
	// MaxPropertiesLength is the longest text form a record can carry (signed int16).
	MaxPropertiesLength = 32767
)

// NextProperty returns the first valid property of text and what follows it; ok is false at the end. Segments that
// Java's string2messageProperties drops (shorter than three characters, empty name or value) are skipped; a missing
// last \x02 is accepted.
func NextProperty(text []byte) (name, value, rest []byte, ok bool) {
	for len(text) > 0 {
		seg := text
		if i := bytes.IndexByte(text, PropValueEnd); i >= 0 {
			seg, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		i := bytes.IndexByte(seg, PropNameEnd)
		if i > 0 && i+1 < len(seg) {
			return seg[:i], seg[i+1:], text, true
		}
	}
	return nil, nil, nil, false
}

// Property looks a property up in the text form without building a map. Later duplicates win, as in Java.
func Property(text []byte, name string) (value []byte, ok bool) {
	for {
		n, v, rest, more := NextProperty(text)
		if !more {
			return value, ok
		}
		if string(n) == name {
			value, ok = v, true
		}
		text = rest
	}
}

// AppendProperty appends one property to dst, inserting the separator that older clients leave out at the end of dst.
func AppendProperty(dst []byte, name, value string) []byte {
	dst = closeProperties(dst)
	dst = append(dst, name...)
	dst = append(dst, PropNameEnd)
	dst = append(dst, value...)
	return append(dst, PropValueEnd)
}

// JoinProperties appends text to dst with a separator between them where one is missing.
func JoinProperties(dst, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	return append(closeProperties(dst), text...)
}

func closeProperties(dst []byte) []byte {
	if n := len(dst); n > 0 && dst[n-1] != PropValueEnd {
		dst = append(dst, PropValueEnd)
	}
	return dst
}

// DeleteProperty appends text to dst without the properties called name. Everything else stays in order.
func DeleteProperty(dst, text []byte, name string) []byte {
	for {
		n, v, rest, ok := NextProperty(text)
		if !ok {
			return dst
		}
		if string(n) != name {
			dst = append(append(append(append(dst, n...), PropNameEnd), v...), PropValueEnd)
		}
		text = rest
	}
}

// SetProperty appends text to dst with name set to value (at the end).
func SetProperty(dst, text []byte, name, value string) []byte {
	return AppendProperty(DeleteProperty(dst, text, name), name, value)
}

// NextKey splits the KEYS property (words separated by single spaces, Java MessageConst.KEY_SEPARATOR); empty words are
// skipped.
func NextKey(keys []byte) (key, rest []byte, ok bool) {
	for len(keys) > 0 {
		key, rest = keys, nil
		if i := bytes.IndexByte(keys, ' '); i >= 0 {
			key, rest = keys[:i], keys[i+1:]
		}
		if len(key) > 0 {
			return key, rest, true
		}
		keys = rest
	}
	return nil, nil, false
}
