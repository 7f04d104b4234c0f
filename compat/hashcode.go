package compat

import (
	"unicode/utf16"
	"unicode/utf8"
)

// HashCode is Java's String.hashCode: s[0]*31^(n-1) + … + s[n-1] over UTF-16 code units, in wrapping 32-bit arithmetic.
// Tag filters, key indexes and order selectors depend on this exact value. It allocates nothing.
func HashCode(s string) int32 {
	var h int32
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return hashUnits(h, s[i:])
		}
		h = 31*h + int32(s[i])
	}
	return h
}

// HashCodeBytes is HashCode of the UTF-8 text in b. It allocates nothing for ASCII.
func HashCodeBytes(b []byte) int32 {
	var h int32
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return hashUnits(h, string(b[i:]))
		}
		h = 31*h + int32(c)
	}
	return h
}

// hashUnits continues the hash h over s, which may hold any text. Bytes that are no UTF-8 count as U+FFFD,
// as they do when Java decodes them.
func hashUnits(h int32, s string) int32 {
	for _, r := range s {
		if r1, r2 := utf16.EncodeRune(r); r1 != utf8.RuneError {
			h = 31*(31*h+r1) + r2
			continue
		}
		h = 31*h + r
	}
	return h
}
