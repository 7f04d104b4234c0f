package compat

import (
	"encoding/binary"
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
	for len(s) >= 8 {
		w := binary.LittleEndian.Uint64(s)
		if w&notASCII != 0 {
			break
		}
		w = quads(w)
		h, s = h*pow8+int32(w)*pow4+int32(w>>32), s[8:]
	}
	if len(s) >= 4 {
		if w := uint64(binary.LittleEndian.Uint32(s)); w&notASCII == 0 {
			h, s = h*pow4+int32(quads(w)), s[4:]
		}
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

const (
	notASCII = 0x8080808080808080 // a bit of each byte that no character of ASCII has
	pow4     = 31 * 31 * 31 * 31
	pow8     = pow4*pow4&(1<<32-1) - 1<<32 // 31^8, as an int32
)

// quads are the hashes of four characters of ASCII each, in 32 bits; the first character is the lowest byte. Pairs come
// first, in 16 bits each. The unique key of each message comes through here.
func quads(w uint64) uint64 {
	const odd, high = 0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF
	w = w&odd*31 + w>>8&odd
	return w&high*(31*31) + w>>16&high
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
