package wire

import "encoding/binary"

// ValueKind says what a value of a header is.
type ValueKind uint8

// The values that an Observer is told about. Members with other names have none.
const (
	ValueNone ValueKind = iota
	ValueCode
	ValueVersion
	ValueOpaque
	ValueFlag
	ValueLanguageCode // binary form
	ValueLanguage     // JSON form
	ValueRemark       // JSON form; the binary one has it before the values that an Observer sees
	ValueField        // of extFields
)

// Number tells whether the value is a number in both forms.
func (k ValueKind) Number() bool { return k >= ValueCode && k <= ValueLanguageCode }

// Observer is told where the values of a header stand while it is decoded: each one of a known kind, in the order of
// the header. JSON values are b[start:end] with their quotes.
type Observer interface {
	Value(kind ValueKind, b []byte, start, end int)
}

// Observe is DecodeHeader with an observer.
func Observe(b []byte, c *Command, o Observer) error {
	if c.Serialize != SerializeBinary {
		p := jsonScanner{b: b, c: c, observer: o}
		return p.header()
	}
	if err := decodeBinaryHeader(b, c); err != nil {
		return err
	}
	observeBinary(b, o)
	return nil
}

// observeBinary goes through a header that has been decoded without an error.
func observeBinary(b []byte, o Observer) {
	o.Value(ValueCode, b, 0, 2)
	o.Value(ValueLanguageCode, b, 2, 3)
	o.Value(ValueVersion, b, 3, 5)
	o.Value(ValueOpaque, b, 5, 9)
	o.Value(ValueFlag, b, 9, binaryFixed)
	at := binaryFixed + 4 + int(binary.BigEndian.Uint32(b[binaryFixed:]))
	ext := int(binary.BigEndian.Uint32(b[at:]))
	at += 4
	for end := at + ext; at < end; {
		key := int(binary.BigEndian.Uint16(b[at:]))
		at += 2 + key
		value := int(binary.BigEndian.Uint32(b[at:]))
		at += 4
		if key > 0 && value > 0 { // as decodeBinaryHeader does
			o.Value(ValueField, b, at, at+value)
		}
		at += value
	}
}
