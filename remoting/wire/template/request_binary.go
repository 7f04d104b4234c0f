package template

import "encoding/binary"

// readFixed is read for the binary form: the value is as long as before.
func (s *valueSlot) readFixed(b []byte, i int, ch *slotChange) bool {
	end := i + int(s.end-s.start)
	if end > len(b) {
		return false
	}
	ch.end = int32(end)
	if s.kind.Number() {
		ch.number = fixedNumber(b[i:end])
	}
	return true
}

// fixedNumber reads an unsigned byte or a signed number of two or four bytes.
func fixedNumber(b []byte) int32 {
	switch len(b) {
	case 1:
		return int32(b[0])
	case 2:
		return int32(int16(binary.BigEndian.Uint16(b)))
	}
	return int32(binary.BigEndian.Uint32(b))
}
