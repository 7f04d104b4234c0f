package bench

import (
	"bytes"
	"fmt"

	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
)

// signing is as whom a load signs its requests; nil: it does not.
type signing struct {
	signer *auth.Signer
	key    *auth.Key
}

func newSigning(c *auth.Credentials) *signing {
	if c == nil {
		return nil
	}
	return &signing{auth.NewSigner(*c), auth.NewKey(c.SecretKey)}
}

// appendRequest is wire.AppendRequest of a request that s signs.
func appendRequest[T any](s *signing, form wire.SerializeType, code int32, h *wire.HeaderType[T], v *T,
	body []byte) []byte {
	if s == nil {
		return wire.AppendRequest(nil, form, code, opaqueBase, h, v, body)
	}
	header := h.Of(v)
	w := wire.BeginHeader(nil, form, wire.Head{Code: code, Opaque: opaqueBase})
	w.Header(header)
	for _, f := range s.signer.Sign(header.Fields(), body) {
		w.Field(f.Key, f.Value)
	}
	return append(w.Finish(len(body)), body...)
}

// resigner signs a request again whose fields or body change in place.
type resigner struct {
	key      *auth.Key
	fields   []wire.Field // with values of its own
	at, body int          // where the signature and the body stand in the frame
	changing [][]byte     // parts of values, for the owner to write
}

// signatureLen is the length of a signature in a frame.
const signatureLen = 28

// newResigner finds in a signed frame what resigner needs; changing finds the parts of a value that change.
func (s *signing) newResigner(frame []byte, changing func(value []byte) [][]byte) (*resigner, error) {
	if s == nil {
		return nil, nil
	}
	var cmd wire.Command
	if err := wire.Decode(frame, &cmd); err != nil {
		return nil, err
	}
	r := &resigner{key: s.key, body: len(frame) - len(cmd.Body)}
	if r.at = bytes.Index(frame, []byte(cmd.GetString(auth.FieldSignature))); r.at < 0 {
		return nil, fmt.Errorf("no signature in the encoded request") // cannot be: our own writer
	}
	for _, f := range cmd.Fields {
		value := bytes.Clone(f.Value)
		r.fields = append(r.fields, wire.Field{Key: bytes.Clone(f.Key), Value: value})
		r.changing = append(r.changing, changing(value)...)
	}
	return r, nil
}

// keysIn are the counters of the unique keys in a value that begin with prefix.
func keysIn(value []byte, prefix string) (all [][]byte) {
	for from := 0; prefix != ""; {
		i := bytes.Index(value[from:], []byte(prefix))
		if i < 0 {
			break
		}
		from += i + len(prefix)
		all = append(all, value[from:from+keyDigits])
	}
	return all
}

// sign replaces the signature of a frame by the right one.
func (r *resigner) sign(frame []byte) {
	copy(frame[r.at:r.at+signatureLen], r.key.Sign(r.fields, frame[r.body:]))
}
