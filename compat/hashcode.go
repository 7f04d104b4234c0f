package compat

import (
	"unicode/utf8"
	"unsafe"
)

// HashCode is Java's String.hashCode: s[0]*31^(n-1) + … + s[n-1] over UTF-16 code units, in wrapping 32-bit arithmetic.
// Tag filters, key indexes and order selectors depend on this exact value. Bytes that are not UTF-8 count as U+FFFD, as
// Java's decoder would have made them. It allocates nothing.
func HashCode(s string) int32 { return ContinueHash(0, unsafe.Slice(unsafe.StringData(s), len(s))) }

// HashCodeBytes is HashCode of the UTF-8 text in b.
func HashCodeBytes(b []byte) int32 { return ContinueHash(0, b) }

// ContinueHash is the HashCode of a text that begins with one whose hash is h and goes on with s.
func ContinueHash(h int32, s []byte) int32 {
	for len(s) >= 4 && (s[0]|s[1]|s[2]|s[3]) < utf8.RuneSelf { // four steps at once: they do not wait for each other
		h = h*(31*31*31*31) + int32(s[0])*(31*31*31) + int32(s[1])*(31*31) + int32(s[2])*31 + int32(s[3])
		s = s[4:]
	}
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			h = h*31 + int32(c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		i += n
		h = hashRune(h, r)
	}
	return h
}

// hashRune adds one character, as one or two UTF-16 units.
func hashRune(h int32, r rune) int32 {
	if r < 0x10000 {
		return h*31 + r
	}
	r -= 0x10000
	h = h*31 + (0xD800 + r>>10)
	return h*31 + (0xDC00 + r&0x3FF)
}
