package store

import (
	"bytes"
	"hash/crc32"
)

// The property CRC of enabledAppendPropCRC: the last 20 bytes of the properties are `__CRC32#` \x01, ten decimal digits with the
// least significant first, \x02. It covers the record before these 20 bytes (Java MessageDecoder.createCrc32, CommitLog).
const (
	crcPropName = "__CRC32#\x01"
	crcPropLen  = len(crcPropName) + 10 + 1
)

// sealPropCRC fills the last crcPropLen bytes of the record b.
func sealPropCRC(b []byte) {
	n := len(b) - crcPropLen
	crc := crc32.ChecksumIEEE(b[:n]) & 0x7FFFFFFF
	n += copy(b[n:], crcPropName)
	for i := 0; i < 10; i++ {
		b[n+i] = byte('0' + crc%10)
		crc /= 10
	}
	b[n+10] = propValueEnd
}

// propCRC returns the CRC stored in b and the one computed; ok is false when b carries none.
func propCRC(b []byte) (stored, computed uint32, ok bool) {
	n := len(b) - crcPropLen
	if n < minRecord-2 || !hasPropCRC(b) {
		return 0, 0, false
	}
	digits := b[n+len(crcPropName) : len(b)-1]
	var v uint64
	for i := 9; i >= 0; i-- {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, 0, false
		}
		v = v*10 + uint64(digits[i]-'0')
	}
	return uint32(v), crc32.ChecksumIEEE(b[:n]) & 0x7FFFFFFF, v <= 1<<32-1
}

// hasPropCRC tells that b, of at least crcPropLen bytes, ends as a property CRC does.
func hasPropCRC(b []byte) bool { return bytes.HasPrefix(b[len(b)-crcPropLen:], []byte(crcPropName)) }
