package wire

import (
	"encoding/binary"
	"fmt"
)

// MaxFrame is the largest frame, in bytes without its length word, that is accepted or sent by default.
// Java: com.rocketmq.remoting.frameMaxLength.
const MaxFrame = 16 << 20

const (
	LengthSize = 4        // bytes of the length word at the head of a frame
	HeaderMask = 0xFFFFFF // the longest header that a frame can have, in bytes
	minFrame   = 4        // the header length word
)

// Limits of a header: its bytes by default, and its extFields. Java's own headers have below 30 fields; the longest
// value, the properties of a message, has 32 KiB, or 192 KiB as JSON at the worst.
const (
	MaxHeader = 1 << 20
	MaxFields = 1024
)

// HeaderLength is what a whole frame says about its header, in bytes.
func HeaderLength(frame []byte) int {
	return int(binary.BigEndian.Uint32(frame[LengthSize:]) & HeaderMask)
}

// HeaderTooLong is the error for a header of n bytes, more than limit, in a frame of so many bytes.
func HeaderTooLong(n, limit, frame int) error {
	reason := fmt.Sprintf("header of %d bytes is longer than the limit of %d", n, limit)
	return &FrameError{reason, int64(frame - LengthSize)}
}

// FrameError says why a frame cannot be read. The connection that sent it is closed: the position of the next frame
// is unknown.
type FrameError struct {
	Reason string
	Length int64 // the length that the peer announced, in bytes
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("bad frame: %s (announced length %d bytes)", e.Reason, e.Length)
}

// FrameLength returns the size of the whole frame at the head of b, length word included, or 0 when more bytes are
// needed to tell.
func FrameLength(b []byte, maxFrame int) (int, error) {
	if len(b) < LengthSize {
		return 0, nil
	}
	n := int64(int32(binary.BigEndian.Uint32(b)))
	if n < minFrame {
		return 0, &FrameError{"length below the minimum of 4", n}
	}
	if n > int64(maxFrame) {
		return 0, &FrameError{fmt.Sprintf("longer than the limit of %d bytes", maxFrame), n}
	}
	return LengthSize + int(n), nil
}

// Decode reads one whole frame (length word included) into c, which keeps referring to frame.
// Errors are *FrameError. Java: RemotingCommand.decode.
func Decode(frame []byte, c *Command) error {
	header, err := Open(frame, c)
	if err != nil {
		return err
	}
	return Opened(frame, c, DecodeHeader(header, c))
}

// Open empties c, reads into it what stands around the header of a whole frame, and returns the header, which is in the
// form c.Serialize. Errors are *FrameError.
func Open(frame []byte, c *Command) (header []byte, err error) {
	header, body, form, err := splitFrame(frame)
	if err != nil {
		return nil, err
	}
	c.Reset()
	c.Serialize = form
	if len(body) > 0 {
		c.Body = body
	}
	return header, nil
}

// Opened ends what Open began, after c's header was decoded with the result err: it refuses too many extFields.
// Errors are *FrameError.
func Opened(frame []byte, c *Command, err error) error {
	if err == nil && len(c.Fields) > MaxFields {
		err = fmt.Errorf("header has more than %d extFields", MaxFields)
	}
	if err != nil {
		return &FrameError{err.Error(), int64(len(frame) - LengthSize)}
	}
	return nil
}

// DecodeHeader reads a header in the form c.Serialize into c, which is empty but for that.
func DecodeHeader(b []byte, c *Command) error {
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
	n, err := FrameLength(frame, len(frame))
	if err != nil {
		return nil, nil, 0, err
	}
	if n == 0 || n != len(frame) {
		return nil, nil, 0, &FrameError{"incomplete", int64(len(frame))}
	}
	word := binary.BigEndian.Uint32(frame[LengthSize:])
	headerLen := int(word & HeaderMask)
	rest := frame[LengthSize+minFrame:]
	if headerLen > len(rest) {
		reason := fmt.Sprintf("header of %d bytes does not fit", headerLen)
		return nil, nil, 0, &FrameError{reason, int64(n - LengthSize)}
	}
	return rest[:headerLen], rest[headerLen:], SerializeType(word >> 24), nil
}

// frameStart reserves the length words of a frame at the end of dst.
func frameStart(dst []byte) []byte { return append(dst, 0, 0, 0, 0, 0, 0, 0, 0) }

// frameFinish fills the words reserved at start. The header ends at headerEnd; bodyLen bytes of body follow it, in
// dst or elsewhere.
func frameFinish(dst []byte, start, headerEnd, bodyLen int, s SerializeType) {
	headerLen := headerEnd - start - LengthSize - minFrame
	binary.BigEndian.PutUint32(dst[start:], uint32(minFrame+headerLen+bodyLen))
	binary.BigEndian.PutUint32(dst[start+LengthSize:], uint32(s)<<24|uint32(headerLen))
}
