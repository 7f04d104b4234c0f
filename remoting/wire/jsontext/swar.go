package jsontext

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// The lowest and the highest bit of each byte of a word.
const (
	swarOnes  = 0x0101010101010101
	swarHighs = 0x8080808080808080
)

func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// zeroBytes marks the zero bytes of x by their highest bit. The lowest mark is exact; marks above it may be false.
func zeroBytes(x uint64) uint64 { return (x - swarOnes) &^ x & swarHighs }

// quoteMarks marks quotes and backslashes; the lowest mark is exact.
func quoteMarks(x uint64) uint64 {
	return zeroBytes(x^(swarOnes*'"')) | zeroBytes(x^(swarOnes*'\\'))
}

// firstMark is the byte number of the lowest mark.
func firstMark(marks uint64) int { return bits.TrailingZeros64(marks) >> 3 }

// IndexQuote returns where the next quote or backslash in b stands, from i on; len(b) when there is none.
func IndexQuote(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if m := quoteMarks(word(b, i)); m != 0 {
			return i + firstMark(m)
		}
	}
	for ; i < len(b); i++ {
		if b[i] == '"' || b[i] == '\\' {
			return i
		}
	}
	return i
}

// CommonPrefix returns how many bytes at the head of a and b are equal.
func CommonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+16 <= n; i += 16 {
		p, q := a[i:i+16], b[i:i+16]
		if x, y := word(p, 0)^word(q, 0), word(p, 8)^word(q, 8); x|y != 0 {
			return i + firstDifference(x, y)
		}
	}
	if i+8 <= n {
		if x := word(a, i) ^ word(b, i); x != 0 {
			return i + firstMark(x)
		}
		i += 8
	}
	for ; i < n && a[i] == b[i]; i++ {
	}
	return i
}

// firstDifference is the number of the first byte that is not zero in two words; there is one.
func firstDifference(x, y uint64) int {
	if x != 0 {
		return firstMark(x)
	}
	return 8 + firstMark(y)
}

// specialMarks marks the bytes that a JSON string cannot hold as they are, or that have to be looked at: controls,
// quotes, backslashes and all beyond ASCII. The lowest mark is exact.
func specialMarks(x uint64) uint64 {
	return quoteMarks(x) | (x-swarOnes*0x20)&^x&swarHighs | x&swarHighs
}

// AppendPlain appends the head of s up to the first special byte.
func AppendPlain(dst []byte, s string) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(s))[:n+len(s)]
	return dst[:n+CopyPlain(dst[n:], s)]
}

// CopyPlain copies the head of s up to the first special byte to dst, which is as long as s, and returns how many
// bytes that is.
func CopyPlain(dst []byte, s string) int {
	i := 0
	for ; i+8 <= len(s) && i+8 <= len(dst); i += 8 {
		x := wordOf(s, i)
		binary.LittleEndian.PutUint64(dst[i:], x)
		if m := specialMarks(x); m != 0 {
			return i + firstMark(m)
		}
	}
	if last := len(s) - 8; last >= 0 && i < len(s) {
		if x := wordOf(s, last); specialMarks(x) == 0 {
			binary.LittleEndian.PutUint64(dst[last:], x) // some bytes once more, which is cheaper than one by one
			return len(s)
		}
	}
	for ; i < len(s) && plainByte(s[i]); i++ {
		dst[i] = s[i]
	}
	return i
}

// ReplacePlain copies s to dst, which is as long as s and holds plain text, unless s has a special byte. What is
// there already is not looked at.
func ReplacePlain(dst []byte, s string) bool {
	i := 0
	for ; i+8 <= len(s) && i+8 <= len(dst); i += 8 {
		if x := wordOf(s, i); x != word(dst, i) {
			if specialMarks(x) != 0 {
				return false
			}
			binary.LittleEndian.PutUint64(dst[i:], x)
		}
	}
	if i > 0 && i < len(s) { // the last word, of which a part was copied
		i = len(s) - 8
	}
	return CopyPlain(dst[i:], s[i:]) == len(s)-i
}

func plainByte(ch byte) bool { return ch >= 0x20 && ch < 0x80 && ch != '"' && ch != '\\' }

func wordOf(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
