package wire

import (
	"encoding/binary"
	"errors"
)

// binaryFixed is the size of the ROCKETMQ header before the remark: int16 code | int8 language | int16 version |
// int32 opaque | int32 flag.
const binaryFixed = 2 + 1 + 2 + 4 + 4

var errBinary = errors.New("ROCKETMQ header is malformed")

// decodeBinaryHeader reads the ROCKETMQ header form. A zero-length value is absent, as in Java
// (RocketMQSerializable.rocketMQProtocolDecode).
func decodeBinaryHeader(b []byte, c *Command) error {
	if len(b) < binaryFixed {
		return errBinary
	}
	c.Code = int32(int16(binary.BigEndian.Uint16(b)))
	c.Language = Language(b[2])
	c.Version = int32(int16(binary.BigEndian.Uint16(b[3:])))
	c.Opaque = int32(binary.BigEndian.Uint32(b[5:]))
	c.Flag = int32(binary.BigEndian.Uint32(b[9:]))
	remark, b, ok := cut32(b[binaryFixed:])
	if !ok {
		return errBinary
	}
	c.Remark = string(remark)
	ext, _, ok := cut32(b)
	if !ok {
		return errBinary
	}
	for len(ext) > 0 {
		var key, value []byte
		if key, ext, ok = cut16(ext); !ok {
			return errBinary
		}
		if value, ext, ok = cut32(ext); !ok {
			return errBinary
		}
		if len(key) > 0 && len(value) > 0 {
			c.add(key, value)
		}
	}
	return nil
}

// cut32 splits off a string with an int32 length word.
func cut32(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// cut16 splits off a string with an int16 length word.
func cut16(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > len(b)-2 {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}
