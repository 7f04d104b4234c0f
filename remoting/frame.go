package remoting

import (
	"encoding/binary"
	"fmt"
)

// MaxFrame is the largest frame, in bytes without its length word, that is accepted or sent by default.
// Java: com.rocketmq.remoting.frameMaxLength.
const MaxFrame = 16 << 20

const (
	lengthSize    = 4
	headerLenMask = 0xFFFFFF
	minFrame      = 4 // the header length word
)

// Limits of a header: its bytes by default, and its extFields. Java's own headers have below 30 fields; the longest
// value, the properties of a message, has 32 KiB, or 192 KiB as JSON at the worst.
const (
	maxHeader = 1 << 20
	MaxFields = 1024
)

// headerLength is what a whole frame says about its header, in bytes.
func headerLength(frame []byte) int {
	return int(binary.BigEndian.Uint32(frame[lengthSize:]) & headerLenMask)
}

func headerTooLong(n, limit, frame int) error {
	return &FrameError{fmt.Sprintf("header of %d bytes is longer than the limit of %d", n, limit),
		int64(frame - lengthSize)}
}

// FrameError says why a frame cannot be read. The connection that sent it is closed: the position of the next frame is unknown.
type FrameError struct {
	Reason string
	Length int64 // the length that the peer announced, in bytes
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("bad frame: %s (announced length %d bytes)", e.Reason, e.Length)
}

// frameLength returns the size of the whole frame at the head of b, length word included, or 0 when more bytes are needed to tell.
func frameLength(b []byte, maxFrame int) (int, error) {
	if len(b) < lengthSize {
		return 0, nil
	}
	n := int64(int32(binary.BigEndian.Uint32(b)))
	if n < minFrame {
		return 0, &FrameError{"length below the minimum of 4", n}
	}
	if n > int64(maxFrame) {
		return 0, &FrameError{fmt.Sprintf("longer than the limit of %d bytes", maxFrame), n}
	}
	return lengthSize + int(n), nil
}

// Decode reads one whole frame (length word included) into c, which keeps referring to frame.
// Errors are *FrameError. Java: RemotingCommand.decode.
func Decode(frame []byte, c *Command) error {
	return decodeFrame(frame, c, nil, nil)
}

// decodeFrame is Decode by way of the templates in h, for frames of a connection that trusts them as u says. h may be nil.
func decodeFrame(frame []byte, c *Command, h *headerCache, u *trust) error {
	header, body, form, err := splitFrame(frame)
	if err != nil {
		return err
	}
	c.Reset()
	c.Serialize = form
	if h != nil && form <= SerializeBinary {
		err = h.decode(header, c, u)
	} else {
		err = decodeHeader(header, c)
	}
	if err == nil && len(c.Fields) > MaxFields {
		err = fmt.Errorf("header has more than %d extFields", MaxFields)
	}
	if err != nil {
		return &FrameError{err.Error(), int64(len(frame) - lengthSize)}
	}
	if len(body) > 0 {
		c.Body = body
	}
	return nil
}

// decodeHeader reads a header in the form c.Serialize into c.
func decodeHeader(b []byte, c *Command) error {
	switch c.Serialize {
	case SerializeJSON:
		return decodeJSONHeader(b, c)
	case SerializeBinary:
		return decodeBinaryHeader(b, c)
	}
	return fmt.Errorf("unknown header form %d", c.Serialize)
}

// splitFrame cuts a whole frame, length word included, into its parts.
func splitFrame(frame []byte) (header, body []byte, form SerializeType, err error) {
	n, err := frameLength(frame, len(frame))
	if err != nil {
		return nil, nil, 0, err
	}
	if n == 0 || n != len(frame) {
		return nil, nil, 0, &FrameError{"incomplete", int64(len(frame))}
	}
	word := binary.BigEndian.Uint32(frame[lengthSize:])
	headerLen := int(word & headerLenMask)
	rest := frame[lengthSize+minFrame:]
	if headerLen > len(rest) {
		return nil, nil, 0, &FrameError{fmt.Sprintf("header of %d bytes does not fit", headerLen), int64(n - lengthSize)}
	}
	return rest[:headerLen], rest[headerLen:], SerializeType(word >> 24), nil
}

// frameStart reserves the length words of a frame at the end of dst.
func frameStart(dst []byte) []byte { return append(dst, 0, 0, 0, 0, 0, 0, 0, 0) }

// frameFinish fills the words reserved at start. The header ends at headerEnd; bodyLen bytes of body follow it, in dst or elsewhere.
func frameFinish(dst []byte, start, headerEnd, bodyLen int, s SerializeType) {
	headerLen := headerEnd - start - lengthSize - minFrame
	binary.BigEndian.PutUint32(dst[start:], uint32(minFrame+headerLen+bodyLen))
	binary.BigEndian.PutUint32(dst[start+lengthSize:], uint32(s)<<24|uint32(headerLen))
}
