package record

import (
	"bytes"

	"github.com/klauspost/crc32"
)

// The property CRC of enabledAppendPropCRC: the last 20 bytes of the properties are `__CRC32#` \x01, ten decimal digits
// with the least significant first, \x02. It covers the record before these 20 bytes (Java MessageDecoder.createCrc32,
// CommitLog).
const (
	propCRCHead = PropCRC + "\x01"
	// PropCRCLen is the size of the CRC property, in bytes.
	PropCRCLen = len(propCRCHead) + 10 + 1
)

// PutPropCRC fills the last PropCRCLen bytes of a record.
func PutPropCRC(rec []byte) {
	n := len(rec) - PropCRCLen
	crc := crc32.ChecksumIEEE(rec[:n]) & 0x7FFFFFFF
	n += copy(rec[n:], propCRCHead)
	for i := 0; i < 10; i++ {
		rec[n+i] = byte('0' + crc%10)
		crc /= 10
	}
	rec[n+10] = PropValueEnd
}

// ReadPropCRC returns the property CRC stored in a record and the one computed; ok is false when it carries none.
func ReadPropCRC(rec []byte) (stored, computed uint32, ok bool) {
	n := len(rec) - PropCRCLen
	if n < MinSize-2 || !HasPropCRC(rec) {
		return 0, 0, false
	}
	digits := rec[n+len(propCRCHead) : len(rec)-1]
	var v uint64
	for i := 9; i >= 0; i-- {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, 0, false
		}
		v = v*10 + uint64(digits[i]-'0')
	}
	return uint32(v), crc32.ChecksumIEEE(rec[:n]) & 0x7FFFFFFF, v <= 1<<32-1
}

// HasPropCRC tells that b, a record or properties of at least PropCRCLen bytes, ends as a property CRC does.
func HasPropCRC(b []byte) bool { return bytes.HasPrefix(b[len(b)-PropCRCLen:], []byte(propCRCHead)) }

// NeedsCRC tells properties that get a CRC in any case: those with zeros, which could be taken for what a crash leaves,
// and those that end like a CRC property already.
func NeedsCRC(properties []byte) bool {
	return bytes.IndexByte(properties, 0) >= 0 || len(properties) >= PropCRCLen && HasPropCRC(properties)
}
