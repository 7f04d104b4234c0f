package wire

import (
	"encoding/binary"
	"fmt"
)

// decodeBinary reads a ROCKETMQ header: code (2 bytes), language (1), version (2), opaque (4), flag (4), remark length
// (4) and remark, extFields length (4) and fields, each name length (2), name, value length (4), value. Java:
// RocketMQSerializable.
func decodeBinary(h []byte) (Response, error) {
	c := cursor{h}
	r := Response{Code: int(int16(c.number(2))), Serialize: "ROCKETMQ"}
	r.Language = fmt.Sprint(c.number(1))
	r.Version, r.Opaque, r.Flag = int(c.number(2)), int32(c.number(4)), int(c.number(4))
	r.Remark = string(c.take(c.number(4)))
	fields := cursor{c.take(c.number(4))}
	if c.rest == nil || fields.rest == nil {
		return r, fmt.Errorf("wire: ROCKETMQ header of %d bytes cut short", len(h))
	}
	for len(fields.rest) > 0 {
		name := string(fields.take(fields.number(2)))
		value := string(fields.take(fields.number(4)))
		if fields.rest == nil {
			return r, fmt.Errorf("wire: extFields of a ROCKETMQ header cut short after %q", name)
		}
		if r.Ext == nil {
			r.Ext = map[string]string{}
		}
		r.Ext[name] = value
	}
	return r, nil
}

// cursor reads from the front of rest; nil after a read beyond the end.
type cursor struct{ rest []byte }

func (c *cursor) take(n uint64) []byte {
	if c.rest == nil || n > uint64(len(c.rest)) {
		c.rest = nil
		return nil
	}
	out := c.rest[:n:n]
	c.rest = c.rest[n:]
	return out
}

func (c *cursor) number(size uint64) uint64 {
	b := c.take(size)
	if b == nil {
		return 0
	}
	var wide [8]byte
	copy(wide[8-size:], b)
	return binary.BigEndian.Uint64(wide[:])
}
