// Package template is the fast form of package wire's codecs, for one event loop: a client library writes the headers
// of one request code alike, and a server its answers, so the last header of each shape is kept and only the values
// that differ from it are read or written again. The bytes and what they mean are wire's; a fuzz target compares the
// two ways.
package template

import (
	"unsafe"

	"gorocket/remoting/wire"
)

// Codec reads requests and writes answers by way of the templates of one event loop. It is a concrete type: its two
// calls for each message are direct ones. The zero value knows no template yet. Event loop only.
type Codec struct {
	requests requestCache
	answers  answerCache
}

// Decode is wire.Decode for a frame of the connection that b belongs to. What it gives to c lives until the next frame
// is decoded. Errors are *wire.FrameError.
func (k *Codec) Decode(frame []byte, c *wire.Command, b *Backoff) error {
	header, err := wire.Open(frame, c)
	if err != nil {
		return err
	}
	return wire.Opened(frame, c, k.requests.decode(header, c, b))
}

// AppendAnswer appends a successful answer without a remark in the JSON form, but for the bodyLen bytes of its body;
// false when it has to be written by wire.AppendFrame. v points to a struct of the header type that info describes.
func (k *Codec) AppendAnswer(out *[]byte, info *wire.HeaderInfo, v unsafe.Pointer, opaque int32, bodyLen int) bool {
	return k.answers.append(out, info, v, opaque, bodyLen)
}
