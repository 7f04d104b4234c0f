package remoting

import "encoding/binary"

// binary reads a header in the ROCKETMQ form and notes where its values are. The remark counts as part of the shape.
func (l *lesson) binary(b []byte, c *Command) error {
	if err := decodeBinaryHeader(b, c); err != nil {
		return err
	}
	l.fixed(slotCode, 0, 2)
	l.fixed(slotLanguageCode, 2, 3)
	l.fixed(slotVersion, 3, 5)
	l.fixed(slotOpaque, 5, 9)
	l.fixed(slotFlag, 9, binaryFixed)
	at := binaryFixed + 4 + int(binary.BigEndian.Uint32(b[binaryFixed:]))
	ext := int(binary.BigEndian.Uint32(b[at:]))
	at += 4
	for end := at + ext; at < end; {
		key := int(binary.BigEndian.Uint16(b[at:]))
		at += 2 + key
		value := int(binary.BigEndian.Uint32(b[at:]))
		at += 4
		if key > 0 && value > 0 { // as decodeBinaryHeader does
			l.fixed(slotField, at, at+value)
		}
		at += value
	}
	return nil
}

func (l *lesson) fixed(kind slotKind, start, end int) {
	l.t.slots = append(l.t.slots, valueSlot{start: int32(start), end: int32(end), kind: kind})
}

// readFixed is read for the binary form: the value is as long as before.
func (s *valueSlot) readFixed(b []byte, i int, ch *slotChange) bool {
	end := i + int(s.end-s.start)
	if end > len(b) {
		return false
	}
	ch.end = int32(end)
	if s.kind.number() {
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
