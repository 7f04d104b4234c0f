package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"gorocket/remoting/wire"
)

// opaqueBase is added to a slot's number: opaques always have ten digits, so they can be replaced in place and found
// again.
const (
	opaqueBase   = 1_000_000_000
	opaqueDigits = 10
)

const (
	lengthWord = 4 // bytes of the word that counts the rest of a frame
	frameHead  = 8 // with the header length word
	binaryHead = 13
)

// answer is one answer. body lies in the inbound buffer and dies with the next read.
type answer struct {
	code   int32
	opaque int32
	remark string
	body   []byte
	cmd    *wire.Command // decoded header; nil when the frame was the usual OK answer
}

// frameSize returns the size in bytes of the whole frame at the head of b, 0 when b is too short to tell.
func frameSize(b []byte) (int, error) {
	if len(b) < lengthWord {
		return 0, nil
	}
	n := int64(int32(binary.BigEndian.Uint32(b)))
	if n < lengthWord || n > wire.MaxFrame {
		return 0, fmt.Errorf("not a RocketMQ frame: length %d is outside of 4..%d", n, wire.MaxFrame)
	}
	return lengthWord + int(n), nil
}

// parser reads the answers of one connection. The usual OK answer is recognised by its first and last bytes; everything
// else is decoded.
type parser struct {
	full bool // every header is decoded: its fields matter
	tail int  // JSON: how far before the header's end the opaque stands in OK answers; 0: not seen yet
	cmd  wire.Command
}

var (
	okPrefix  = []byte(`{"code":0,`)
	opaqueKey = []byte(`"opaque":`)
)

// parse reads a whole frame into a. It returns false for a request of the server's, which a load does not answer.
func (p *parser) parse(frame []byte, a *answer) (bool, error) {
	if len(frame) < frameHead {
		return false, fmt.Errorf("not a RocketMQ frame: %d bytes have no header", len(frame))
	}
	word := binary.BigEndian.Uint32(frame[lengthWord:])
	end := frameHead + int(word&0xFFFFFF)
	if end > len(frame) {
		return false, fmt.Errorf("not a RocketMQ frame: a header of %d bytes in a frame of %d", end-frameHead, len(frame))
	}
	h := frame[frameHead:end]
	a.body = frame[end:]
	usual := false
	if p.full {
		return p.decode(frame, h, a)
	}
	if wire.SerializeType(word>>24) == wire.SerializeJSON {
		usual = p.usualJSON(h, a)
	} else {
		usual = usualBinary(h, a)
	}
	if usual {
		a.code, a.remark, a.cmd = wire.Success, "", nil
		return true, nil
	}
	return p.decode(frame, h, a)
}

// usualJSON recognises {"code":0, ... "opaque":NNNNNNNNNN ...} with the opaque where the last OK answer had it. The key
// cannot stand inside of a string: its quotes would be escaped there.
func (p *parser) usualJSON(h []byte, a *answer) bool {
	at := len(h) - p.tail
	if p.tail == 0 || at < len(okPrefix)+len(opaqueKey) || !bytes.Equal(h[:len(okPrefix)], okPrefix) ||
		!bytes.Equal(h[at-len(opaqueKey):at], opaqueKey) {
		return false
	}
	n, ok := tenDigits(h[at:])
	a.opaque = n
	return ok
}

// tenDigits reads the number at the head of b if it has exactly ten digits and fits.
func tenDigits(b []byte) (int32, bool) {
	if len(b) <= opaqueDigits || b[opaqueDigits]-'0' < 10 {
		return 0, false
	}
	var n int64
	for _, ch := range b[:opaqueDigits] {
		d := ch - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int64(d)
	}
	return int32(n), n>>31 == 0
}

// usualBinary recognises code 0 in a ROCKETMQ header: int16 code | int8 language | int16 version | int32 opaque | int32
// flag.
func usualBinary(h []byte, a *answer) bool {
	if len(h) < binaryHead || h[0] != 0 || h[1] != 0 || h[12]&wire.FlagResponse == 0 {
		return false
	}
	a.opaque = int32(binary.BigEndian.Uint32(h[5:]))
	return true
}

// decode reads any answer and learns from OK ones.
func (p *parser) decode(frame, h []byte, a *answer) (bool, error) {
	if err := wire.Decode(frame, &p.cmd); err != nil {
		return false, err
	}
	c := &p.cmd
	if !c.IsResponse() {
		return false, nil
	}
	if c.Code == wire.Success && c.Serialize == wire.SerializeJSON {
		if at := bytes.LastIndex(h, opaqueKey); at >= 0 {
			p.tail = len(h) - at - len(opaqueKey)
		}
	}
	a.code, a.opaque, a.remark, a.cmd, a.body = c.Code, c.Opaque, c.Remark, c, c.Body
	return true, nil
}
