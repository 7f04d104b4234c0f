package compat

import "encoding/binary"

// hexPairs holds the two upper-case digits of each byte. Immutable.
var hexPairs = func() (pairs [256][2]byte) {
	const digits = "0123456789ABCDEF"
	for b := range pairs {
		pairs[b] = [2]byte{digits[b>>4], digits[b&15]}
	}
	return pairs
}()

// AppendHex appends two upper-case digits for each byte, as ids have them (Java UtilAll.bytes2string).
func AppendHex(dst, raw []byte) []byte {
	for _, b := range raw {
		dst = append(dst, hexPairs[b][:]...)
	}
	return dst
}

// PutHex64 writes the 16 upper-case digits of v.
func PutHex64(dst []byte, v uint64) {
	_ = dst[15]
	binary.BigEndian.PutUint64(dst, eightDigits(uint32(v>>32)))
	binary.BigEndian.PutUint64(dst[8:], eightDigits(uint32(v)))
}

// eightDigits returns the eight digits of v, the first one in the highest byte.
func eightDigits(v uint32) uint64 {
	const ones = 0x0101010101010101
	x := uint64(v)
	x = (x<<16 | x) & 0x0000FFFF0000FFFF
	x = (x<<8 | x) & 0x00FF00FF00FF00FF
	x = (x<<4 | x) & 0x0F0F0F0F0F0F0F0F // a nibble in each byte
	letters := (x + 6*ones) >> 4 & ones // where it is more than 9
	return x + '0'*ones + letters*('A'-'0'-10)
}
