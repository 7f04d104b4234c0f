// Package wire is a second, independent writer and reader of RocketMQ frames for tests. It shares no code with the
// product on purpose: a mistake in the product's codec must not cancel itself out here.
//
// A frame is: total length (4 bytes, big endian, not counting itself), header length word (top byte: serialize type,
// 0 = JSON, 1 = ROCKETMQ; lower 24 bits: length), header, body. Java: remoting/protocol/RemotingCommand.java.
package wire

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// MaxFrame is the largest frame, in bytes without the length word, that Read accepts; Java's limit.
const MaxFrame = 16 << 20

// Request is one outgoing command in JSON form. Zero fields take the values a Java 5.5.0 client sends.
type Request struct {
	Code     int
	Language string         // default "JAVA"
	Version  int            // MQVersion ordinal, default 513 (5.5.0)
	Flag     int            // bit 0 response, bit 1 one-way
	Ext      map[string]any // values may be of any JSON type: bad input is the point
	NoExt    bool           // leave extFields out altogether
	Body     []byte
}

// Response is one received command.
type Response struct {
	Code      int               `json:"code"`
	Flag      int               `json:"flag"`
	Language  string            `json:"language"`
	Opaque    int32             `json:"opaque"`
	Remark    string            `json:"remark"`
	Version   int               `json:"version"`
	Serialize string            `json:"serializeTypeCurrentRPC"`
	Ext       map[string]string `json:"extFields"`
	Body      []byte            `json:"-"`
}

// IsResponse tells answers from requests that the server started.
func (r Response) IsResponse() bool { return r.Flag&1 == 1 }

// Encode writes the frame of r with the given opaque.
func Encode(r Request, opaque int32) ([]byte, error) {
	head := map[string]any{
		"code": r.Code, "flag": r.Flag, "opaque": opaque,
		"language": or(r.Language, "JAVA"), "version": orInt(r.Version, 513),
		"serializeTypeCurrentRPC": "JSON",
	}
	if !r.NoExt {
		head["extFields"] = orMap(r.Ext)
	}
	text, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("wire: header of code %d: %w", r.Code, err)
	}
	return Frame(text, r.Body), nil
}

// Frame joins a JSON header text and a body, whatever they contain.
func Frame(header, body []byte) []byte {
	out := make([]byte, 8, 8+len(header)+len(body))
	binary.BigEndian.PutUint32(out, uint32(4+len(header)+len(body)))
	binary.BigEndian.PutUint32(out[4:], uint32(len(header)))
	return append(append(out, header...), body...)
}

// ReadRaw reads one whole frame, length word included.
func ReadRaw(in io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > MaxFrame {
		return nil, fmt.Errorf("wire: frame length %d outside 4..%d", n, MaxFrame)
	}
	out := make([]byte, 4+n)
	copy(out, size[:])
	if _, err := io.ReadFull(in, out[4:]); err != nil {
		return nil, fmt.Errorf("wire: frame of %d bytes cut short: %w", n, err)
	}
	return out, nil
}

// Split returns the serialize type, the header and the body of a whole frame.
func Split(frame []byte) (kind byte, header, body []byte, err error) {
	if len(frame) < 8 {
		return 0, nil, nil, fmt.Errorf("wire: frame of %d bytes has no header word", len(frame))
	}
	word := binary.BigEndian.Uint32(frame[4:])
	end := 8 + int(word&0xffffff)
	if end > len(frame) {
		return 0, nil, nil, fmt.Errorf("wire: header length %d in a frame of %d bytes", word&0xffffff, len(frame))
	}
	return byte(word >> 24), frame[8:end], frame[end:], nil
}

// Decode parses a whole frame with a JSON or ROCKETMQ header.
func Decode(frame []byte) (Response, error) {
	var r Response
	kind, header, body, err := Split(frame)
	if err != nil {
		return r, err
	}
	if kind == 1 {
		r, err = decodeBinary(header)
		r.Body = body
		return r, err
	}
	if kind != 0 {
		return r, fmt.Errorf("wire: serialize type %d, want JSON or ROCKETMQ", kind)
	}
	if err := json.Unmarshal(header, &r); err != nil {
		return r, fmt.Errorf("wire: header %.200q: %w", header, err)
	}
	r.Body = body
	return r, nil
}

func or(v, def string) string {
	if v == "" {
		return def
	}
	return v
}

func orInt(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

func orMap(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
