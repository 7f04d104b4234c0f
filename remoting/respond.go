package remoting

import (
	"runtime/debug"
	"unsafe"

	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
)

// Body is what follows a header: Bytes, then Parts. The memory must stay valid until Respond returns.
type Body struct {
	Bytes []byte
	Parts [][]byte
	// Files holds the content of Parts as ranges of files, few and long; then the kernel may send them without a copy.
	Files []transport.FileRange
}

func (b *Body) size() int {
	n := len(b.Bytes)
	for _, p := range b.Parts {
		n += len(p)
	}
	return n
}

// Measured on the design's machine: one sendfile of 32 contiguous 1,150-byte records costs 196 ns a record, copying
// and writing 300 ns, but one sendfile per record 3,307 ns. So only long runs go that way.
const (
	sendfileMinRun   = 32 << 10 // bytes of the average run
	sendfileMaxFiles = 4        // runs in one response
)

func worthSendfile(b *Body) bool {
	if len(b.Files) == 0 || len(b.Files) > sendfileMaxFiles {
		return false
	}
	n := 0
	for _, f := range b.Files {
		n += f.Len
	}
	return n >= sendfileMinRun*len(b.Files)
}

// begin tells about a refusal and begins an answer in the output buffer; nil when nobody waits for it.
func (c *Conn) begin(r *Replier, code int32, remark string) *transport.Buffer {
	if code != wire.Success {
		c.answered(code, remark)
	}
	if r.oneway {
		return nil
	}
	return c.net.Begin()
}

// respond encodes a response behind what already waits on the connection. v points to a struct of the header type that
// info describes; both are nil for none. They come as two: as one value they would lie on the heap.
func (c *Conn) respond(r *Replier, code int32, remark string, info *wire.HeaderInfo, v unsafe.Pointer, body Body) {
	out := c.begin(r, code, remark)
	if out == nil {
		return
	}
	start, n := len(out.B), body.size()
	c.appendHead(out, r, code, remark, info, v, n)
	out.B = append(out.B, body.Bytes...)
	if len(body.Parts) == 0 {
		c.net.End(r.onLoop)
		return
	}
	if r.onLoop && worthSendfile(&body) {
		c.net.EndFiles(body.Parts, body.Files)
		return
	}
	if out.B, n = appendParts(out.B, body.Parts); n < len(body.Parts) {
		head := r.head(wire.SystemError, unreadableRemark)
		out.B = wire.AppendFrame(out.B[:start], r.form, head, wire.Header{}, 0)
	}
	c.net.End(r.onLoop)
}

// appendHead encodes an answer up to its body of n bytes.
func (c *Conn) appendHead(out *transport.Buffer, r *Replier, code int32, remark string, info *wire.HeaderInfo,
	v unsafe.Pointer, n int) {
	plain := info != nil && r.onLoop && r.form == wire.SerializeJSON && code == wire.Success && remark == ""
	if !plain || !c.loop.codec.AppendAnswer(&out.B, info, v, r.opaque, n) {
		out.B = wire.AppendFrame(out.B, r.form, r.head(code, remark), wire.Header{Info: info, Value: v}, n)
	}
}

// unreadableRemark goes with SYSTEM_ERROR when a message could not be read after all.
const unreadableRemark = "a message cannot be read: an I/O error of the disk, or its file has become shorter, " +
	"see the server's log"

// appendParts appends memory that may be mapped files, and tells how many of parts it could copy: a page that the disk
// does not give would end the process otherwise.
func appendParts(dst []byte, parts [][]byte) (out []byte, n int) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			if _, fault := v.(interface{ Addr() uintptr }); !fault {
				panic(v)
			}
		}
	}()
	out = dst
	for _, p := range parts {
		out = append(out, p...)
		n++
	}
	return out, n
}

func (c *Conn) respondFields(r *Replier, code int32, remark string, fields []wire.StringField, body []byte) {
	out := c.begin(r, code, remark)
	if out == nil {
		return
	}
	w := wire.BeginHeader(out.B, r.form, r.head(code, remark))
	for _, f := range fields {
		w.Field(f.Key, f.Value)
	}
	out.B = append(w.Finish(len(body)), body...)
	c.net.End(r.onLoop)
}

// answered tells about a refusal, if anybody wants to know.
func (c *Conn) answered(code int32, remark string) {
	if tell := c.engine.opts.Events.Answered; tell != nil {
		tell(c, code, remark)
	}
}
